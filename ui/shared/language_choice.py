"""The choice of the language, in the corner of every page: links that open the same view in another one.

It is not drawn by the pages' scripts: the texts of the components come with the page (front_end.py), so another
language needs another page anyway.
"""

from html import escape
from urllib.parse import parse_qs

from ui.state.permalink import HIDE
from ui.state.subject import Subject
from ui.words import phrase
from ui.words.catalogue import catalogue
from ui.words.languages import ASKED, LANGUAGES

NAME = "language"  # of the control, for `?hide=`
# the body has the theme's colours; the menu beside it makes room, and so does the navigation
STYLE = """<style>
.language { background-color: inherit; font: 16px "Source Sans", sans-serif; }
.language button { position: fixed; top: 12px; right: 60px; z-index: 999991; min-width: 44px; height: 36px;
  font: inherit; font-size: 14px; color: inherit; background-color: inherit; border-radius: 4px; cursor: pointer;
  border: 1px solid color-mix(in srgb, currentColor 25%, transparent); }
.language [popover] { position: fixed; inset: 54px 16px auto auto; margin: 0; padding: 8px; color: inherit;
  background-color: inherit; border: 1px solid color-mix(in srgb, currentColor 25%, transparent); border-radius: 4px; }
.language [popover] > * { display: block; padding: 8px 12px; color: inherit; font-weight: 600; }
.language a { font-weight: 400; }
.language :focus-visible { outline: 3px solid #1f6cb0; outline-offset: 2px; }
[data-testid="stMainMenu"] { margin-left: 64px; }
@media (max-width: 640px) { .language button { right: 14px; } }
@media print { .language { display: none; } }
body[data-present] .language { display: none; }
</style>
"""
# the view may have moved since the page came; in a handler of an element URL is the document's
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
        f'{STYLE}<nav class="language" aria-label="{name}">'
        f'<button popovertarget="languages" aria-label="{name}" title="{name}">{spoken.upper()}</button>'
        f'<div id="languages" popover ontoggle="{escape(MOVED)}">{"".join(entries)}</div></nav>\n'
    )
