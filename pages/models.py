"""Models: the library as cards, and the chosen model in full: card, numbers, curves and the command that made it."""

import streamlit as st

from ui.models import detail, listing
from ui.shared import frame

view = frame.view()
left, right = st.columns([1, 2], gap="large")
with left:
    listing.library_cards(view.run)
with right, frame.failures():
    detail.detail(view.run)
