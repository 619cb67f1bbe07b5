"""What pages begin with: the model, its codes and its plane, or the end of the page where there are none."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from ui.shared import messages
from ui.state import planes
from ui.state import view as state
from ui.state.view import View
from vae.geometry.plane import Ground, Plane
from vae.runs import Codes, Run, RunError


def view() -> View:
    """Return what is looked at; the page ends where there is no model, and the frame says how to make one."""
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
    """Show why a run could not be read in the place of what was to be drawn."""
    try:
        yield
    except RunError as error:
        messages.failure(error)


def plane(view: View, codes: Codes) -> tuple[Plane, str]:
    """Return the plane that the address names and its name; the default one and "", with the reason shown, for none."""
    found, refused = planes.choose_plane(view.run, codes, view.plane)
    return found, _name(view, refused)


def ground(view: View, codes: Codes) -> tuple[Ground, str]:
    """Return what `plane` returns, for a page that shows maps that bend too."""
    found, refused = planes.choose_map(view.run, codes, view.plane)
    return found, _name(view, refused)


def _name(view: View, refused: str) -> str:
    if refused:
        messages.problem(refused)
    return "" if refused else view.plane
