"""The link of the present view, as a QR code that a class can scan."""

from collections.abc import Callable
from functools import lru_cache

import segno
import streamlit as st

from ui.shared import sign_in
from ui.state import address, teacher, visitor
from ui.state.pseudonyms import pseudonym
from ui.words import say

SIDE = 260  # pixels of the code on the page
LONGEST = 2_000  # characters of a link that a phone's camera still reads


@lru_cache(256)  # a link's code is the same for everybody, and each drawing of a page shows one
def picture(link: str) -> str:
    """Return the QR code of a link as SVG, black on white so that every camera reads it."""
    return segno.make(link, error="m", micro=False).svg_inline(scale=8, border=4, dark="#000", light="#fff")


def offer(more: Callable[[], None], more_first: bool) -> None:
    """Show the link of this view and its QR code, and `more` below or above them."""
    with st.popover(say("Share"), key="share_popover"):
        if more_first:
            more()
            st.markdown(f"**{say('This view')}**")
        link = address.link()
        st.caption(say("This link opens the same view: model, page, point and settings."))
        st.code(link, language=None, wrap_lines=True)
        if len(link) > LONGEST:
            st.caption(say("The link is too long for a QR code. Reset the selection or the path to shorten it."))
        elif link:
            st.image(picture(link), width=SIDE)
        if not more_first:
            more()
        st.caption(seen_by_others())
        sign_in.sign_out()


def seen_by_others() -> str:
    """Return in words what others on this server can see of this visitor."""
    if visitor.alone():
        return say("This app is yours alone: nobody else can see your runs.")
    text = say(
        "Everybody here can see, copy and download the runs that you train and the data that you train them on. Nobody "
        "can see your name; your drawings and the page you are on are seen only by those whom you let follow you."
    )
    if not teacher.exists():
        return text
    known = say("Your teacher sees the page too, and knows you as {name}.", name=pseudonym(visitor.me()))
    return f"{text} {known}"
