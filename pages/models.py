"""Models: the library as cards, and the chosen model in full: card, numbers, curves and the command that made it."""

import streamlit as st

from ui.models import detail, differing, listing, plane, table
from ui.shared import frame
from ui.state import mode

view = frame.view()
left, right = st.columns([1, 2], gap="large")
with left:
    listing.library_cards(view.run)
with right, frame.failures():
    detail.detail(view.run)
if mode.expert():
    with frame.failures():
        table.every_run()
        plane.plane(view.run)
        plane.parallel()
        differing.differs(view.run)
