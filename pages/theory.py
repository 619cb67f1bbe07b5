"""Theory: the derivation in six chapters, every term with the number that it has for the picked image."""

import streamlit as st

from ui.shared import library, messages
from ui.state import view as state
from ui.theory import page as theory
from vae.answers import pool
from vae.runs import RunError

view = state.view()
if view is None:
    st.stop()
pool.warm()
try:
    codes = view.run.codes
except RunError as error:
    messages.failure(error)
    st.stop()
images = library.images(view.run)
if images is None:
    messages.data_missing(view.run)
theory.chapters(view, codes, images)
theory.formulas(view.run)
