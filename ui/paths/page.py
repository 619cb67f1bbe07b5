"""The Paths page's parts: the map, the panel that decodes along the path in the browser, and what the server answers.

The browser makes straight and spherical paths and all pictures; the pool computes geodesics, ways through the data and
what a path crosses. The panel's bytes never change with a gesture: answers go through a mount of their own.
"""

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from ui.explore import bigmap
from ui.explore.explorer import kept_payload
from ui.paths import attributes, export
from ui.shared import figures, library, parcels
from ui.shared.components import pack, source, styles
from ui.shared.fragments import fragment
from ui.state import mode, notices, session, subject, texts
from ui.state import paths as path_state
from ui.state.paths import PathView
from ui.state.view import PATHS_CHART_KEY, PATHS_KEY
from ui.words import say
from vae.answers import paths, pool
from vae.answers.paths import Along
from vae.answers.pool import Answer
from vae.data import DataError
from vae.geometry import neighbours
from vae.geometry.kinds import KINDS
from vae.geometry.plane import Plane
from vae.page import palette
from vae.runs import Codes, Run, RunError
from vae.spec import SpecError

SOURCE = source("paths/paths.js")
_component = st.components.v2.component("latent_paths", html="<div></div>", css=styles("paths/paths.css"), js=SOURCE)
_answers = st.components.v2.component(
    "latent_answers", html="<i hidden></i>", js=source("js/answers.js"), isolate_styles=False
)

# a kind has the hue of what leads it: the decoder, q(z), the prior; the straight line is ink
HUES = {"line": "", "slerp": palette.PRIOR, "geodesic": palette.DECODER, "data": palette.ENCODER}
USUAL = 10  # neighbours that the median code has within the radius shown first
NODES = 96 * 96 * 784  # pixels whose derivatives a map of the magnification takes: about five seconds' work
SIDES = (24, 96)  # of its grid, at least and at most
POLL = 0.4  # seconds between two looks at answers that are not there yet
QUICK = 0.2  # seconds that a gesture waits for its answers
MAGNIFICATION = "magnification"


@dataclass
class Answers:
    """The pool's answers so far: paths by kind, and the magnification; `failed` has the reasons of missing kinds."""

    paths: dict[str, Along] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    magnification: np.ndarray | None = None
    waiting: bool = False


@st.cache_resource(max_entries=16, show_spinner=False)
def _radius(path: Any, version: object, _codes: Codes) -> float:
    return neighbours.usual_radius(_codes.means, USUAL)


def radius(run: Run, codes: Codes) -> float:
    """Return the radius within which the median code has ten neighbours: the one that is shown first."""
    return _radius(run.path, library.stamp(run.path), codes)


Window = tuple[float, float, float, float]


def window(run: Run, plane: Plane, name: str) -> Window:
    """Return the part of the plane (x0, x1, y0, y1) that is coloured by magnification: the map's first view."""
    return _window(run.path, library.stamp(run.path), name, plane)


@st.cache_resource(max_entries=16, show_spinner=False)
def _window(path: Path, version: object, name: str, _plane: Plane) -> Window:
    run = library.open_run(path.name)
    codes, _ = figures.thinned(run.codes)
    drawn = figures.outline(codes, _plane, _plane.to_plane(codes.means.astype(np.float64)), run.spec.standard_prior)
    (x0, x1), (y0, y1) = drawn.x_range, drawn.y_range
    return x0, x1, y0, y1


def side(run: Run) -> int:
    """Return how many nodes along each side of the magnification's grid this model's decoder allows."""
    least, most = SIDES
    return int(np.clip(np.sqrt(NODES / np.prod(run.spec.shape)), least, most))


def known(run: Run, codes: Codes, plane: Plane, shown: Window, view: PathView, patience: float = 0.0) -> Answers:
    """Ask for the paths that are shown, the current one first, and return what is known within `patience` seconds."""
    found = Answers()
    end = time.monotonic() + patience
    near = radius(run, codes)
    asked: dict[str, Answer[Any]] = {
        kind: pool.ask(paths.along, run.path, kind, view.array(), near)
        for kind in sorted(view.shown, key=lambda name: name != view.kind)
    }
    if view.magnified:
        ground = (plane.origin, plane.basis, shown, side(run))
        asked[MAGNIFICATION] = pool.ask(paths.magnified, run.path, *ground)
    for name, answer in asked.items():
        try:
            value = answer.result(max(0.0, end - time.monotonic()))
        except TimeoutError:
            found.waiting = True
        except (RunError, DataError, SpecError) as error:
            found.failed[name] = str(error)
        else:
            if name == MAGNIFICATION:
                found.magnification = value
            else:
                found.paths[name] = value
    return found


def without(run: Run) -> dict[str, dict[str, str]]:
    """Return notes on the panels of curves by name: a text beside a panel, or why it is missing (`none`, maybe "")."""
    if not mode.expert():
        return {"density": {"none": ""}, "elbo": {"none": ""}}
    if not run.spec.probabilistic:
        return {
            "density": {"none": say("An autoencoder has no prior and no q(z): no densities, no ELBO.")},
            "elbo": {"none": ""},
        }
    if not run.spec.normal_posterior:
        return {"density": {"more": say("; log q(z) is computed only for Normal posteriors")}}
    return {}


def answers_payload(
    run: Run, codes: Codes, shown: Window, view: PathView, found: Answers, attribute: dict[str, Any] | None
) -> bytes:
    """Return the answers for the browser: a header, and float64 arrays by kind (see `Along`)."""
    sections: dict[str, bytes] = {}
    facts = {}
    for kind, path in found.paths.items():
        facts[kind] = {"energy": path.energy, "line_energy": path.line_energy}
        for name in ("points", "share", "way", "log_p", "log_q", "elbo", "elbo_se", "neighbours"):
            values = getattr(path, name)
            if values is not None:
                sections[f"{kind}.{name}"] = np.ascontiguousarray(values, "<f8").tobytes()
    if found.magnification is not None:
        sections["magnification"] = np.ascontiguousarray(found.magnification, "<f4").tobytes()
    header = {
        "channel": PATHS_CHART_KEY,
        "model": run.name,
        "latent": run.spec.latent,
        "kinds": [
            {"name": name, "title": say(KINDS[name].title), "about": say(KINDS[name].about), "hue": HUES[name]}
            for name in subject.kinds(run.spec)
        ],
        "waypoints": view.array().tolist(),
        "kind": view.kind,
        "shown": list(view.shown),
        "serial": view.serial,
        "most": texts.MOST,
        "radius": radius(run, codes),
        "paths": facts,
        "failed": {name: say(why) for name, why in found.failed.items()},
        "without": without(run),
        "expert": mode.expert(),
        "window": shown,
        "attribute": attribute,
        "waiting": found.waiting,
        "poll": POLL,
    }
    return pack(header, sections)


@fragment
def latent_map(run: Run, codes: Codes, plane: Plane, name: str, view: PathView) -> None:
    """Draw the map, and under it the lassoed codes, which may become a group of the attribute vector."""
    chosen = bigmap.bigmap(run, codes, plane, name, chart=PATHS_CHART_KEY)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if mode.expert() or view.magnified:
            magnification_toggle(run, view)
        if attributes.offered(run, codes):
            attributes.catch(run, np.empty(0, np.int64) if chosen is None else chosen)


def magnification_toggle(run: Run, view: PathView) -> None:
    """Offer to colour the map by the magnification."""
    key = "paths_magnified"
    session.widget(key).set(view.magnified)

    def changed() -> None:
        path_state.change(run, magnified=session.widget(key).get())
        notices.ask_redraw()

    st.toggle(
        say("Magnification √det JᵀJ"),
        key=key,
        on_change=changed,
        help=say(
            "Colours the map by how much the decoder stretches a small area: bright where a small step changes much, "
            "on a logarithmic scale. Dimensions off the map's plane are at their centre."
        ),
    )


def panel(run: Run, codes: Codes, plane: Plane, name: str, images: np.ndarray | None) -> None:
    """Mount the strips, the slider and the curves, and offer the files; raises RunError for unusable weights."""
    drawn, every = figures.thinned(codes)
    data = kept_payload(run, drawn, plane, None if images is None else images[::every], PATHS_CHART_KEY, every=every)
    _panel(run, codes, plane, window(run, plane, name), data)


@fragment
def _panel(run: Run, codes: Codes, plane: Plane, shown: Window, data: bytes) -> None:
    """Draw the panel; it runs alone after each gesture and while answers are missing, without the rest of the page.

    It is the browser that asks again: a fragment that ran by itself would have to come and go, and what it had mounted
    with it, at times before its script was loaded.
    """
    key = f"{PATHS_KEY}_{run.name}"

    def handle_event() -> None:
        path_state.handle_event(run, dict(session.widget(key).get()).get("paths"))
        session.PATH_EDITED.set(True)

    with st.container(key=PATHS_KEY):
        _component(
            data=parcels.placed(data),
            key=key,
            height="content",
            on_paths_change=handle_event,
            on_ask_change=lambda: None,
        )
    view, _ = path_state.view(run, codes)
    # a gesture's answer is often there at once; the page itself does not wait
    patience = QUICK if session.PATH_EDITED.pop() else 0.0
    found = known(run, codes, plane, shown, view, patience)
    answers = answers_payload(run, codes, shown, view, found, attributes.chosen(run, codes))
    _answers(data=answers, key="paths_answers", height="content")
    if attributes.offered(run, codes):
        attributes.panel(run, codes)
    export.panel(run, view, found.paths.get(view.kind))
