"""The glossary of the app (ui/glossary.yaml): the pages show a term's meaning on hover, the docs show all of it.

Another language has its terms, with what is said of them, in the same order in ui/words/LANGUAGE/glossary.yaml.
"""

import json
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import yaml

from ui.words.languages import ENGLISH
from ui.words.speaking import language

UI = Path(__file__).resolve().parents[1]


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
def terms(spoken: str = ENGLISH) -> tuple[Term, ...]:
    """Return all terms in a language, in the order of the file; page and labels are those of the English file."""
    entries = yaml.safe_load((UI / "glossary.yaml").read_text("utf-8"))
    found = tuple(Term(**{**entry, "labels": tuple(entry.get("labels", ()))}) for entry in entries)
    if spoken == ENGLISH:
        return found
    said = yaml.safe_load((UI / "words" / spoken / "glossary.yaml").read_text("utf-8"))
    return tuple(replace(one, **entry) for one, entry in zip(found, said, strict=True))


@cache
def meanings(spoken: str) -> dict[str, str]:
    """Return what is shown on hover in a language for every English term and every label of one."""
    pairs = zip(terms(), terms(spoken), strict=True)
    return {name: f"{said.hover} ({said.term})" for one, said in pairs for name in (one.term, *one.labels)}


def meaning(label: str) -> str | None:
    """Return a term's meaning for a widget's `help`, in the reader's language; None for words that are no term.

    The label is the English one.
    """
    return meanings(language()).get(label)


@cache
def script(spoken: str) -> str:
    """Return the script by which the page's components find the meanings in a language (ui/js/explain.js)."""
    found = json.dumps(meanings(spoken)).replace("<", "\\u003c")
    return f"<script>window.__latentGlossary = {found};</script>\n"


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
