"""How the map looks: the colour of its codes, points or images, contours."""

from dataclasses import dataclass

from ui.state.field import keep
from ui.state.permalink import BY_CLASS, COLOUR, CONTOURS, IMAGES
from ui.state.subject import Subject

COLUMN = "column:"  # what the colour begins with where it is an uploaded column


@dataclass(frozen=True)
class MapStyle:
    """What colours the codes ("class", a quantity's name, or "column:NAME"), and what is laid over them."""

    colour: str = BY_CLASS
    images: bool = False
    contours: bool = False


def map_style() -> MapStyle:
    """Return the style from address and session; unreadable parts have their defaults."""
    found = MapStyle(COLOUR.value(Subject())[0], IMAGES.value(Subject())[0], CONTOURS.value(Subject())[0])
    apply_style(found)
    return found


def apply_style(new: MapStyle) -> None:
    """Give the map another style."""
    keep({COLOUR: new.colour, IMAGES: new.images, CONTOURS: new.contours}, Subject())
