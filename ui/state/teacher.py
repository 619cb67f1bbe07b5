"""The teacher: who knows the password that was set when the server was started.

Without the setting there is no teacher and no teacher's page. The password is compared in constant time, is kept in no
session, and wrong tries are limited: a visitor has five a minute, all together have thirty.
"""

import hmac
import os
import time
from collections import deque
from threading import Lock

import streamlit as st

from ui.state import session, visitor
from ui.words import phrase, say
from vae.runs import RunError

SETTING = "LATENT_TEACHER"
SHORTEST = 8  # characters of a password: a shorter one is none
TRIES, ALL_TRIES, WINDOW = 5, 30, 60.0  # wrong tries of a visitor and of all together in so many seconds
MOST = 200  # characters that are compared

WRONG = phrase("This is not the password.")
LATER = phrase("There were too many wrong passwords. Wait a minute, then try again.")

_wrong: deque[tuple[float, str]] = deque()  # when, and whose
_lock = Lock()


def exists() -> bool:
    """Return whether a password was set, long enough to be one."""
    return len(os.environ.get(SETTING, "")) >= SHORTEST


def here() -> bool:
    """Return whether this tab is the teacher's."""
    return exists() and session.TEACHER.get()


def enter(password: str) -> str:
    """Make this tab the teacher's if the password is right; return a sentence if it is not, or cannot be tried now."""
    if not exists():
        return WRONG
    tried = (visitor.me() or str(st.context.ip_address), time.monotonic())
    with _lock:
        while _wrong and _wrong[0][0] < tried[1] - WINDOW:
            _wrong.popleft()
        if len(_wrong) >= ALL_TRIES or sum(who == tried[0] for _, who in _wrong) >= TRIES:
            return LATER
        right = hmac.compare_digest(password[:MOST].encode(), os.environ[SETTING][:MOST].encode())
        if not right:
            _wrong.append((tried[1], tried[0]))
    session.TEACHER.set(right)
    return "" if right else WRONG


def leave() -> None:
    """Make this tab a visitor's again."""
    session.TEACHER.forget()


def require() -> None:
    """Raise RunError in a tab that is not the teacher's: callbacks look again when they run."""
    if not here():
        raise RunError(say("Only the teacher can do this. Enter the password on the teacher's page."))
