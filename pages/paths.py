"""Paths: the map with a path on the left, its frames and what it crosses on the right; attributes and files below."""

import streamlit as st

from ui.explore import controls
from ui.paths import page as paths
from ui.shared import figures, library, messages
from ui.state import paths as path_state
from ui.state import view as state
from vae.answers import pool
from vae.runs import RunError

view = state.view()
if view is None:
    st.stop()
run = view.run
try:
    codes = run.codes
except RunError as error:
    messages.failure(error)
    st.stop()

pool.warm()
plane, refused = state.choose_plane(run, codes, view.plane)
name = "" if refused else view.plane
path, problems = path_state.view(run, codes)
for text in [refused] * bool(refused) + problems:
    messages.problem(text)
images = library.images(run)

left, right = st.columns([1, 1], gap="medium")
with left:
    paths.latent_map(run, codes, plane, name, path)
    if run.spec.latent > 2:
        controls.plane_choice(run, codes, plane, name)
        st.caption("A waypoint keeps what it has off this plane; a new one takes it from the code nearest on the map.")
    drawn, every = figures.thinned(codes)
    if every > 1:
        st.caption(messages.thinned(len(drawn), len(codes)))
    if not run.spec.probabilistic:
        st.caption(messages.AUTOENCODER)
    if run.spec.labels:
        st.caption(messages.conditional(codes.classes, None))
    if images is None:
        messages.data_missing(run)
with right:
    try:
        paths.panel(run, codes, plane, name, images)
    except RunError as error:
        messages.failure(error)
