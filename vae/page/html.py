"""One file of HTML that opens from disk: a model's map with live decoding, samples, traversals and its diagnosis.

No request leaves it. Its policy allows the one script in it by the script's hash, and no connection at all.
"""

import base64
import hashlib
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

import numpy as np

from vae.geometry.plane import Ground
from vae.page import scripts
from vae.page.content import Content, content
from vae.page.sentences import facts, map_note, prior_note
from vae.page.vectors import described
from vae.page.verdicts import Judgement
from vae.runs import Run

LARGEST = 1_500_000  # bytes of a page, unless told otherwise: what a mail takes, and a phone opens at once
POLICY = (
    "default-src 'none'; script-src '{script}' 'wasm-unsafe-eval'; style-src '{style}'; "
    "connect-src 'none'; form-action 'none'; base-uri 'none'"
)


@dataclass(frozen=True)
class Page:
    """A page as text, and what is in it: codes, images, and whether it decodes live or from an atlas."""

    html: str
    codes: int
    images: int
    live: bool


@dataclass(frozen=True)
class Section:
    """A part of the page below the map: its title, and its HTML, which is trusted."""

    title: str
    html: str
    key: str = field(default="")


def page(
    run: Run,
    *,
    title: str = "",
    plane: Ground | None = None,
    images: np.ndarray | None = None,
    draws: np.ndarray | None = None,
    label: int | None = None,
    judgement: Judgement | None = None,
    more: Sequence[Section] = (),
    largest: int = LARGEST,
) -> Page:
    """Return a run's page, self-contained; as many images are in it as fit into `largest` bytes.

    `title` is its heading (default: the run's title). `plane`, `images`, `draws` and `label` are as in
    `content.content`; `judgement` is the diagnosis, `more` are further sections, such as those of a report. Raises
    RunError.
    """
    script = scripts.source("page/page.js")
    style = scripts.text("page/page.css")
    rest = len(script.encode()) + len(style.encode()) + sum(len(s.html.encode()) for s in more) + 40_000
    # base64 takes four bytes for three
    found = content(run, plane=plane, images=images, draws=draws, label=label, room=max(0, (largest - rest) * 3 // 4))
    sections = [*_own(run, draws, found), *([_diagnosis(judgement)] if judgement is not None else []), *more]
    data = base64.b64encode(zlib.compress(found.packet, 9)).decode()
    policy = POLICY.format(script=_hash(script), style=_hash(style))
    heading = escape(title or run.title)
    lines = [
        "<!doctype html>",
        '<html lang="en">',
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="color-scheme" content="light dark">',
        f"<title>{heading}</title>",
        f"<style>{style}</style>",
        f"<header><h1>{heading}</h1><p>{escape(facts(run))}</p></header>",
        f"<main>{_map(run, plane, label, found)}{''.join(map(_section, sections))}</main>",
        f"<footer>{escape(_footer(run, found))}</footer>",
        f'<script type="text/plain" id="model">{data}</script>',
        f'<script type="module">{script}</script>',
    ]
    return Page("\n".join(lines) + "\n", found.codes, found.images, found.live)


def _hash(text: str) -> str:
    """Return a text's hash as a content security policy names it."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _map(run: Run, plane: Ground | None, label: int | None, found: Content) -> str:
    note = map_note(run, plane, label, found.live)
    return (
        '<section class="explore" aria-label="Map of the codes"><div><div id="map"></div>'
        f'{_note(note) if note else ""}</div><div><div id="card"></div><div id="near"></div></div></section>'
    )


def _own(run: Run, draws: np.ndarray | None, found: Content) -> list[Section]:
    """Return the sections that every page has."""
    refused = "" if found.live or run.spec.latent <= 2 else _note(ELSEWHERE)
    without = _note(prior_note(run)) if not run.spec.probabilistic else ""
    if run.spec.probabilistic and not run.spec.standard_prior and draws is None:
        without = _note(prior_note(run))
    return [
        Section("Samples from the prior", without or refused or '<div id="samples"></div>'),
        Section("Traversals", refused or '<div id="traversals"></div>'),
    ]


ELSEWHERE = (
    "The browser cannot run this decoder, and the images in this page were decoded on the map's plane only; other "
    "points cannot be decoded here."
)


def _note(text: str) -> str:
    return f'<p class="note">{escape(text)}</p>'


def _section(section: Section) -> str:
    key = f' class="{escape(section.key)}"' if section.key else ""
    return f"<section{key}><h2>{escape(section.title)}</h2>{section.html}</section>"


def _diagnosis(judgement: Judgement) -> Section:
    cards = "".join(
        f'<article data-result="{escape(card.word)}"><h3>{escape(card.title)} <span>{escape(card.word)}</span></h3>'
        f"<p>{escape(card.sentence)}</p>{_note(card.why) if card.why else ''}</article>"
        for card in judgement.cards
    )
    head = f"<p><strong>{escape(judgement.headline)}</strong> {escape(judgement.sentence)}</p>"
    foot = _note(judgement.note) if judgement.note else ""
    return Section("Diagnosis", f'{head}<div class="cards">{cards}</div>{foot}', "diagnosis")


def _footer(run: Run, found: Content) -> str:
    first = "the decoder" if found.live else "decoded images"
    parts = [first, f"{found.codes:,} codes"]
    if found.images:
        kind = f"{described(run).get('example', 'image')}s"
        parts.append(f"{found.images:,} of their {kind}" if found.images < found.codes else f"their {kind}")
    held = " and ".join([", ".join(parts[:-1]), parts[-1]])
    return f"This file contains {held}. It needs no server and no network. Made by Latent space explorer."
