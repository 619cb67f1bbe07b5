"""How the map looks: the colour of its codes, points or images, contours, and the part of it that is seen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ui.state import session, texts
from ui.state.field import keep
from ui.state.permalink import BY_CLASS, COLOUR, CONTOURS, IMAGES, SEEN
from ui.state.subject import Subject
from ui.state.texts import Box
from vae.runs import Run

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


def enter(page: str) -> None:
    """Note which page is drawn; on another page than before the map is mounted again, with what is seen now."""
    if session.PAGE.get() != page:
        session.PAGE.set(page)
        session.FIRST_SEEN.forget()


def first_seen(run: Run, plane: str) -> Box | None:
    """Return the part of the map of that name to mount it with; None for all of it.

    It stays the same while the map is mounted, wherever the visitor goes on it: another one would mount it again.
    """
    known = session.FIRST_SEEN.get()
    if known is None or known[:2] != (run.name, plane):
        known = (run.name, plane, SEEN.value(Subject.of(run))[0])
        session.FIRST_SEEN.set(known)
    return known[2]


def handle_seen(run: Run, event: Any) -> None:
    """Write into the address which part of the map is seen (None: nearly all), as the browser reports it.

    Once: the browser repeats its last message at every run of the script. Anything else is ignored.
    """
    mark = event.get("id") if isinstance(event, Mapping) else None
    if not isinstance(mark, str) or mark[:40] == session.SEEN_EVENT.get():
        return
    session.SEEN_EVENT.set(mark[:40])
    box = event.get("box")
    if isinstance(box, Sequence) and not isinstance(box, str) and len(box) == 4:
        found = texts.box(",".join(str(v)[:20] for v in box))
        if found is not None:
            keep({SEEN: found}, Subject.of(run))
    elif box is None:
        keep({SEEN: None}, Subject.of(run))
