"""The two lists under the map: how it is dressed, and the selections that were given names."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import streamlit as st

from ui.explore import colouring
from ui.explore import saved_selections as choosing
from ui.explore.saved_selections import SelectionError
from ui.state import map as map_state
from ui.state.map import Dress
from vae.runs import Codes, Run

MARKS = {"points": "Points", "images": "Images"}
TOLD = "chosen_told"  # in the session: which file of selections was read, and what was wrong with it


def _change(key: str, change: Callable[[object], dict[str, object]]) -> None:
    map_state.wear(replace(map_state.dress(), **change(st.session_state[key])))  # type: ignore[arg-type]


def wardrobe(run: Run, codes: Codes) -> None:
    """Offer what colours the codes, images in the place of points, and contours."""
    dress = map_state.dress()
    with st.popover("Map", icon=":material/palette:", key="map_dress"):
        _colour(run, dress)
        st.session_state["map_marks"] = "images" if dress.images else "points"
        st.segmented_control(
            "Codes as",
            list(MARKS),
            format_func=MARKS.__getitem__,
            required=True,
            key="map_marks",
            on_change=_change,
            args=("map_marks", lambda value: {"images": value == "images"}),
            help="Images stand at their codes, as many as fit without covering each other; zoom in for others.",
        )
        st.session_state["map_contours"] = dress.contours
        st.toggle(
            "Density contours",
            key="map_contours",
            on_change=_change,
            args=("map_contours", lambda value: {"contours": bool(value)}),
            help="The smallest regions that hold 50, 80 and 95 % of the codes, by a kernel density on the map.",
        )
        colouring.uploader(run, codes)


def _colour(run: Run, dress: Dress) -> None:
    offered = colouring.offered(run)
    st.session_state["map_colour"] = dress.colour if dress.colour in offered else map_state.BY_CLASS
    st.selectbox(
        "Colour",
        list(offered),
        format_func=offered.__getitem__,
        key="map_colour",
        on_change=_change,
        args=("map_colour", lambda value: {"colour": value}),
        help=None if run.spec.probabilistic else colouring.WITHOUT_PRIOR,
    )


def selections(run: Run, codes: Codes, index: np.ndarray) -> None:
    """Let selections be given names, chosen again, deleted, and taken home."""
    kept = choosing.saved(run)
    with st.popover("Selections", icon=":material/bookmark:", key="selections"):
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
            st.text_input(
                "Name", key="selection_name", placeholder=f"Selection {len(kept) + 1}", max_chars=choosing.LONGEST
            )
            st.button(
                f"Save {len(index):,}", key="selection_save", disabled=not len(index), on_click=_save, args=(run, index)
            )
        if not kept:
            st.caption("Saved ones can be chosen again, here and as groups on Paths.")
        for k, (name, members) in enumerate(list(kept.items())):
            with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"selection_row_{k}"):
                st.button(
                    f"{name} · {len(members):,}",
                    key=f"selection_restore_{k}",
                    type="tertiary",
                    width="stretch",
                    on_click=choosing.choose,
                    args=(run, codes, members),
                    help="Choose it again",
                )
                st.button(
                    "Delete",
                    key=f"selection_delete_{k}",
                    type="tertiary",
                    icon=":material/delete:",
                    on_click=kept.pop,
                    args=(name, None),
                )
        if kept:
            st.download_button(
                "Download all",
                lambda: choosing.to_json(run, codes, kept),  # called where there is no session to ask
                f"{run.name}-selections.json",
                "application/json",
                on_click="ignore",
                icon=":material/download:",
                key="selections_download",
            )
        _reload(run, codes)


def _save(run: Run, index: np.ndarray) -> None:
    try:
        choosing.save(run, st.session_state["selection_name"], index)
    except SelectionError as error:
        st.session_state[TOLD] = (None, str(error))
    else:
        st.session_state["selection_name"] = ""


def _reload(run: Run, codes: Codes) -> None:
    file = st.file_uploader("Selections from a file", type="json", key="selections_upload")
    told = st.session_state.get(TOLD, (None, ""))
    serial = None if file is None else (run.name, file.file_id)
    if file is not None and told[0] != serial:
        try:
            choosing.saved(run).update(choosing.from_json(file.getvalue(), run, codes))
            told = (serial, "")
        except SelectionError as error:
            told = (serial, str(error))
        st.session_state[TOLD] = told
        if not told[1]:
            st.rerun(scope="fragment")
    if told[1]:
        st.error(told[1])
