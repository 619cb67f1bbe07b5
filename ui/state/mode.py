"""How much the pages say: simple words and pictures, or every number."""

from ui.state.field import keep
from ui.state.permalink import EXPERT
from ui.state.subject import Subject


def expert() -> bool:
    """Return whether the visitor wants every number, by the address, or as it was before on this visit."""
    return EXPERT.value(Subject())[0]


def enter() -> None:
    """Write the mode to address and session; a change of page has taken it from the address."""
    keep({EXPERT: expert()}, Subject())


def choose(expert: bool) -> None:
    """Change the mode."""
    keep({EXPERT: expert}, Subject())
