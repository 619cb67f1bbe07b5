"""The manifold on the Sample page: the decoder's means on a grid over the plane, and the point under the pointer."""

from contextlib import suppress
from typing import Any

import numpy as np
import streamlit as st

from ui.sample.page import PATIENCE, POLL, display, without
from ui.shared import asking, messages
from ui.shared.components import pack, source, styles
from ui.shared.fragments import fragment
from ui.state import mode, sampling, session
from ui.state.permalink import SIDES
from ui.state.sampling import Settings
from ui.words import say
from vae.answers import pool, sample
from vae.answers.pool import Answer
from vae.answers.sample import Manifold
from vae.data import DataError
from vae.density.holes import HOLE
from vae.geometry.plane import Plane
from vae.page import vectors
from vae.runs import Run, RunError
from vae.runs.stamp import stamp

SOURCE = source("sample/manifold.js")
_component = st.components.v2.component(
    "latent_manifold", html="<div></div>", css=styles("js/instrument.css", "sample/manifold.css"), js=SOURCE
)


def spacings(run: Run) -> dict[str, str]:
    """Return the spacings of a model's grid, and what they are called."""
    if run.spec.standard_prior:
        return {"linear": say("even, ±3 σ"), "quantile": say("quantiles of the prior")}
    whose = say("quantiles of the prior") if run.spec.probabilistic else say("quantiles of the codes")
    return {"linear": say("even, 99 % of the codes"), "quantile": whose}


def _ask(run: Run, settings: Settings, plane: Plane) -> Answer[Manifold]:
    quantile = settings.spacing != next(iter(spacings(run)))
    side, origin, basis = settings.side, plane.origin, plane.basis
    ground = origin.tobytes(), basis.tobytes()
    made = sample.codes_stamp(run.path)
    return asking.once(
        "manifold",
        (stamp(run.path), made, str(run.path), side, quantile, ground, settings.label),
        lambda: pool.ask(sample.grid, run.path, side, quantile, origin, basis, settings.label, made),
    )


def _rounded(values: np.ndarray | None) -> Any:
    return None if values is None else np.round(values.astype(np.float64), 2).ravel().tolist()


def payload(run: Run, settings: Settings, plane: Plane, found: Manifold | None) -> bytes:
    """Return header and images of a manifold, see `components.pack`; None while it is being decoded."""
    vector = len(run.spec.shape) != 3
    header: dict[str, Any] = {
        "run": run.name,
        "shape": vectors.drawn_shape(run),
        "lines": vectors.lines_of(run),
        "vector": vector,
        "spacing": settings.spacing,
        "spacings": spacings(run),
        "side": settings.side,
        "sides": list(SIDES),
        "hole": HOLE,
        "without": without(run, found is None or found.log_q is not None),
        "note": say(plane.note),
        "titles": [say(title) for title in plane.titles],
        "there": found is not None,
        "expert": mode.expert(),
    }
    sections = {}
    if found is not None:
        side = len(found.up)
        decoded = found.images.reshape(side * side, *run.spec.shape)
        sections["images"] = display(decoded, vectors.lines_of(run)).tobytes()
        header |= {
            "across": found.across.tolist(),
            "up": found.up.tolist(),
            "log_p": _rounded(found.log_p),
            "log_q": _rounded(found.log_q),
            "inside": found.inside.ravel().tolist(),
            "trusted": found.trusted,
        }
    return pack(header, sections)


def manifold(run: Run, plane: Plane, *, key: str) -> None:
    """Show the manifold of a model of two or more dimensions, on the map's plane."""
    waiting = not _ask(run, sampling.read(run.name, run.spec), plane).done
    fragment(_manifold, run_every=POLL if waiting else None)(run, plane, key, waiting)


def _manifold(run: Run, plane: Plane, key: str, waiting: bool) -> None:
    settings = sampling.read(run.name, run.spec)
    answer = _ask(run, settings, plane)
    if not waiting:
        with suppress(TimeoutError, RunError, DataError):
            answer.result(PATIENCE)
    name = f"{key}_{run.name}"

    def handle_event() -> None:
        now = sampling.read(run.name, run.spec)
        event = session.reported(name, "ask")
        sampling.write(run.name, run.spec, sampling.changed(now, event, run.spec))

    arrived = answer.done  # read once: an answer that arrives later is waited for
    try:
        found = answer.result() if arrived else None
    except (RunError, DataError) as error:
        messages.failure(error)
        return
    with st.container(key=key):
        _component(data=payload(run, settings, plane, found), key=name, height="content", on_ask_change=handle_event)
    if waiting == arrived:
        st.rerun()  # another rhythm needs another fragment
