"""The glossary of the app (ui/glossary.yaml): the pages show a term's meaning on hover, the docs show all of it."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

FILE = Path(__file__).resolve().parents[1] / "glossary.yaml"


@dataclass(frozen=True)
class Term:
    """A term: what a student sees on hover, the formula for experts, the page where it is at work, where the app's use
    differs from the field's, and the words on the pages that get its meaning."""

    term: str
    section: str
    hover: str
    expert: str
    page: str
    note: str = ""
    labels: tuple[str, ...] = ()


@cache
def terms() -> tuple[Term, ...]:
    """Return all terms, in the order of the file."""
    entries = yaml.safe_load(FILE.read_text("utf-8"))
    return tuple(Term(**{**entry, "labels": tuple(entry.get("labels", ()))}) for entry in entries)


@cache
def meanings() -> dict[str, str]:
    """Return what is shown on hover for every term and every label of one."""
    return {name: f"{one.hover} ({one.term})" for one in terms() for name in (one.term, *one.labels)}


def meaning(label: str) -> str | None:
    """Return a term's meaning for a widget's `help`, None for words that are not in the glossary."""
    return meanings().get(label)


def script() -> str:
    """Return the script by which the page's components find the meanings (ui/js/explain.js)."""
    return f"<script>window.__latentGlossary = {json.dumps(meanings()).replace('<', chr(92) + 'u003c')};</script>\n"


def markdown() -> str:
    """Return docs/glossary.md: all terms with their formulas."""
    parts = [
        "# Glossary",
        "The pages show the first sentences when the pointer rests on a term. The formula and the page where the term "
        "is at work follow. Notation: $x$ data, $z$ latent, $p(z)$ prior, $p_\\theta(x|z)$ decoder, $q_\\phi(z|x)$ "
        "encoder, $q(z)$ aggregate posterior, $N$ images, $d$ latent and $D$ data dimensions.",
    ]
    section = ""
    for one in terms():
        if one.section != section:
            section = one.section
            parts.append(f"## {section}")
        note = f"\n\n*In this app:* {one.note}" if one.note else ""
        parts.append(f"### {one.term}\n\n{one.hover}\n\n{one.expert}\n\n*Page:* {one.page.capitalize()}{note}")
    return "\n\n".join(parts) + "\n"
