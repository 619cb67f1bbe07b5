"""Parts of a page that are drawn by themselves, and that redraw the whole page where something outside has changed."""

import functools
from collections.abc import Callable
from typing import Any

import streamlit as st

from ui.state import leading, notices


def fragment(draw: Callable[..., None], run_every: float | None = None) -> Callable[..., None]:
    """Return a function as a fragment of the page, drawn again every so many seconds (None: never by itself).

    Streamlit draws a fragment alone after a press in it. Where what the press changed, or what the fragment found, is
    shown elsewhere on the page too, `notices.ask_redraw` draws the whole page. Whoever follows this visitor gets it
    too.
    """

    @functools.wraps(draw)
    def drawn(*args: Any, **options: Any) -> None:
        _redraw()  # a callback has asked: what would be drawn now is of the old state
        draw(*args, **options)
        leading.publish()
        _redraw()

    return st.fragment(drawn, run_every=run_every)


def _redraw() -> None:
    if notices.redraw_asked():
        st.rerun()
