"""Following: this browser shows what a leader's shows, from each of their moves to the next, until it lets go.

It only reads the leader's file (followed.py). What the follower moves in between stays until the leader moves.
"""

import streamlit as st

from ui.shared.navigation import BY_NAME, Page
from ui.state import address, followed, session
from ui.state.field import keep
from ui.state.followed import Followed
from ui.state.permalink import FIELDS, FOLLOW
from ui.state.subject import Subject

SHARED = tuple(one for one in FIELDS if not one.own)


def code() -> str:
    """Return the code of the leader whom this browser follows, "" for nobody."""
    return FOLLOW.value(Subject())[0]


def enter(page: Page) -> tuple[Followed | None, bool]:
    """Take over the leader's last move, on their page; return the leader, and whether one has just been lost."""
    asked = code()
    if not asked:
        lost = address.get(FOLLOW.name) is not None  # half of a link, for example
        if lost:
            let_go()
        return None, lost
    found = followed.read(asked)
    if found is None:
        let_go()
        return None, True
    keep({FOLLOW: asked}, Subject())
    if session.FOLLOWED.get() != (asked, found.turn):
        session.FOLLOWED.set((asked, found.turn))
        _take_over(found, page)
    return found, False


def _take_over(found: Followed, page: Page) -> None:
    for one in SHARED:
        session.remembered(one.name).forget()
    if page.name == found.page:
        address.write({one.name: found.values.get(one.name, "") for one in SHARED})
        return
    own = {one.name: address.get(one.name) or "" for one in FIELDS if one.own}
    kept = {name: text for name, text in own.items() if text}
    st.switch_page(BY_NAME[found.page].script, query_params=kept | dict(found.values))


def moved() -> bool:
    """Return whether the leader has moved since, or leads no more."""
    found = followed.read(code())
    return session.FOLLOWED.get() != (code(), -1 if found is None else found.turn)


def let_go() -> None:
    """Follow nobody any more; what is shown stays."""
    keep({FOLLOW: ""}, Subject())
    session.FOLLOWED.forget()
