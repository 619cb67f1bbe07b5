"""The map of a run's codes (bigmap.js): as points, or where they are very many as density."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from ui.explore import selection
from ui.shared import geometry, library, values
from ui.shared.components import pack, source, styles
from ui.state import session
from ui.state.map import first_seen
from ui.state.texts import Box
from ui.state.view import CHART_KEY
from ui.words import say
from ui.words.speaking import language
from vae.geometry.plane import Bent, Ground
from vae.page import space
from vae.runs import Codes, Run

AROUND = 276  # pixels of the window above and below the map of Explore

SOURCE = source("explore/bigmap.js")
_component = st.components.v2.component(
    "latent_bigmap", html="<div></div>", css=styles("js/instrument.css", "explore/bigmap.css"), js=SOURCE
)


def header(
    run: Run, codes: Codes, plane: Ground, seen: Box | None = None, chart: str = CHART_KEY, around: int = AROUND
) -> dict[str, Any]:
    """Return the map's header: all that it shows besides the codes, which are sent apart (see geometry.py).

    `seen` is the part that is shown first, None for nearly all codes; `chart` is the name under which other components
    find the map; `around` are the window's pixels above and below it.
    """
    known = space.map_header(codes, plane, run.spec.standard_prior)
    made = {
        **known,
        "plane": spoken(known["plane"]),
        "geometry": geometry.identities(run)[0],
        "chart": chart,  # what the card looks for
        "around": around,
        "presents": chart == CHART_KEY,
        "seen": seen,
        "places": places(run, plane)[0] if isinstance(plane, Bent) else None,
    }
    return {**made, "content": hashlib.sha256(json.dumps(made).encode()).hexdigest()[:16]}


def spoken(plane: dict[str, Any]) -> dict[str, Any]:
    """Return what the browser knows of a map with its texts in the reader's language."""
    way = {"way": say(plane["way"])} if "way" in plane else {}
    return {**plane, "titles": [say(title) for title in plane["titles"]], **way}


def places(run: Run, plane: Bent) -> tuple[str, bytes]:
    """Return the identity of a nonlinear map's places, and the bytes that are sent to the browser."""
    return values.packed(run.name, {"places": plane.places.astype("<f4").tobytes()})


@st.cache_resource(max_entries=4, show_spinner=False)
def _places(path: Path, version: library.Stamp, name: str, note: str, _plane: Bent) -> bytes:
    return places(library.open_run(path.name), _plane)[1]


@st.cache_resource(max_entries=16, show_spinner=False)
def _payload(
    path: Path,
    version: library.Stamp,
    name: str,
    note: str,
    seen: Box | None,
    chart: str,
    around: int,
    language: str,
    _plane: Ground,
) -> bytes:
    run = library.open_run(path.name)
    return pack(header(run, run.codes, _plane, seen, chart, around), {})


def bigmap(
    run: Run, codes: Codes, plane: Ground, name: str, *, chart: str = CHART_KEY, around: int = AROUND
) -> np.ndarray | None:
    """Mount the map of that name, and return the indices of a lasso that no layer has taken. Raises RunError.

    `chart` is its Streamlit key; `around` are the window's pixels that it leaves to what is above and below it.
    """
    known = run.path, library.stamp(run.path), name, plane.note
    seen = first_seen(run, name) if chart == CHART_KEY else None
    data = _payload(*known, seen, chart, around, language(), plane)
    if isinstance(plane, Bent):
        values.send(run.name, "places", _places(*known, plane))
    with st.container(key=chart):
        key = f"{chart}_{run.name}"
        _component(data=data, key=key, height="content", on_lasso_change=lambda: None)
    geometry.send(run)
    return selection.from_bits(session.reported(key, "lasso"), len(codes))
