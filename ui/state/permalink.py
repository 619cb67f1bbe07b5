"""Every field of the address, in one table: a link reproduces the screen. A new field is an entry here.

`field.py` says how a field is found in address and session; view.py, map.py, paths.py and sampling.py read the table.
"""

from typing import Any

from ui.shared.navigation import BY_NAME
from ui.state import lasso, texts
from ui.state.field import Field, keep
from ui.state.handmade import HANDMADE
from ui.state.lasso import Steps
from ui.state.subject import Subject
from ui.state.texts import Box, Half, Point, Waypoints, quoted
from ui.words import say
from ui.words.languages import ASKED, LANGUAGES

EVERY = tuple(BY_NAME)  # the names of all pages
FIRST_KINDS = ("line", "geodesic")  # the kinds of path that are shown at first
BY_CLASS = "class"  # the colour of a code on the map is its class's
# what a link can leave out: controls of every page, and pages of the navigation
HIDEABLE = ("title", "model", "image", "mode", "lessons", "language", "share", *EVERY)
SHOWS = ("samples", "manifold", "traverse", "missing")
SPACINGS = ("linear", "quantile")
CHAPTERS = 6  # of the Theory page
LAST_STEP = 10**9  # no training takes so many
SIDES = (10, 15, 20, 30)  # images of a manifold's side


def _as_it_is(text: str, subject: Subject) -> str:
    return text


def _one_of(choices: tuple[str, ...]) -> Any:
    return lambda text, subject: text if text in choices else None


def _flag(word: str, name: str, pages: tuple[str, ...], of_model: bool = False, own: bool = False) -> Field[bool]:
    """Return a field that is true where the address has that word."""
    return Field(
        name, pages, False, lambda text, _: text == word, lambda on: word if on else "", of_model=of_model, own=own
    )


def _plane_refused(text: str, subject: Subject) -> str:
    named = {"model": subject.model, "text": quoted(text), "latent": subject.latent}
    if subject.latent <= 2:
        return say("{model} has no plane {text}. Showing the default plane.", **named)
    return say(
        "{model} has no plane {text}. Choose 'pca' or two different dimensions from 1 to {latent}, such as plane=1,2. "
        "Showing the default plane.",
        **named,
    )


def _pin_refused(text: str, subject: Subject) -> str:
    return say(
        "The link's point z = {text} does not fit: {model} needs {latent} numbers "
        "with commas between them. No point is pinned; click on the map to pin one.",
        text=quoted(text),
        model=subject.model,
        latent=subject.latent,
    )


def _label_refused(text: str, subject: Subject) -> str:
    named = {"text": quoted(text), "model": subject.model, "last": subject.labels - 1}
    if not subject.labels:
        return say("The link's label {text} does not fit: {model} is not conditional.", **named)
    return say("The link's label {text} does not fit: {model} has the labels 0 to {last}.", **named)


def _image_refused(text: str, subject: Subject) -> str:
    return say(
        "The link's image {text} does not exist: {model} has {codes:,} codes, from 0.",
        text=quoted(text),
        model=subject.model,
        codes=subject.codes,
    )


def _lasso_refused(text: str, subject: Subject) -> str:
    return say(
        "The link's selection {text} cannot be read. No point is selected; use Lasso on the map to select some.",
        text=quoted(text),
    )


def _path_refused(text: str, subject: Subject) -> str:
    example = ";".join([",".join(["0.5"] * subject.latent)] * 2)
    return say(
        "The link's path does not fit: {model} needs {fewest} to {most} waypoints of {latent} numbers, such as "
        "path={example}. Showing another one.",
        model=subject.model,
        fewest=texts.FEWEST,
        most=texts.MOST,
        latent=subject.latent,
        example=example,
    )


# the model, and what is looked at of it
MODEL: Field[str] = Field("model", EVERY, "", _as_it_is, str)
PLANE: Field[str] = Field("plane", ("explore", "paths", "sample"), "", texts.plane, str, _plane_refused, of_model=True)
PIN: Field[Point | None] = Field(
    "z", EVERY, None, lambda text, s: texts.point(text, s.latent), texts.point_text, _pin_refused, of_model=True
)
LABEL: Field[int | None] = Field(
    "label", ("explore", "sample"), None, lambda text, s: texts.below(text, s.labels), texts.whole_text, _label_refused,
    of_model=True,
)  # fmt: skip
# the example of the Theory page, by its number among the codes; models of the same data share the images
IMAGE: Field[int | None] = Field(
    "image", ("theory",), None, lambda text, s: texts.below(text, s.codes), texts.whole_text, _image_refused,
    of_model=True, carried=True,
)  # fmt: skip
# what is open in the Theory page: the chapter, its moved sliders ("4.1:9": chapter, slider, value), and the refined q
CHAPTER: Field[int | None] = Field(
    "chapter", ("theory",), None, lambda text, _: texts.below(text, CHAPTERS + 1) or None, texts.whole_text
)
SLIDERS: Field[str] = Field("sliders", ("theory",), "", texts.sliders, str)
REFINED = _flag("1", "refined", ("theory",))

# how much is said: the switch in the head of every page
EXPERT = _flag("expert", "mode", EVERY)
# the language that a link asks for; the browser's, or the one chosen before, where it asks for none
LANGUAGE: Field[str] = Field(ASKED, EVERY, "", _one_of(tuple(LANGUAGES)), str, own=True)

# the runs of pages that choose their own; library.py knows whether there is a run of that name
RUN: Field[str] = Field("run", ("train",), "", _as_it_is, str)
# the step of the watched run's film that is looked at; None is the newest
FILM: Field[int | None] = Field(
    "film", ("train",), None, lambda text, _: texts.below(text, LAST_STEP), texts.whole_text
)
COMPARED: Field[tuple[str, ...]] = Field("models", ("compare",), (), lambda text, _: texts.names(text), ",".join)

# the style of the map; colouring.py knows what can colour a run's codes
COLOUR: Field[str] = Field("colour", ("explore",), BY_CLASS, _as_it_is, str)
IMAGES = _flag("images", "marks", ("explore",))
CONTOURS = _flag("1", "contours", ("explore",))

# what is selected on the map, and the part of it that is seen: x0, x1, y0, y1
LASSO: Field[Steps] = Field("lasso", ("explore",), (), lasso.parse, lasso.text, _lasso_refused, of_model=True)
SEEN: Field[Box | None] = Field(
    "seen", ("explore",), None, lambda text, _: texts.box(text), texts.box_text, of_model=True, own=True
)

# the path
PATH: Field[Waypoints | None] = Field(
    "path", ("paths",), None, lambda text, s: texts.waypoints(text, s.latent), texts.waypoints_text, _path_refused,
    of_model=True,
)  # fmt: skip
KIND: Field[str] = Field(
    "kind", ("paths",), FIRST_KINDS[0], lambda text, s: text if text in s.kinds else None, str, of_model=True
)
SHOWN: Field[tuple[str, ...]] = Field(
    "kinds", ("paths",), FIRST_KINDS, lambda text, s: tuple(k for k in s.kinds if k in text.split(",")), ",".join,
    of_model=True,
)  # fmt: skip
MAGNIFIED = _flag("1", "magnification", ("paths",), of_model=True)

# samples
SHOW: Field[str] = Field("show", ("sample",), SHOWS[0], _one_of(SHOWS), str)
LEFT: Field[Half] = Field(
    "left", ("sample",), Half("prior"), texts.half, str, model_default=lambda s: Half(s.sources[0])
)
RIGHT: Field[Half] = Field(
    "right", ("sample",), Half("aggregate"), texts.half, str, model_default=lambda s: Half(s.sources[1])
)
SEED: Field[int] = Field("seed", ("sample",), 0, lambda text, _: texts.below(text, texts.LARGEST_SEED + 1), str)
# drawn among one model's codes
BOX: Field[Box | None] = Field("box", ("sample",), None, lambda text, _: texts.box(text), texts.box_text, of_model=True)
SPACING: Field[str] = Field("spacing", ("sample",), SPACINGS[0], _one_of(SPACINGS), str)
SIDE: Field[int] = Field(
    "side", ("sample",), 20, lambda text, _: next((n for n in SIDES if n == texts.whole(text)), None), str
)

# a lesson, its step, and whether the teacher's notes are shown; and what is left out of the pages
LESSON: Field[str] = Field("lesson", EVERY, "", _as_it_is, str)
STEP: Field[str] = Field("step", EVERY, "", _as_it_is, str)
NOTES = _flag("1", "notes", EVERY, own=True)
HIDE: Field[tuple[str, ...]] = Field(
    "hide", EVERY, (), lambda text, _: tuple(name for name in HIDEABLE if name in text.split(",")), ",".join,
    own=True,
)  # fmt: skip
# whom this browser follows
FOLLOW: Field[str] = Field("follow", EVERY, "", lambda text, _: texts.code(text), str, own=True)

FIELDS: tuple[Field[Any], ...] = (
    MODEL, PLANE, PIN, LABEL, IMAGE, HANDMADE, CHAPTER, SLIDERS, REFINED,
    EXPERT, LANGUAGE, RUN, FILM, COMPARED, COLOUR, IMAGES, CONTOURS, LASSO, SEEN, PATH, KIND, SHOWN, MAGNIFIED,
    SHOW, LEFT, RIGHT, SEED, BOX, SPACING, SIDE, LESSON, STEP, NOTES, HIDE, FOLLOW,
)  # fmt: skip


def hidden() -> frozenset[str]:
    """Return what the address leaves out of the pages, and remember it for the pages after."""
    found = HIDE.value(Subject())[0]
    keep({HIDE: found}, Subject())
    return frozenset(found)
