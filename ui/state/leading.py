"""Leading: what this browser looks at is written to a file after each of its moves, for those who follow."""

from contextlib import suppress
from dataclasses import replace

from ui.shared.navigation import BY_NAME
from ui.state import followed, session
from ui.state.followed import Followed
from ui.state.permalink import FIELDS, MODEL
from ui.state.subject import Subject


def leads() -> Followed | None:
    """Return what this browser lets others see, None where it leads nobody."""
    return session.LEADING.get()


def start(owner: str, name: str, page: str) -> None:
    """Let others follow this browser from now on; raises OSError where the data folder cannot be written."""
    _write(followed.begin(owner, name), page)


def take_over(found: Followed, page: str) -> None:
    """Lead with this browser those who follow another one of this visitor; raises OSError likewise."""
    _write(found, page)


def stop(code: str) -> None:
    """End it for all followers; each keeps the view that they have."""
    followed.end(code)
    session.LEADING.forget()


def publish(page: str = "") -> None:
    """Write what this browser looks at, if it leads and something has changed; "" is the page as it was last.

    Where the visitor has ended it in another tab, or leads with another one, this one leads no more.
    """
    before = session.LEADING.get()
    if before is None:
        return
    page = page or before.page
    if page not in BY_NAME or (page == before.page and _values(page) == before.values):
        return
    now = followed.read(before.code)
    if now is None or now.turn > before.turn:
        session.LEADING.forget()
        return
    with suppress(OSError):  # a full disk: the next look writes it
        _write(before, page)


def _write(before: Followed, page: str) -> None:
    after = replace(before, page=page, values=_values(page), turn=before.turn + 1)
    followed.write(after)
    session.LEADING.set(after)


def _values(page: str) -> dict[str, str]:
    """Return what the page's link says, its model always."""
    model = session.remembered(MODEL.name).get()[0]
    texts = {one.name: one.text(Subject(model)) for one in FIELDS if page in one.pages and not one.own}
    return {name: text for name, text in (texts | {MODEL.name: model}).items() if text}
