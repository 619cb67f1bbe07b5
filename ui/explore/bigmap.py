"""The map of more codes than Plotly draws (bigmap.js): codes as density or points."""

import hashlib
import json
from pathlib import Path
from typing import Any

import streamlit as st

from ui.shared import geometry, library, values
from ui.shared.components import pack, source, text
from ui.state.map import first_seen
from ui.state.texts import Box
from ui.state.view import CHART_KEY
from vae.geometry.plane import Bent, Ground
from vae.page import space
from vae.runs import Codes, Run

SOURCE = source("explore/bigmap.js")
_component = st.components.v2.component(
    "latent_bigmap", html="<div></div>", css=text("js/instrument.css") + text("explore/bigmap.css"), js=SOURCE
)


def header(run: Run, codes: Codes, plane: Ground, seen: Box | None = None) -> dict[str, Any]:
    """Return the map's header: all that it shows besides the codes, which are sent apart (see geometry.py).

    `seen` is the part that is shown first, None for nearly all codes.
    """
    made = {
        "geometry": geometry.identities(run)[0],
        "chart": CHART_KEY,  # what the card looks for
        "seen": seen,
        "places": places(run, plane)[0] if isinstance(plane, Bent) else None,
        **space.map_header(codes, plane, run.spec.standard_prior),
    }
    return {**made, "content": hashlib.sha256(json.dumps(made).encode()).hexdigest()[:16]}


def places(run: Run, plane: Bent) -> tuple[str, bytes]:
    """Return the identity of a nonlinear map's places, and the bytes that are sent to the browser."""
    return values.packed(run.name, {"places": plane.places.astype("<f4").tobytes()})


@st.cache_resource(max_entries=4, show_spinner=False)
def _places(path: Path, version: library.Stamp, name: str, note: str, _plane: Bent) -> bytes:
    return places(library.open_run(path.name), _plane)[1]


@st.cache_resource(max_entries=16, show_spinner=False)
def _payload(path: Path, version: library.Stamp, name: str, note: str, seen: Box | None, _plane: Ground) -> bytes:
    run = library.open_run(path.name)
    return pack(header(run, run.codes, _plane, seen), {})


def bigmap(run: Run, codes: Codes, plane: Ground, name: str) -> None:
    """Mount the map of that name; the map's layer reports the lassoed codes. Raises RunError."""
    known = run.path, library.stamp(run.path), name, plane.note
    data = _payload(*known, first_seen(run, name), plane)
    if isinstance(plane, Bent):
        values.send(run.name, "places", _places(*known, plane))
    with st.container(key=CHART_KEY):
        _component(data=data, key=f"{CHART_KEY}_{run.name}", height="content")
