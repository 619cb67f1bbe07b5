"""Cached reading of runs and images: each file is read once until it changes, and shared by all sessions."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from ui.decode import numpy_decoder
from ui.shared import figures
from ui.words import say
from ui.words.speaking import language
from vae import data, runs
from vae.geometry import embedding as embeddings
from vae.geometry import plane as planes
from vae.geometry.embedding import Embedding
from vae.geometry.plane import Plane
from vae.page.images import encoded_examples
from vae.page.space import clearest
from vae.runs import Broken, Codes, Run, RunError
from vae.runs import stamp as stamps
from vae.runs.stamp import Stamp

FILES = (
    "spec.json",
    "model.safetensors",
    "history.jsonl",
    "codes.npz",
    "metrics.json",
    "evaluation.json",
    "card.md",
    "meta.json",
)


def title(run: Run) -> str:
    """Return a run's title; those of shipped models are texts of the app, others are their owners'."""
    return say(run.title) if runs.is_shipped(run) else run.title


def entries() -> list[Run | Broken]:
    """Return the library; a folder that came or went is seen at once, a change within one after three seconds."""
    return list(_library().all)


def forget() -> None:
    """Empty the cache of the folders, after this visitor has changed something in them."""
    _shelves.clear()


def _finished(run: Run) -> bool:
    """Return whether every page can show a run: it has codes, or was not trained here."""
    return (run.path / "codes.npz").is_file() or not (run.path / "meta.json").is_file()


@dataclass(frozen=True)
class Shelves:
    """The library by what a list shows: `usable` on every page, without the unhealthy examples; `unfinished` have no
    codes yet, since they wait, train, or have failed; `broken` look like runs and cannot be read."""

    all: list[Run | Broken]
    usable: list[Run]
    examples: list[Run]
    unfinished: list[Run]
    broken: list[Broken]


def _library() -> Shelves:
    return _shelves(tuple(_changed(folder) for folder in runs.roots()))


def _changed(folder: Path) -> int:
    """Return when a folder came or went in this one, in ns; 0 where there is none."""
    try:
        return folder.stat().st_mtime_ns
    except OSError:
        return 0


@st.cache_resource(ttl=3, max_entries=2, show_spinner=False)
def _shelves(changed: tuple[int, ...]) -> Shelves:
    found = Shelves(runs.library(), [], [], [], [])
    for entry in found.all:
        if isinstance(entry, Broken):
            found.broken.append(entry)
        elif not _finished(entry):
            found.unfinished.append(entry)
        elif entry.path.parent == runs.examples():
            found.examples.append(entry)
        else:
            found.usable.append(entry)
    return found


def usable() -> list[Run]:
    """Return the runs that every page can show, without the unhealthy examples."""
    return list(_library().usable)


def examples() -> list[Run]:
    """Return the unhealthy models that come with the project."""
    return list(_library().examples)


def unfinished() -> list[Run]:
    """Return the runs that have no codes yet: they wait, train, or have failed."""
    return list(_library().unfinished)


def broken() -> list[Broken]:
    """Return the folders that look like runs but cannot be read."""
    return list(_library().broken)


def stamp(path: Path) -> Stamp:
    """Return a value that changes when a run's files change."""
    return stamps.stamp(path, FILES)


def open_run(name: str) -> Run:
    """Return the run of that name with readable spec and metrics; raises RunError."""
    path = runs.find(name).path
    run = _run(path, stamp(path))
    run.spec, run.metrics  # noqa: B018 -- reading is the check
    return run


@st.cache_resource(max_entries=16, show_spinner=False)
def _run(path: Path, version: Stamp) -> Run:
    return Run(path)


@st.cache_resource(max_entries=8, show_spinner=False)
def _decoder(path: Path, version: Stamp, label: int | None) -> tuple[list[dict[str, Any]], dict[str, np.ndarray]]:
    return Run(path).decoder(label)


def decode(run: Run, z: np.ndarray, label: int | None = None) -> np.ndarray:
    """Return the means of p(x|z) at z [N, d], under a label if given one; raises RunError.

    They are images [N, C, H, W] in [0, 1], or vectors [N, D].
    """
    layers, weights = _decoder(run.path, stamp(run.path), label)
    try:
        return numpy_decoder.mean(run.spec, layers, weights, z)
    except numpy_decoder.Unsupported as error:
        raise RunError(str(error)) from error


@st.cache_resource(max_entries=2, show_spinner=False)
def _examples(name: str, split: str, path: Path, version: Stamp) -> np.ndarray | None:
    return encoded_examples(name, _run(path, version).codes)


def examples_of(run: Run) -> np.ndarray | None:
    """Return the examples that the codes belong to: images uint8 [N, C, H, W], 0 to 255, or vectors float32 [N, D].

    None if they are not on this machine.
    """
    try:
        if not data.available(run.spec.data):
            return None
        found = _examples(run.spec.data, run.codes.split, run.path, stamp(run.path))
    except data.DataError:
        return None
    return found if found is not None and found.shape[1:] == run.spec.shape else None


def images(run: Run) -> np.ndarray | None:
    """Return the images [N, C, H, W] that the codes belong to, 0 to 255; None for vectors, and if they are not here."""
    found = examples_of(run)
    return found if found is not None and found.ndim == 4 else None


@st.cache_resource(max_entries=16, show_spinner=False)
def _default_plane(path: Path, version: Stamp) -> Plane:
    return planes.default(_run(path, version).codes)


def default_plane(run: Run) -> Plane:
    """Return the default plane, cached: the KL of a million codes in ten dimensions takes half a second."""
    return _default_plane(run.path, stamp(run.path))


@st.cache_resource(max_entries=16, show_spinner=False)
def _first_image(path: Path, version: Stamp) -> int:
    return clearest(_run(path, version).codes)


def first_image(run: Run) -> int:
    """Return the number of the image that is shown before one is picked: the first that decodes clearly."""
    return _first_image(run.path, stamp(run.path))


@st.cache_resource(max_entries=4, show_spinner=False)
def _embedding(path: Path, changed: int, method: str, _codes: Codes) -> Embedding | None:
    return embeddings.kept(_codes, method)


def embedding(codes: Codes, method: str) -> Embedding | None:
    """Return the saved nonlinear map of these codes, cached until it is made again; None if there is none."""
    path = embeddings.file(codes, method)
    return _embedding(path, path.stat().st_mtime_ns, method, codes) if path.is_file() else None


@st.cache_resource(max_entries=16, show_spinner=False)
def _curves(path: Path, version: Stamp, language: str) -> go.Figure:
    run = _run(path, version)
    return figures.training_curves(run.history, run.spec.probabilistic)


def training_curves(run: Run) -> go.Figure:
    """Return the run's training curves, built once for each language until its files change; raises RunError."""
    return _curves(run.path, stamp(run.path), language())
