"""What the visitor looks at on every page: the model, the plane, the pinned point and the label."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ui.shared import library
from ui.state import address, session, texts
from ui.state.field import Field, keep, remember
from ui.state.handmade import HANDMADE, Handmade, fits, written
from ui.state.permalink import (
    CHAPTER,
    COMPARED,
    FIELDS,
    FILM,
    IMAGE,
    LABEL,
    MODEL,
    PIN,
    PLANE,
    REFINED,
    RUN,
    SEEN,
    SLIDERS,
)
from ui.state.subject import Subject
from ui.state.texts import Point
from ui.words import say
from vae.runs import Codes, Run, RunError

DEFAULT_MODELS = ("mnist-vae-2d", "digits-vae-2d")
MOST_COMPARED = 4
TWINS = ("mnist-autoencoder-2d", "mnist-vae-2d")  # an autoencoder and a VAE of the same images

CHART_KEY, EXPLORER_KEY = "map", "explorer"
PATHS_CHART_KEY, PATHS_KEY = "paths_map", "paths"


@dataclass(frozen=True)
class View:
    """The model, the plane as the address has it ("" is the default one), the pinned point, the label that a
    conditional decoder is given (None: the usual one), and in words what was refused."""

    run: Run
    plane: str = ""
    pin: Point | None = None
    label: int | None = None
    problems: list[str] = field(default_factory=list)


def view() -> View | None:
    """Return the view from address and session, with defaults for invalid values; None without a model."""
    problems: list[str] = []
    run = _model(_asked(), problems)
    if run is None:
        return None
    if problems:  # what else was asked for belongs to the model that cannot be shown
        remember({MODEL: "", PLANE: "", PIN: None, LABEL: None}, Subject.of(run))
        return View(run, problems=problems)
    subject = Subject.of(run)
    plane = PLANE.text(subject)  # a page that draws a plane says whether there is one
    pin, refused_pin = PIN.value(subject)
    label, refused_label = LABEL.value(subject)
    _look_at({MODEL: run.name, PLANE: plane, PIN: pin, LABEL: label}, run.name)
    return View(run, plane, pin, label, [text for text in (refused_pin, refused_label) if text])


def remember_link(page: str, shown: View) -> None:
    """Remember what the address says to a page, for the pages after: a change of page empties the address."""
    if address.get(MODEL.name) not in (None, shown.run.name):
        return  # it speaks of a model that cannot be shown
    codes = None
    if address.get(IMAGE.name) is not None:
        with suppress(RunError):  # the page says why
            codes = shown.run.codes
    subject = Subject.of(shown.run, codes)
    written_there = {field: address.get(field.name) for field in FIELDS if page in field.pages}
    values = {field: field.parse(text, subject) for field, text in written_there.items() if text}
    remember({field: value for field, value in values.items() if value is not None}, subject)


def _asked() -> str:
    """Return the name of the model that was asked for: on Compare one of those that are compared."""
    name = MODEL.text(Subject())
    asked, _ = COMPARED.value(Subject())
    if asked and address.get(COMPARED.name) is not None and name not in asked and address.get(MODEL.name) is None:
        return asked[0]
    return name


def _model(name: str, problems: list[str]) -> Run | None:
    """Return the run of that name, or the default one with the reason added to `problems`."""
    if name:
        try:
            return library.open_run(name)
        except RunError as error:
            problems.append(str(error))
    usable = {run.name: run for run in library.usable()}
    for candidate in (*DEFAULT_MODELS, *usable):
        if candidate in usable:
            if problems:
                instead = say("Showing {model} instead.", model=candidate)
                problems[-1] = f"{say(problems[-1])} {instead}"
            return library.open_run(candidate)
    return None


def _look_at(values: Mapping[Field[Any], Any], model: str, **more: str) -> None:
    """Write the view to session and address; defaults are left out of the address."""
    remember(values, Subject(model))
    wanted = {field.name: session.remembered(field.name).get()[1] for field in (MODEL, PLANE, PIN, LABEL)}
    usual = wanted == {MODEL.name: DEFAULT_MODELS[0], PLANE.name: "", PIN.name: "", LABEL.name: ""}
    address.write(more if usual and address.get(MODEL.name) is None else wanted | more)


def _shown() -> str:
    """Return the name of the model that is shown: the default one, if the requested one cannot be shown."""
    return session.remembered(MODEL.name).get()[0]


def set_model(name: str) -> None:
    """Show another model on every page; the old model's values leave the address.

    The page Train watches it, and it takes the first place of the models that are compared.
    """
    old = {field.name: "" for field in FIELDS if field.of_model and not field.carried}
    asked, _ = COMPARED.value(Subject())
    others: dict[Field[Any], Any] = {} if name == RUN.value(Subject())[0] else {FILM: None}
    others |= {RUN: name, COMPARED: asked if not asked or name in asked else (name, *asked[1:])}
    said = remember(others, Subject())
    old |= {field: text for field, text in said.items() if address.get(field) is not None}
    _look_at({MODEL: name, PLANE: "", PIN: None, LABEL: None}, name, **old)


def leave(name: str) -> None:
    """Show the default model if the one of this name is shown, because it is gone."""
    if _shown() == name:
        set_model("")


def set_plane(text: str) -> None:
    """Show another plane of the same model, all of it."""
    remember({SEEN: None}, Subject(_shown()))
    _look_at({PLANE: text}, _shown(), **{SEEN.name: ""})


def set_pin(pin: Point | None) -> None:
    """Pin a point, or none."""
    _look_at({PIN: pin}, _shown())


def set_label(label: int) -> None:
    """Decode under another label."""
    _look_at({LABEL: label}, _shown())


def handle_pin(view: View, pin: Point | None) -> bool:
    """Take over the point that the map's card reports, if it is news, and return whether that changed the pinned one.

    The card repeats its last report at every run, also after the point was unpinned or another page was visited.
    """
    name, reported = view.run.name, PIN.write(pin)
    before = session.REPORTED.get() or (name, PIN.write(view.pin))
    session.REPORTED.set((name, reported))
    if (name, reported) == before or reported == PIN.write(view.pin):
        return False
    set_pin(pin)
    return True


def own_example(view: View) -> tuple[Handmade | None, str]:
    """Return the example made by hand, if it is the image that is looked at, and a sentence if a link's was refused."""
    found, problem = HANDMADE.value(Subject())
    return (found if found is not None and fits(found, view.run.spec.shape, view.pin) else None), problem


def set_own_example(found: Handmade) -> None:
    """Show an example made by hand on all pages, and pin its code."""
    remember({IMAGE: None}, Subject(_shown()))
    _look_at({PIN: found.z}, _shown(), **{IMAGE.name: ""}, **written(found))


def drop_own_example() -> None:
    """Show an image of the data again."""
    _look_at({PIN: None}, _shown(), **written(None))


def image(view: View, codes: Codes) -> tuple[int, str]:
    """Return the number of the current image, and a sentence if the requested one was refused.

    It is the one in the address or the one chosen last, unless another point was pinned since: then the image whose
    code is nearest to the pin. Without either it is the first that decodes clearly.
    """
    found, problem = IMAGE.value(Subject.of(view.run, codes))
    if found is not None and (view.pin is None or PIN.write(_point(codes, found)) == PIN.write(view.pin)):
        return found, ""
    if view.pin is None:
        return library.first_image(view.run), problem
    return int(np.square(codes.means - np.array(view.pin, np.float32)).sum(1).argmin()), problem


def _point(codes: Codes, i: int) -> Point:
    return tuple(float(v) for v in codes.means[i])


def set_image(run: Run, codes: Codes, i: int) -> None:
    """Show another image and pin its code, so that other pages show the same image."""
    remember({IMAGE: i}, Subject(run.name))
    _look_at({PIN: _point(codes, i)}, _shown(), **{IMAGE.name: IMAGE.write(i)}, **written(None))


def handle_chapters(event: Any) -> None:
    """Write into the address what was moved in the chapters of Theory, as the browser reports it; else nothing."""
    if not isinstance(event, Mapping):
        return
    values = {}
    for one in (CHAPTER, SLIDERS, REFINED):
        text = event.get(one.name)
        if not isinstance(text, str):
            return
        values[one] = one.read(text[: texts.LONGEST_SLIDERS + 1], Subject())[0]
    keep(values, Subject())


def compared() -> tuple[list[Run], list[str]]:
    """Return the models to compare, and a sentence on refused ones; by default an autoencoder and its VAE."""
    asked, _ = COMPARED.value(Subject())
    problems: list[str] = []
    found: list[Run] = []
    for name in asked or _counterparts():
        try:
            found.append(library.open_run(name))
        except RunError as error:
            if asked:
                problems.append(str(error))
    if not asked and len(found) < 2:  # the twins are not there: the first two that are
        found = library.usable()[:2]
    if len(found) > MOST_COMPARED:
        text = say("At most {most} models are compared at once; the first ones are shown.", most=MOST_COMPARED)
        problems.append(text)
        found = found[:MOST_COMPARED]
    if asked:
        set_compared([run.name for run in found])
    return found, problems


def _counterparts() -> tuple[str, ...]:
    """Return the model that is shown and one to compare it with: its twin, or another model of the same data."""
    name = _shown()
    if not name or name in TWINS:
        return TWINS
    usable = library.usable()
    mine = next((run for run in [*usable, *library.examples()] if run.name == name), None)
    same = [run.name for run in usable if mine and run.name != name and run.spec.data == mine.spec.data]
    return (name, *(same or [run.name for run in usable if run.name != name])[:1])


def set_compared(names: Sequence[str]) -> None:
    """Compare other models."""
    keep({COMPARED: tuple(names)}, Subject())


def watched() -> str:
    """Return the name of the run that the Train page watches, "" for none in particular."""
    name, _ = RUN.value(Subject())
    remember({RUN: name}, Subject())
    return name


def watch(name: str) -> None:
    """Watch another run on the Train page."""
    keep({RUN: name, FILM: None}, Subject())


def film_step() -> int | None:
    """Return the step of the watched run's film that is looked at, None for the newest; the address gets it again
    where a change of page has taken it."""
    step, _ = FILM.value(Subject())
    keep({FILM: step}, Subject())
    return step


def handle_film(event: Any) -> None:
    """Write into the address where the film was stopped, as the browser reports it; else nothing."""
    if isinstance(event, str):
        keep({FILM: FILM.read(event, Subject())[0]}, Subject())
