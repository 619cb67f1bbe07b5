"""The map of more codes than Plotly draws (bigmap.js): codes as density or points, and what a lasso holds of them."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from ui import explorer, figures, geometry, library, selection, state
from ui.components import pack, source, text
from vae.plane import Plane
from vae.runs import Codes, Run

OUTLINED = 50_000  # codes, evenly over all, that say where the first view and the glyphs lie: to a hundredth of a sigma

SCRIPTS = ("shared", "drawing", "grid", "density", "polygon", "cloud", "axes", "bigmap")
SOURCE = source(*(f"{name}.js" for name in SCRIPTS))
_component = st.components.v2.component(
    "latent_bigmap", html="<div></div>", css=text("instrument.css") + text("bigmap.css"), js=SOURCE
)


def header(run: Run, codes: Codes, plane: Plane) -> dict[str, Any]:
    """Return what the map shows besides the codes, which the browser has by themselves (see geometry.py)."""
    some = np.linspace(0, len(codes) - 1, min(OUTLINED, len(codes))).round().astype(np.int64)
    labels = None if codes.labels is None else codes.labels[some]
    part = replace(codes, means=codes.means[some].astype(np.float64), scales=None, labels=labels)
    outline = figures.outline(part, plane, plane.to_plane(part.means), run.spec.normal_prior)
    present = [] if codes.labels is None else figures.present(codes.labels)
    names = {k: figures.class_name(codes, k) for k in present}
    placed = [] if labels is None else zip(figures.present(labels), outline.medians, strict=True)
    made = {
        "geometry": geometry.identities(run)[0],
        "chart": state.CHART_KEY,  # what the card looks for
        "latent": run.spec.latent,
        "split": codes.split,
        "plane": explorer.told(plane),
        "frame": [*outline.x_range, *outline.y_range],
        "rings": outline.centre.tolist() if run.spec.normal_prior else None,
        "classes": list(names.items()),
        "glyphs": [(k, names[k], *map(float, place)) for k, place in placed],
        "colours": [figures.colour(k) for k in range(max(present, default=-1) + 1)] or [figures.ENCODER],
        # classes of one colour are one in the density
        "palette": list(figures.PETROFF) if present else [figures.ENCODER],
    }
    return {**made, "content": hashlib.sha256(json.dumps(made).encode()).hexdigest()[:16]}


@st.cache_resource(max_entries=16, show_spinner=False)
def _payload(path: Path, version: library.Stamp, name: str, _plane: Plane) -> bytes:
    run = library.open_run(path.name)
    return pack(header(run, run.codes, _plane), {})


def bigmap(run: Run, codes: Codes, plane: Plane, name: str, lassoed: Callable[[], None]) -> np.ndarray:
    """Mount the map of a plane of that name, and return the indices of the codes under its lasso; raises RunError.

    `lassoed` is called before the script runs for a new lasso.
    """
    data = _payload(run.path, library.stamp(run.path), name, plane)
    with st.container(key=state.CHART_KEY):
        mounted = f"{state.CHART_KEY}_{run.name}"
        result = _component(data=data, key=mounted, height="content", on_lasso_change=lassoed)
    chosen = selection.from_bits(result.get("lasso"), len(codes))
    return np.zeros(0, np.int64) if chosen is None else chosen
