"""Diagnose: what is wrong with a model, in one line; below it a card for each of ten questions, with its evidence."""

import streamlit as st

from ui.diagnose import page
from ui.shared import frame
from ui.state import notices

view = frame.view()
with frame.failures():
    page.report(view.run)
if notices.redraw_asked():
    st.rerun()
