"""The model that a page's components share, kept in the browser's window: decoder, codes and plane.

A component that changes often would send the weights again with each change; this one sends them once a model.
"""

import hashlib
from pathlib import Path

import numpy as np
import streamlit as st

from ui.decode import decoder
from ui.explore.bigmap import spoken
from ui.shared import figures, library, parcels
from ui.shared.components import pack, source
from ui.words import say
from ui.words.speaking import language
from vae.geometry.plane import Plane
from vae.page import palette
from vae.page.space import serialise
from vae.runs import Codes, Run

CODES = 4000  # of a run's that are drawn as points: more would hide each other on a small map

SOURCE = source("sample/shared_model.js")
_component = st.components.v2.component("latent_shelf", html="<span hidden></span>", js=SOURCE)


def shown(codes: Codes) -> np.ndarray:
    """Return the indices of the codes that are sent, evenly over all."""
    return np.unique(np.linspace(0, len(codes) - 1, min(CODES, len(codes))).round().astype(int))


def payload(run: Run, codes: Codes, plane: Plane, label: int) -> bytes:
    """Return the decoder under a label (where the browser can run it), the codes' means and the plane."""
    some = shown(codes)
    labels = codes.labels[some] if codes.labels is not None else np.full(len(some), -1)
    sections = {"means": codes.means[some].astype("<f4").tobytes(), "labels": labels.astype("<i4").tobytes()}
    header, weights = decoder.pack(run, label)
    if decoder.runnable(run):
        sections["weights"] = weights.tobytes()
    count = int(labels.max(initial=-1)) + 1
    header = {
        **header,
        "run": run.name,
        "runnable": decoder.runnable(run),
        "indices": some.tolist(),
        "split": say(codes.split),
        "plane": spoken(serialise(plane)),
        "classes": [figures.class_name(codes, k) for k in range(count)],
        "colours": [palette.of_class(k) for k in range(count)],
        "plain": palette.ENCODER,
        "rings": run.spec.standard_prior,
    }
    header["id"] = hashlib.sha256(repr(header).encode() + b"".join(sections.values())).hexdigest()[:16]
    return pack(header, sections)


@st.cache_resource(max_entries=6, show_spinner=False)
def _payload(
    path: Path, version: library.Stamp, ground: tuple[bytes, bytes], label: int, language: str, _plane: Plane
) -> bytes:
    run = library.open_run(path.name)
    return payload(run, run.codes, _plane, label)


def share_model(run: Run, plane: Plane, label: int, *, key: str) -> None:
    """Put a run's decoder, codes and plane into the browser's window (shared_model.js); raises RunError."""
    ground = plane.origin.tobytes(), plane.basis.tobytes()
    data = _payload(run.path, library.stamp(run.path), ground, label, language(), plane)
    _component(data=parcels.placed(data), key=f"{key}_{run.name}")
