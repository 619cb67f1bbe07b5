"""The two lists under the map: its style, and the saved selections."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import streamlit as st

from ui.explore import colouring, saved_selections
from ui.explore.saved_selections import SelectionError
from ui.state import lasso, session
from ui.state.lasso import Step
from ui.state.map import MapStyle, apply_style, map_style
from ui.state.permalink import BY_CLASS
from ui.words import phrase, say
from vae.runs import Codes, Run

MARKS = {"points": phrase("Points"), "images": phrase("Images")}


def _change(key: str, change: Callable[[MapStyle, Any], MapStyle]) -> None:
    apply_style(change(map_style(), session.widget(key).get()))


def styles(run: Run, codes: Codes) -> None:
    """Offer the style of the map: what colours the codes, images instead of points, and contours."""
    style = map_style()
    with st.popover(say("Map"), icon=":material/palette:", key="map_dress"):
        _colour(run, style)
        session.widget("map_marks").set("images" if style.images else "points")
        st.segmented_control(
            say("Show codes as"),
            list(MARKS),
            format_func=lambda mark: say(MARKS[mark]),
            required=True,
            key="map_marks",
            on_change=_change,
            args=("map_marks", lambda style, value: replace(style, images=value == "images")),
            help=say("Images are shown at their codes, as many as fit without overlap. Zoom in for more."),
        )
        session.widget("map_contours").set(style.contours)
        st.toggle(
            say("Density contours"),
            key="map_contours",
            on_change=_change,
            args=("map_contours", lambda style, value: replace(style, contours=bool(value))),
            help=say("Contours of a kernel density estimate. They enclose 50, 80 and 95 % of the codes."),
        )
        colouring.uploader(run, codes)


def _colour(run: Run, style: MapStyle) -> None:
    offered = colouring.offered(run)
    session.widget("map_colour").set(style.colour if style.colour in offered else BY_CLASS)
    st.selectbox(
        say("Colour"),
        list(offered),
        format_func=offered.__getitem__,
        key="map_colour",
        on_change=_change,
        args=("map_colour", lambda style, value: replace(style, colour=value)),
        help=None if run.spec.probabilistic else say(colouring.WITHOUT_PRIOR),
    )


def selections(run: Run, codes: Codes, index: np.ndarray) -> None:
    """Draw the saved selections: to save, select, delete and download them."""
    kept = saved_selections.saved(run)
    with st.popover(say("Selections"), icon=":material/bookmark:", key="selections"):
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
            st.text_input(
                say("Name"),
                key="selection_name",
                placeholder=say("Selection {n}", n=len(kept) + 1),
                max_chars=saved_selections.LONGEST,
            )
            st.button(
                say("Save {count:,}", count=len(index)),
                key="selection_save",
                disabled=not len(index),
                on_click=_save,
                args=(run, index),
            )
        if not kept:
            st.caption(say("Saved selections appear here. On Paths you can use them as groups."))
        for k, (name, members) in enumerate(list(kept.items())):
            with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"selection_row_{k}"):
                st.button(
                    f"{name} · {len(members):,}",
                    key=f"selection_restore_{k}",
                    type="tertiary",
                    width="stretch",
                    on_click=saved_selections.choose,
                    args=(run, codes, members, Step(lasso.NAMED, name=name)),
                    help=say("Select these points again"),
                )
                st.button(
                    say("Delete"),
                    key=f"selection_delete_{k}",
                    type="tertiary",
                    icon=":material/delete:",
                    on_click=saved_selections.delete,
                    args=(run, name),
                )
        if kept:
            st.download_button(
                say("Download all"),
                lambda: saved_selections.to_json(run, codes, kept),  # called where there is no session to ask
                f"{run.name}-selections.json",
                "application/json",
                on_click="ignore",
                icon=":material/download:",
                key="selections_download",
            )
        _reload(run, codes)


def _save(run: Run, index: np.ndarray) -> None:
    try:
        saved_selections.save(run, session.widget("selection_name").get(), index)
    except SelectionError as error:
        session.SELECTIONS_FILE.set((None, str(error)))
    else:
        session.widget("selection_name").set("")


def _reload(run: Run, codes: Codes) -> None:
    file = st.file_uploader(say("Selections from a file"), type="json", key="selections_upload")
    read = session.SELECTIONS_FILE.get()
    serial = None if file is None else (run.name, file.file_id)
    if file is not None and read[0] != serial:
        try:
            saved_selections.saved(run).update(saved_selections.from_json(file.getvalue(), run, codes))
            read = (serial, "")
        except SelectionError as error:
            read = (serial, str(error))
        session.SELECTIONS_FILE.set(read)
        if not read[1]:
            st.rerun(scope="fragment")
    if read[1]:
        st.error(read[1])
