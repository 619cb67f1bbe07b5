"""The band between head and page: whom this browser follows, or that others follow it."""

from collections.abc import Callable
from functools import partial

import streamlit as st

from ui.shared import messages
from ui.shared.fragments import fragment
from ui.state import following, leading, notices
from ui.state.followed import Followed
from ui.words import say

POLL = 1.5  # seconds from look to look at the leader's file, while one is followed


def band(leader: Followed | None, lost: bool) -> None:
    """Draw the band; `lost` says that the leader has ended it, or that the code of the link is not known."""
    if lost:
        text = say("Nobody leads here any more. You keep this view, and every page is yours.")
        st.info(text, icon=":material/link_off:")
    if leader is not None:
        name = messages.plain(leader.name or say("your teacher"))
        text = say("You follow **{name}**. When they move, your page moves too.", name=name)
        _row("visibility", text, say("Let go"), following.let_go, ())
        with st.container(key="follow_look"):
            _look()
    elif (led := leading.leads()) is not None:
        _row("cast", say("Others can follow you on every page."), say("End"), leading.stop, (led.code,))


def _row(icon: str, text: str, label: str, end: Callable[..., None], args: tuple[str, ...]) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small", border=True, key="follow_band"):
        st.markdown(f":material/{icon}: {text}", width="stretch")
        st.button(label, icon=":material/close:", key="follow_end", type="tertiary", on_click=end, args=args)


@partial(fragment, run_every=POLL)
def _look() -> None:
    """Draw the page again after a move of the leader."""
    if following.code() and following.moved():
        notices.ask_redraw()
