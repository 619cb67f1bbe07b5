"""What a callback leaves for the page that is drawn next: a sentence, or a request to redraw the whole page."""

from ui.state import session


def add(text: str, kind: str = "error") -> None:
    """Keep a sentence for the page that is drawn next: callbacks cannot draw."""
    session.NOTICE.set((kind, text))


def take() -> tuple[str, str] | None:
    """Return the kind and the text of the sentence that was kept, once."""
    return session.NOTICE.pop()


def ask_redraw() -> None:
    """Request a redraw of the whole page: a callback in a fragment has changed something outside of it."""
    session.REDRAW.set(True)


def redraw_asked() -> bool:
    """Return whether a redraw of the whole page was requested, and clear the request."""
    return session.REDRAW.pop()
