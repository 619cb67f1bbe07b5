"""Traversals on the Sample page: a row of frames and a slider for every dimension, decoded in the browser."""

from typing import Any

import numpy as np
import streamlit as st

from ui.sample.page import display
from ui.shared import figures, library, messages, parcels
from ui.shared.components import pack, source, styles
from ui.shared.fragments import fragment
from ui.state import notices, session, texts
from ui.state.view import set_pin, view
from ui.words import say
from vae.geometry import traversal
from vae.page import vectors
from vae.page.traversals import FRAMES, dimensions, traverse_header
from vae.runs import Codes, Run, RunError

SERVED = 16  # rows that the server decodes where the browser cannot
SAME = 2e-3  # latent units within which a pinned point is an image's own code: the address keeps three decimals

SOURCE = source("sample/traverse.js")
CSS = styles("js/instrument.css", "sample/traverse.css")
_component = st.components.v2.component("latent_traverse", html="<div></div>", css=CSS, js=SOURCE)


def start(codes: Codes, pin: tuple[float, ...] | None) -> tuple[np.ndarray, int | None]:
    """Return the start of the traversals, the pinned point or the first code, and its image's number if it has one."""
    if pin is None:
        return codes.means[0].astype(np.float64), 0
    z = np.array(pin)
    away = np.abs(codes.means - z).max(1)
    return z, int(away.argmin()) if away.min() < SAME else None


def payload(run: Run, codes: Codes, z: np.ndarray, whose: int | None, served: bool, label: int = 0) -> bytes:
    """Return header and sections, see `components.pack`; `served`: the server decodes, and its images are sent."""
    sections: dict[str, bytes] = {}
    if served:
        rows = [z[None], *(traversal.frames(z, d, FRAMES) for d in dimensions(run, codes)[:SERVED])]
        sections["images"] = display(library.decode(run, np.concatenate(rows), label), vectors.lines_of(run)).tobytes()
    name = ""
    if whose is not None:
        known = library.examples_of(run)
        if known is not None:
            one = known[whose : whose + 1]
            sections["original"] = (one if one.ndim == 4 else display(one, vectors.lines_of(run))).tobytes()
        if codes.labels is not None:
            name = figures.class_name(codes, int(codes.labels[whose]))
    facts = traverse_header(run, codes)
    header: dict[str, Any] = {
        **facts,
        "split": say(facts["split"]),
        "order": say(facts["order"]),
        "dimensions": [{**d, "dead": say(d["dead"])} for d in facts["dimensions"]],
        "z": np.round(z, 4).tolist(),
        "whose": whose,
        "label": name,
        "served": SERVED if served else 0,
    }
    return pack(header, sections)


def _index(event: Any, count: int) -> int | None:
    """Return the image number of a browser's message; None for anything else."""
    asked = event.get("start") if isinstance(event, dict) else None
    return asked if isinstance(asked, int) and not isinstance(asked, bool) and 0 <= asked < count else None


@fragment
def traverse(run: Run, codes: Codes, *, runnable: bool, label: int, key: str) -> None:
    """Show the traversals from the pinned point, and pin the point at which a slider is released."""
    now = view()
    z, whose = start(codes, now.pin if now is not None and now.run.name == run.name else None)
    name = f"{key}_{run.name}"

    def handle_event() -> None:
        event = session.reported(name, "ask")
        if not isinstance(event, dict):
            return
        asked = _index(event, len(codes))
        at = codes.means[asked].tolist() if asked is not None else None
        pin = tuple(at) if at is not None else texts.point(str(event.get("pin", "")), run.spec.latent)
        if pin is not None:
            set_pin(pin)
            notices.ask_redraw()

    try:
        data = payload(run, codes, z, whose, not runnable, label)
    except RunError as error:
        messages.failure(error)
        return
    with st.container(key=key):
        _component(data=parcels.placed(data), key=name, height="content", on_ask_change=handle_event)
