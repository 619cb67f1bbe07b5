"""The map with its selection, and the choice of a plane: what stands in the left column of Explore."""

from collections.abc import Callable
from typing import cast

import numpy as np
import streamlit as st
from streamlit.elements.plotly_chart import PlotlyState

from ui import bigmap, decoder, geometry, library, mapping, messages, selection, state
from vae import embedding
from vae.plane import Bent, Ground, Plane
from vae.runs import SHOWN_LABEL, Codes, Run, RunError

CHART = {"displaylogo": False, "scrollZoom": True, "modeBarButtonsToRemove": ["toImage"]}
SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


@st.fragment
def latent_map(run: Run, codes: Codes, plane: Ground, name: str) -> None:
    """Draw the map and, under it, the selection: a lasso runs this fragment alone and leaves the figure as it is."""

    def lassoed() -> None:
        st.session_state[state.ALL_KEY] = False

    def choose_all() -> None:
        st.session_state[state.ALL_KEY] = not st.session_state.get(state.ALL_KEY, False)

    draw = bigmap.bigmap if geometry.apart(codes) else _plotly
    try:
        chosen = draw(run, codes, plane, name, lassoed)
    except RunError as error:
        messages.failure(error)
        return
    everything = st.session_state.get(state.ALL_KEY, False)
    index = np.arange(len(codes)) if everything else chosen
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="strip"):
        text = f"of {len(codes):,} selected." if len(index) else "Lasso or box on the map, or press A for all."
        st.markdown(f"**{len(index):,} point{'s' * (len(index) != 1)}** {text}", width="stretch")
        st.button("None" if everything else "All", key="selection_all_button", on_click=choose_all, shortcut="a")
    if len(index):
        selection.panel(run, plane, index)


def _plotly(run: Run, codes: Codes, plane: Ground, name: str, lassoed: Callable[[], None]) -> np.ndarray:
    """Draw the map with Plotly, and return the indices of the codes that are selected on it."""
    prior = "the prior is learned" if run.spec.probabilistic else "an autoencoder, so without a prior"
    kind = "rings mark 1, 2 and 3 σ of the prior" if run.spec.normal_prior else prior
    event = st.plotly_chart(
        library.latent_map(run, name, plane),
        key=state.CHART_KEY,
        on_select=lassoed,
        selection_mode=("lasso", "box"),
        config=CHART,
        alt=f"Map of {len(codes):,} codes of {run.spec.data} in {run.name}'s latent space, coloured by class; {kind}.",
    )
    return selection.indices(cast(PlotlyState, event).selection.points, codes)


def plane_choice(run: Run, codes: Codes, plane: Ground, name: str, bent: bool = False) -> None:
    """Offer the planes of a latent space of more than two dimensions, and `bent` the maps that are none.

    The callbacks change the URL. A bent map that is still to be made is made, with its progress shown.
    """
    bent = bent and not geometry.apart(codes)  # neighbours of so many would take too long
    kinds = {"": "Pair"} | ({"pca": "PCA"} if codes.components is not None else {}) | (embedding.TITLES if bent else {})
    chosen = name if name in kinds else ""

    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.session_state["plane_kind"] = chosen
        st.segmented_control(
            "Plane",
            list(kinds),
            format_func=kinds.__getitem__,
            required=True,
            key="plane_kind",
            on_change=lambda: state.set_plane(st.session_state["plane_kind"]),
            label_visibility="collapsed",
        )
        if not chosen and isinstance(plane, Plane):
            _pair(run, plane)
        note = plane.note or "other dimensions at 0"
        st.caption(note if isinstance(plane, Bent) else f"{run.spec.latent}-D latent: {note}", width="content")
    if bent and mapping.missing(codes, chosen):
        mapping.making(run, codes, chosen)


def _pair(run: Run, plane: Plane) -> None:
    """Offer two dimensions."""
    shown = [int(i) for i in np.argmax(np.abs(plane.basis), axis=1) + 1]

    def pair() -> None:
        i, j = st.session_state["plane_x"], st.session_state["plane_y"]
        if i == j:  # the same dimension twice is no plane: the axes change places
            i, j = reversed(shown)
        state.set_plane(f"{i},{j}")

    for key, label, value in zip(("plane_x", "plane_y"), ("Across", "Up"), shown, strict=True):
        st.session_state[key] = value
        st.selectbox(
            label,
            range(1, run.spec.latent + 1),
            format_func=lambda i: f"z{i}".translate(SUBSCRIPTS),
            key=key,
            on_change=pair,
            width=90,
            label_visibility="collapsed",
        )


def label_choice(run: Run, codes: Codes, label: int | None) -> None:
    """Say which label a conditional decoder is told, and offer the others where the browser runs the decoder."""
    st.caption(messages.conditional(codes.classes, label))
    if not decoder.runnable(run):
        return
    st.session_state["label_told"] = SHOWN_LABEL if label is None else label
    st.pills(
        "Label told to the decoder",
        range(run.spec.labels),
        format_func=lambda k: messages.class_name(codes.classes, k),
        required=True,
        key="label_told",
        on_change=lambda: state.set_label(st.session_state["label_told"]),
    )
