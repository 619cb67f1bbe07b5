"""The language of the visitor: the one that the address asks for, else the one chosen before, else the browser's."""

import threading

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from ui.state.field import keep
from ui.state.permalink import LANGUAGE
from ui.state.subject import Subject
from ui.words.languages import COOKIE, ENGLISH, accepted, first_known
from ui.words.speaking import ask

_this = threading.local()  # a page is drawn by a thread of its own, which asks several hundred times


def current() -> str:
    """Return the code of the visitor's language, English outside of a visit."""
    if get_script_run_ctx(suppress_warning=True) is None:
        return ENGLISH
    known: str | None = getattr(_this, "language", None)
    if known is None:
        known = _this.language = _wanted()
    return known


def enter() -> None:
    """Find the language anew and write what was asked for to address and session."""
    _this.language = _wanted()
    keep({LANGUAGE: LANGUAGE.value(Subject())[0]}, Subject())


def _wanted() -> str:
    asked, headers = LANGUAGE.value(Subject())[0], st.context.headers
    return first_known([asked, st.context.cookies.get(COOKIE), *accepted(headers.get("Accept-Language"))])


ask(current)
