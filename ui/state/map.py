"""How the map is dressed: the colour of its codes, points or images, contours; in the URL, like all that is looked at.

The URL leads; the session remembers the same where the URL is silent, which it is after a change of page.
"""

from dataclasses import dataclass

import streamlit as st

from ui.state import address

COLOUR, MARKS, CONTOURS = "colour", "marks", "contours"  # names in the URL
BY_CLASS, COLUMN = "class", "column:"
KEY = "view_map"


@dataclass(frozen=True)
class Dress:
    """What colours the codes ("class", a quantity's name, or "column:NAME"), and what is laid over them."""

    colour: str = BY_CLASS
    images: bool = False
    contours: bool = False


def _address(dress: Dress) -> dict[str, str]:
    """Return a dress as it stands in the URL, which stays short where everything is at its default."""
    found = {}
    if dress.colour != BY_CLASS:
        found[COLOUR] = dress.colour
    if dress.images:
        found[MARKS] = "images"
    if dress.contours:
        found[CONTOURS] = "1"
    return found


def dress() -> Dress:
    """Return how the map is to be dressed; what nobody knows is shown as the default."""
    kept: Dress = st.session_state.get(KEY, Dress())
    asked = st.query_params
    found = Dress(
        asked.get(COLOUR, kept.colour),
        asked[MARKS] == "images" if MARKS in asked else kept.images,
        asked[CONTOURS] == "1" if CONTOURS in asked else kept.contours,
    )
    wear(found)
    return found


def wear(new: Dress) -> None:
    """Dress the map otherwise, and let the URL say so."""
    st.session_state[KEY] = new
    address.say({COLOUR: "", MARKS: "", CONTOURS: ""} | _address(new))
