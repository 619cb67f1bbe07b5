"""Compare: two to four models under one cursor and one lasso, and their numbers with the differences' errors."""

import streamlit as st

from ui.compare import page as comparing
from ui.shared import library, messages
from ui.state import view as state
from vae.runs import RunError

runs, problems = state.compared()
for text in problems:
    messages.problem(text)
titles = {run.name: run.title for run in [*library.usable(), *library.examples(), *runs]}
with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
    st.session_state["compare_models"] = [run.name for run in runs]
    st.multiselect(
        "Models",
        list(titles),
        format_func=titles.__getitem__,
        max_selections=state.MOST_COMPARED,
        key="compare_models",
        label_visibility="collapsed",
        on_change=lambda: state.set_compared(st.session_state["compare_models"]),
    )
    align = st.toggle(
        "Align",
        key="compare_align",
        help="Turn each 2-D map until it lies on the first one as well as it can (Procrustes).",
    )
if len(runs) < 2:
    st.info(
        "Choose two to four models. The first is the one that the others are compared with.", icon=":material/compare:"
    )
    st.stop()
try:
    shown = comparing.panels(runs, align)
except RunError as error:
    messages.failure(error)
    st.stop()
comparing.compared(shown, align)
