"""Who is here: the visitors whose pages are open in this server, and the page that each saw last.

Only this process knows it, and nothing of it is written anywhere.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from threading import Lock

import streamlit.runtime as server
from streamlit.runtime.scriptrunner import get_script_run_ctx

MINUTES = 5.0  # for which one whose page is closed still counts as here
_seen: dict[str, "Seen"] = {}  # by session
_lock = Lock()


@dataclass(frozen=True)
class Seen:
    """A visitor as visitor.py names them, the page of one of their tabs, and when it was last drawn (unix time)."""

    visitor: str
    page: str
    at: float


def note(visitor: str, page: str) -> None:
    """Note that a visitor's page is drawn; one without a cookie is nobody's."""
    context = get_script_run_ctx()
    if visitor and context is not None:
        with _lock:
            _seen[context.session_id] = Seen(visitor, page, time.time())
            for session in [session for session, seen in _seen.items() if not _present(session, seen)]:
                del _seen[session]


def _present(session: str, seen: Seen) -> bool:
    """Return whether a tab is open, or was drawn in the last minutes."""
    return time.time() - seen.at < 60 * MINUTES or (
        server.exists() and server.get_instance().is_active_session(session)
    )


def here() -> list[Seen]:
    """Return who is here, each once with the tab that was drawn last, the latest first."""
    return list(_latest())


def _latest() -> Iterator[Seen]:
    with _lock:
        present = [seen for session, seen in _seen.items() if _present(session, seen)]
    known = set()
    for seen in sorted(present, key=lambda one: -one.at):
        if seen.visitor not in known:
            known.add(seen.visitor)
            yield seen
