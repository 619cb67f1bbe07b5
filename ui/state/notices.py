"""What a callback leaves for the page that is drawn next: a sentence, or the wish for the whole page once more."""

from ui.state import session


def add(text: str, kind: str = "error") -> None:
    """Keep a sentence for the page that is drawn next: callbacks cannot draw."""
    session.NOTICE.set((kind, text))


def take() -> tuple[str, str] | None:
    """Return the kind and the text of the sentence that was kept, once."""
    return session.NOTICE.pop()


def ask_redraw() -> None:
    """Ask for the whole page once more: a callback inside a fragment has changed something outside of it."""
    session.REDRAW.set(True)


def redraw_asked() -> bool:
    """Return, once, whether the whole page was asked for."""
    return session.REDRAW.pop()
