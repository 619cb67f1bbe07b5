"""Diagnose: why a model is ill, in one line; below it a card for each of ten questions, with evidence and remedies."""

import streamlit as st

from ui.diagnose import page as diagnosis
from ui.shared import messages
from ui.state import view as state
from vae.runs import RunError

view = state.view()
if view is None:
    st.stop()
try:
    diagnosis.report(view.run)
except RunError as error:
    messages.failure(error)
if state.redraw_asked():
    st.rerun()
