"""The map with its selection, and the choice of a plane: the left column of Explore."""

import numpy as np
import streamlit as st

from ui.decode import decoder
from ui.explore import bigmap, colouring, layer, map_style, mapping, saved_selections, selection
from ui.shared import messages
from ui.shared.fragments import fragment
from ui.state import lasso, session
from ui.state import map as map_state
from ui.state.lasso import Step
from ui.state.view import set_label, set_plane
from ui.words import phrase, say, say_n
from vae.geometry import embedding
from vae.geometry.plane import REST, Bent, Ground, Plane
from vae.runs import SHOWN_LABEL, Codes, Run, RunError

NONE = phrase("**No points selected.** Use Lasso or Box, or press A for all.")
SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


@fragment
def latent_map(run: Run, codes: Codes, plane: Ground, name: str) -> None:
    """Draw the map and the selection under it. A gesture runs this fragment only, and the figure stays the same."""
    with st.container(gap="xsmall"):
        try:
            bigmap.bigmap(run, codes, plane, name)
        except RunError as error:
            messages.failure(error)
            return
        index, paint = layer.layer(run, codes, plane, name, map_state.map_style())
        _strip(run, codes, index)
    if len(index):
        if paint is not None and (text := colouring.summary(paint, index)):
            st.caption(text)
        selection.panel(run, plane, index)


def _strip(run: Run, codes: Codes, index: np.ndarray) -> None:
    """Draw the number of selected codes and the buttons for map and selection."""
    everything = len(index) == len(codes)

    def choose_all() -> None:
        if everything:
            saved_selections.choose(run, codes, saved_selections.NOTHING)
        else:
            saved_selections.choose(run, codes, np.arange(len(codes)), Step(lasso.ALL))

    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="strip"):
        count = say_n(
            "**1 point** of {all:,} selected.", "**{n:,} points** of {all:,} selected.", len(index), all=len(codes)
        )
        st.markdown(count if len(index) else say(NONE), width="stretch")
        st.button(
            say("Select none") if everything else say("Select all"),
            key="selection_all_button",
            on_click=choose_all,
            shortcut="a",
        )
        map_style.selections(run, codes, index)
        map_style.styles(run, codes)


def plane_choice(run: Run, codes: Codes, plane: Ground, name: str, bent: bool = False) -> None:
    """Draw the choice of a plane in more than two dimensions; `bent` are the nonlinear maps that are offered too.

    The callbacks change the URL. A bent map that is still to be made is made, with its progress shown.
    """
    kinds = (
        {"": say("Pair")}
        | ({"pca": "PCA"} if codes.components is not None else {})
        | (embedding.TITLES if bent else {})
    )
    chosen = name if name in kinds else ""

    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        session.widget("plane_kind").set(chosen)
        st.segmented_control(
            say("Plane"),
            list(kinds),
            format_func=kinds.__getitem__,
            required=True,
            key="plane_kind",
            on_change=lambda: set_plane(session.widget("plane_kind").get()),
            label_visibility="collapsed",
        )
        if not chosen and isinstance(plane, Plane):
            _pair(run, plane)
        note = say(plane.note or REST)
        st.caption(
            note
            if isinstance(plane, Bent)
            else say("Latent space with {count} dimensions; {note}", count=run.spec.latent, note=note),
            width="content",
        )
    if bent and mapping.missing(codes, chosen):
        mapping.making(run, codes, chosen)


def _pair(run: Run, plane: Plane) -> None:
    """Offer two dimensions."""
    shown = [int(i) for i in np.argmax(np.abs(plane.basis), axis=1) + 1]

    def pair() -> None:
        i, j = (session.widget(key).get() for key in ("plane_x", "plane_y"))
        if i == j:  # the same dimension twice is no plane: the axes change places
            i, j = reversed(shown)
        set_plane(f"{i},{j}")

    for key, label, value in zip(("plane_x", "plane_y"), (say("Across"), say("Up")), shown, strict=True):
        session.widget(key).set(value)
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
    """Draw the label of a conditional decoder; where the browser runs the decoder, it can be changed."""
    st.caption(messages.conditional(codes.classes, label))
    if not decoder.runnable(run):
        return
    session.widget("label_told").set(SHOWN_LABEL if label is None else label)
    st.pills(
        say("Condition: label given to the decoder"),
        range(run.spec.labels),
        format_func=lambda k: messages.class_name(codes.classes, k),
        required=True,
        key="label_told",
        on_change=lambda: set_label(session.widget("label_told").get()),
    )
