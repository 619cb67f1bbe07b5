"""The choice of the language, in the corner of every page: links that open the same view in another one.

It is not drawn by the pages' scripts: the texts of the components come with the page (front_end.py), so another
language needs another page anyway.
"""

from html import escape
from pathlib import Path
from urllib.parse import parse_qs

from ui.state.permalink import HIDE
from ui.state.subject import Subject
from ui.words import phrase
from ui.words.catalogue import catalogue
from ui.words.languages import ASKED, LANGUAGES

NAME = "language"  # of the control, for `?hide=`
STYLE = (Path(__file__).resolve().parent / "language_choice.css").read_text("utf-8")
# the view may have moved since the page came: asked before the links are there; in a handler URL is the document's
MOVED = (
    "for (const link of this.querySelectorAll('a')) { const view = new window.URL(location.href);"
    f" view.searchParams.set('{ASKED}', link.hreflang); link.href = view.href; }}"
)


def element(spoken: str, query: str) -> str:
    """Return the choice for a page in a language, "" where the address hides it."""
    if NAME in HIDE.read(parse_qs(query).get(HIDE.name, [""])[-1], Subject())[0]:
        return ""
    name = escape(f"{catalogue(spoken).recognised(phrase('Language'))}: {LANGUAGES[spoken]} ({spoken.upper()})")
    entries = [
        f'<b lang="{code}">{title}</b>'
        if code == spoken
        else f'<a href="?{ASKED}={code}" lang="{code}" hreflang="{code}">{title}</a>'
        for code, title in LANGUAGES.items()
    ]
    return (
        f'<style>{STYLE}</style><nav class="language" aria-label="{name}">'
        f'<button popovertarget="languages" aria-label="{name}" title="{name}">{spoken.upper()}</button>'
        f'<div id="languages" popover onbeforetoggle="{escape(MOVED)}">{"".join(entries)}</div></nav>\n'
    )
