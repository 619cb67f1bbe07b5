"""What the person looks at: the model, the plane and the pinned point, in the URL so that a link reproduces the screen.

The URL leads. The session remembers the same three where the URL is silent, which it is after a change of page. All
session keys and all parsing of what people may type into an address are in this file, those of paths in path_state.py.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import streamlit as st

from ui.shared import library
from ui.state import address
from vae.geometry import embedding
from vae.geometry import plane as planes
from vae.geometry.plane import Ground, Plane
from vae.runs import Codes, Run, RunError

DEFAULT_MODELS = ("mnist-vae-2d", "digits-vae-2d")
MODEL, PLANE, PIN, LABEL = "model", "plane", "z", "label"  # names in the URL and, prefixed, in the session
RUN = "run"  # the run that the Train page watches, likewise
IMAGE = "image"  # the example of the Theory page, by its number among the codes
COMPARED, MOST_COMPARED = "models", 4  # the models of the Compare page, likewise
TWINS = ("mnist-autoencoder-2d", "mnist-vae-2d")
LIMIT = 1e3  # a coordinate further out than this is a slip of the hand: float32 decoders overflow later

CHART_KEY, EXPLORER_KEY = "map", "explorer"
PATHS_CHART_KEY, PATHS_KEY = "paths_map", "paths"


@dataclass(frozen=True)
class View:
    """The model, the plane as in the URL ("" is the default one), the pinned point, the label that a conditional
    decoder is told (None: the usual one), and in words what was refused."""

    run: Run
    plane: str = ""
    pin: tuple[float, ...] | None = None
    label: int | None = None
    problems: list[str] = field(default_factory=list)


def view() -> View | None:
    """Return what URL and session ask for, falling back where they ask for the impossible; None without any model."""
    asked = st.query_params.get(MODEL)
    same = asked is None or asked == _kept(MODEL)
    problems: list[str] = []
    run = _model(asked if asked is not None else _kept(MODEL), problems)
    if run is None:
        return None
    fallen = bool(problems)
    plane = st.query_params.get(PLANE, _kept(PLANE) if same else "")
    pin_text = st.query_params.get(PIN, _kept(PIN) if same else "")
    pin = None
    if pin_text and not fallen:
        pin = parse_pin(pin_text, run.spec.latent)
        if pin is None:
            problems.append(
                f"The link's point z = {_quote(pin_text)} does not fit: {run.name} needs {run.spec.latent} numbers "
                "with commas between them. No point is pinned; click on the map to pin one."
            )
    label = None if fallen else _label(run, st.query_params.get(LABEL, _kept(LABEL) if same else ""), problems)
    _keep(
        run.name if not fallen else "",
        plane if not fallen else "",
        format_pin(pin),
        "" if label is None else str(label),
    )
    if not fallen:
        _publish()
    return View(run, "" if fallen else plane, pin, label, problems)


def _label(run: Run, text: str, problems: list[str]) -> int | None:
    """Return the label of that number, None for none or where the model has no such label, with the reason."""
    if not text:
        return None
    if text.isascii() and text.isdigit() and int(text) < run.spec.labels:
        return int(text)
    has = f"has the labels 0 to {run.spec.labels - 1}" if run.spec.labels else "is told no labels"
    problems.append(f"The link's label {_quote(text)} does not fit: {run.name} {has}.")
    return None


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
                problems[-1] += f" Showing {candidate} instead."
            return library.open_run(candidate)
    return None


def choose_map(run: Run, codes: Codes, text: str) -> tuple[Ground, str | None]:
    """Return the map that `text` names: a plane as `choose_plane` has it, or "tsne" or "umap" once that is made."""
    if text in embedding.METHODS and run.spec.latent > 2:
        found = library.embedding(codes, text)
        return (library.default_plane(run) if found is None else embedding.bent(codes, found)), None
    return choose_plane(run, codes, text)


def choose_plane(run: Run, codes: Codes, text: str) -> tuple[Plane, str | None]:
    """Return the plane that `text` names ("", "pca", "3,7" counted from 1), and what was wrong with it, if anything.

    Of a map that bends ("tsne", "umap") it is the default one: what asks here needs a plane.
    """
    latent, default = run.spec.latent, library.default_plane(run)
    if not text or (text in embedding.METHODS and latent > 2):
        return default, None
    try:
        if text == "pca":
            return planes.principal(codes), None
        i, j = (int(part) for part in text.split(","))
        return planes.pair(latent, i - 1, j - 1), None
    except ValueError:
        choices = (
            "" if latent <= 2 else f" Choose 'pca' or two different dimensions from 1 to {latent}, such as plane=1,2."
        )
        return default, f"{run.name} has no plane {_quote(text)}.{choices} Showing the default plane."


def parse_pin(text: str, latent: int) -> tuple[float, ...] | None:
    """Return the point of comma-separated numbers, or None if it is no point of a latent space of that dimension."""
    try:
        z = tuple(float(part) for part in text.split(","))
    except ValueError:
        return None
    return z if len(z) == latent and all(math.isfinite(v) and abs(v) <= LIMIT for v in z) else None


def format_pin(pin: tuple[float, ...] | None) -> str:
    """Return a point as it stands in the URL: comma-separated, three decimals; "" for none."""
    return ",".join(f"{value:.3f}" for value in pin) if pin else ""


def set_model(name: str) -> None:
    """Look at another model; its plane and point are its own, so the old ones go."""
    _keep(name, "", "")
    _publish()


def set_plane(text: str) -> None:
    """Look at another plane of the same model."""
    _keep(_kept(MODEL), text, _kept(PIN), _kept(LABEL))
    _publish()


def set_pin(pin: tuple[float, ...] | None) -> None:
    """Pin a point, or none."""
    _keep(_kept(MODEL), _kept(PLANE), format_pin(pin), _kept(LABEL))
    _publish()


def image(view: View, codes: Codes) -> tuple[int, str]:
    """Return the number of the image that is looked at, and in words what was refused.

    It is the one in the address or the one chosen last, unless another point was pinned since: then the image whose
    code is nearest to the pin. Without either it is the first.
    """
    text = st.query_params.get(IMAGE, _kept(IMAGE))
    problem = ""
    if text:
        model, _, number = text.rpartition(":")
        number = number if not model or model == view.run.name else ""
        if number.isascii() and number.isdigit() and int(number) < len(codes):
            i = int(number)
            if view.pin is None or format_pin(_point(codes, i)) == format_pin(view.pin):
                return i, ""
        elif number:
            problem = (
                f"The link's image {_quote(text)} does not exist: {view.run.name} has {len(codes):,} codes, from 0."
            )
    if view.pin is None:
        return 0, problem
    return int(np.square(codes.means - np.array(view.pin, np.float32)).sum(1).argmin()), problem


def _point(codes: Codes, i: int) -> tuple[float, ...]:
    return tuple(float(v) for v in codes.means[i])


def set_image(run: Run, codes: Codes, i: int) -> None:
    """Look at another image, and pin its code: other pages then show the same one."""
    st.session_state[f"view_{IMAGE}"] = f"{run.name}:{i}"
    _keep(_kept(MODEL), _kept(PLANE), format_pin(_point(codes, i)), _kept(LABEL))
    _publish(**{IMAGE: str(i)})


def told() -> str:
    """Return the label that the decoder is told, as it stands in the URL; "" for the usual one."""
    return _kept(LABEL)


def set_label(label: int) -> None:
    """Tell the decoder another label."""
    _keep(_kept(MODEL), _kept(PLANE), _kept(PIN), str(label))
    _publish()


def hear(view: View, pin: tuple[float, ...] | None) -> bool:
    """Take over what the card in the browser reports, if it is news, and return whether that changed the pinned point.

    The card repeats its last report at every run, also after the point was unpinned or another page was visited.
    """
    said, heard = format_pin(pin), st.session_state.get("view_heard", (view.run.name, format_pin(view.pin)))
    st.session_state["view_heard"] = (view.run.name, said)
    if (view.run.name, said) == heard or said == format_pin(view.pin):
        return False
    set_pin(pin)
    return True


def compared() -> tuple[list[Run], list[str]]:
    """Return the models to compare, and in words which were refused; by default the autoencoder and its VAE twin."""
    text = st.query_params.get(COMPARED, _kept(COMPARED))
    problems: list[str] = []
    found: list[Run] = []
    for name in dict.fromkeys(filter(None, (text or ",".join(TWINS)).split(","))):
        try:
            found.append(library.open_run(name))
        except RunError as error:
            if text:
                problems.append(str(error))
    if not text and len(found) < 2:  # the twins are not here: the first two that are
        found = library.usable()[:2]
    if len(found) > MOST_COMPARED:
        problems.append(f"At most {MOST_COMPARED} models are compared at once; the first ones are shown.")
        found = found[:MOST_COMPARED]
    if text:
        set_compared([run.name for run in found])
    return found, problems


def set_compared(names: Sequence[str]) -> None:
    """Compare other models."""
    text = ",".join(names)
    st.session_state[f"view_{COMPARED}"] = text
    address.say({COMPARED: text})


def watched() -> str:
    """Return the name of the run that the Train page shall watch, "" for none in particular; the URL leads."""
    name = st.query_params.get(RUN, _kept(RUN))
    if st.session_state.get(f"view_{RUN}") != name:
        st.session_state[f"view_{RUN}"] = name
    return name


def watch(name: str) -> None:
    """Watch another run on the Train page."""
    st.session_state[f"view_{RUN}"] = name
    address.say({RUN: name})


def say(text: str, kind: str = "error") -> None:
    """Keep a sentence for the page that is drawn next: callbacks cannot draw."""
    st.session_state["view_said"] = (kind, text)


def ask_redraw() -> None:
    """Ask for the whole page once more: a callback inside a fragment has changed what stands outside of it."""
    st.session_state["view_redraw"] = True


def redraw_asked() -> bool:
    """Return, once, whether the whole page was asked for."""
    return bool(st.session_state.pop("view_redraw", False))


def said() -> tuple[str, str] | None:
    """Return the sentence that was kept, once."""
    return st.session_state.pop("view_said", None)


def _kept(name: str) -> str:
    return st.session_state.get(f"view_{name}", "")


def _keep(model: str, plane: str, pin: str, label: str = "") -> None:
    for name, value in ((MODEL, model), (PLANE, plane), (PIN, pin), (LABEL, label)):
        st.session_state[f"view_{name}"] = value


def _publish(**more: str) -> None:
    """Make the URL say what the session keeps, and more; it stays short where everything is at its default."""
    wanted = {name: _kept(name) for name in (MODEL, PLANE, PIN, LABEL)}
    usual = wanted == {MODEL: DEFAULT_MODELS[0], PLANE: "", PIN: "", LABEL: ""} and MODEL not in st.query_params
    address.say(more if usual else wanted | more)


def _quote(text: str) -> str:
    """Return what someone typed, short and harmless within Markdown."""
    return "“" + "".join(c for c in text if c.isalnum() or c in " .,+-_")[:40] + "”"
