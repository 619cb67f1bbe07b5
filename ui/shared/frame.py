"""What pages begin with: the model, its codes and its plane; without them, the page ends here."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ui.shared import messages
from ui.state import planes
from ui.state import view as state
from ui.state.view import View
from vae.geometry.plane import Ground, Plane
from vae.runs import Codes, Run, RunError


def passing() -> DeltaGenerator:
    """Return a place for what comes and goes, which takes no room while it is empty.

    Streamlit counts places: with one element more before it, a component stands elsewhere, and on a page that arrives
    in pieces it leaves the page for a moment, with all that was drawn or zoomed in it.
    """
    return st.container()


def view() -> View:
    """Return the current view; without a model the page ends here."""
    found = state.view()
    if found is None:
        st.stop()
    return found


def codes(run: Run) -> Codes:
    """Return a run's codes; the page ends, with the reason, where they cannot be read."""
    with failures():
        return run.codes
    st.stop()


@contextmanager
def failures() -> Iterator[None]:
    """Show why a run could not be read, in place of what was to be drawn."""
    try:
        yield
    except RunError as error:
        messages.failure(error)


def plane(view: View, codes: Codes) -> tuple[Plane, str]:
    """Return the address's plane and its name; for an invalid name, show why and return the default plane and ""."""
    found, refused = planes.choose_plane(view.run, codes, view.plane)
    return found, _name(view, refused)


def ground(view: View, codes: Codes) -> tuple[Ground, str]:
    """Return the same as `plane`, for a page that also shows nonlinear maps."""
    found, refused = planes.choose_map(view.run, codes, view.plane)
    return found, _name(view, refused)


def _name(view: View, refused: str) -> str:
    with passing():
        if refused:
            messages.problem(refused)
    return "" if refused else view.plane
