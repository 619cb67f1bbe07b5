"""Explore: the map of the codes on the left, what the decoder makes of the point under the pointer on the right."""

import streamlit as st

from ui.explore import controls, mapping, taking_away
from ui.explore.explorer import Pin, explorer
from ui.shared import frame, library, messages
from ui.state.view import CHART_KEY, EXPLORER_KEY, handle_pin
from ui.words import say

view = frame.view()
run = view.run
codes = frame.codes(run)
plane, name = frame.ground(view, codes)
images = library.examples_of(run)

with st.container(key="explore_columns"):
    left, right = st.columns([2, 1], gap="medium")
with left:
    # until a bent map is made, the default plane is shown, and no other figure than its own
    controls.latent_map(run, codes, plane, "" if mapping.missing(codes, name) else name)
    if run.spec.latent > 2:
        controls.plane_choice(run, codes, plane, name, bent=True)
    if not run.spec.probabilistic:
        st.caption(say(messages.AUTOENCODER))
    elif not run.spec.standard_prior:
        st.caption(messages.other_prior(run.spec))
    if run.spec.labels:
        controls.label_choice(run, codes, view.label)
    if images is None:
        messages.data_missing(run)
with right, frame.failures():
    pin = Pin(view.pin) if view.pin is not None else None
    pinned = explorer(
        run, plane, chart_key=CHART_KEY, codes=codes, images=images, pin=pin, label=view.label, key=EXPLORER_KEY
    )
    if handle_pin(view, pinned.z if pinned else None):
        st.rerun()  # the header was drawn with the old point: one more run, in which nothing else changes
    taking_away.download(run, plane, view.label)
