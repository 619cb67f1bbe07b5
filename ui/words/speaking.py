"""A text in the reader's language.

`say("{count} of {all} points", count=3, all=9)` is what the pages write; `say(sentence)` translates what the core has
said. scripts/words.py collects the texts for the translators.
"""

from collections.abc import Callable
from typing import Any

from ui.words.catalogue import catalogue
from ui.words.languages import ENGLISH

_asked: list[Callable[[], str]] = [lambda: ENGLISH]


def ask(language: Callable[[], str]) -> None:
    """Set the function that returns the language of whoever reads; the state of the session knows it."""
    _asked[0] = language


def language() -> str:
    """Return the code of the reader's language."""
    return _asked[0]()


def say(text: str, /, **values: Any) -> str:
    """Return a text in the reader's language, with its values filled in.

    Without values the text may be a sentence of the core that is filled in already.
    """
    spoken = language()
    if spoken == ENGLISH:
        return text.format(**values) if values else text
    book = catalogue(spoken)
    return book.filled(text, values) if values else book.recognised(text)


def say_n(one: str, many: str, n: int, /, **values: Any) -> str:
    """Return the first text for one thing, the second for any other number of them; both may show it as `{n}`."""
    spoken = language()
    texts = (one, many) if spoken == ENGLISH else catalogue(spoken).plurals.get((one, many), (one, many))
    return texts[n != 1].format(n=n, **values)


def phrase(text: str, /) -> str:
    """Return the text as it is, and name it for the translators: `say` translates it where it is shown."""
    return text
