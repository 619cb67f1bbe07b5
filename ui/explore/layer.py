"""The layer over the map (layer.js): colours, images, contours and the selection, without mounting the map again.

What is large goes to the browser once, by itself (values.py): the codes' numbers, and the contours' lines.
"""

from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from ui.explore import colouring, saved_selections
from ui.explore.colouring import Paint
from ui.shared import library, messages, values
from ui.shared.components import pack, source, styles
from ui.state.map import MapStyle, handle_seen
from ui.state.view import CHART_KEY
from ui.words import say
from vae.geometry.contours import SHARES, contours
from vae.geometry.plane import Ground
from vae.runs import Codes, Run

SOURCE = source("explore/layer.js")
_component = st.components.v2.component(
    "latent_layer", html="<div></div>", css=styles("js/instrument.css", "explore/layer.css"), js=SOURCE
)


def lines(run: Run, codes: Codes, plane: Ground) -> tuple[str, bytes]:
    """Return the contours of the codes' density on a map as segments, float32 [S, 4] for each share.

    Raises ValueError for too few codes.
    """
    made = contours(plane.to_plane(codes.means.astype(np.float64)))
    return values.packed(
        run.name, {f"line{k}": contour.segments.astype("<f4").tobytes() for k, contour in enumerate(made)}
    )


@st.cache_resource(max_entries=8, show_spinner=False)
def _lines(path: Path, version: library.Stamp, name: str, changed: object, _plane: Ground) -> tuple[str, bytes]:
    run = library.open_run(path.name)
    return lines(run, run.codes, _plane)


def header(run: Run, codes: Codes, style: MapStyle, paint: Paint | None) -> dict[str, Any]:
    """Return the layer's header; the arrays that it names are sent apart."""
    return {
        "chart": CHART_KEY,
        "run": run.name,
        "n": len(codes),
        "colour": None if paint is None else paint.header(),
        "marks": style.images,
        "shares": list(SHARES),
        "serial": saved_selections.chosen(run, codes).serial,
    }


def layer(run: Run, codes: Codes, plane: Ground, name: str, style: MapStyle) -> tuple[np.ndarray, Paint | None]:
    """Mount the layer on the map of that name; return the selection's sorted indices and the numbers that colour it."""
    if refused := saved_selections.follow_address(run, codes):
        st.warning(say(refused), icon=":material/link_off:")
    version = library.stamp(run.path)
    paint = colouring.paint(run, codes, style.colour)
    head = header(run, codes, style, paint)
    sent: dict[str, bytes] = {}
    ground = (run.path, version, name, getattr(plane, "note", ""), plane)
    if style.contours:
        try:
            with st.spinner(say("Finding the density of the codes …")):
                head["contours"], sent["contours"] = _lines(*ground)
        except ValueError as error:
            st.caption(say("No contours: {why}.", why=messages.sentence(error)))
    if paint is not None:
        head["colour"]["id"], sent["colour"] = values.packed(run.name, {"values": paint.values.astype("<f4").tobytes()})
    with st.container(key="layer", gap=None):
        for what, data in sent.items():
            values.send(run.name, what, data)
        result = _component(
            data=pack(head, {"bits": saved_selections.bits(saved_selections.chosen(run, codes), len(codes))}),
            key=f"layer_{run.name}",
            height="content",
            on_lasso_change=lambda: None,
            on_seen_change=lambda: None,
        )
    saved_selections.handle_event(run, codes, result.get("lasso"), name)
    handle_seen(run, result.get("seen"))
    return saved_selections.chosen(run, codes).index, paint
