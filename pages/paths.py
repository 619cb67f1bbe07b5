"""Paths: the map with a path on the left, its frames and what it crosses on the right; attributes and files below."""

import streamlit as st

from ui.explore import controls
from ui.paths import page
from ui.shared import figures, frame, library, messages
from ui.state import paths
from ui.words import say
from vae.answers import pool

view = frame.view()
run = view.run
codes = frame.codes(run)
pool.warm()
plane, name = frame.plane(view, codes)
path, problems = paths.view(run, codes)
with frame.passing():
    for text in problems:
        messages.problem(text)
images = library.examples_of(run)

left, right = st.columns([1, 1], gap="medium")
with left:
    page.latent_map(run, codes, plane, name, path)
    if run.spec.latent > 2:
        controls.plane_choice(run, codes, plane, name)
        st.caption(
            say(
                "A waypoint keeps its coordinates outside this plane. A new waypoint takes them from the nearest code "
                "on the map."
            )
        )
    drawn, every = figures.thinned(codes)
    if every > 1:
        st.caption(
            say("Nearest images are looked for among {some:,} of {all:,} codes.", some=len(drawn), all=len(codes))
        )
    if not run.spec.probabilistic:
        st.caption(say(messages.AUTOENCODER))
    if run.spec.labels:
        st.caption(messages.conditional(codes.classes, None))
    if images is None:
        messages.data_missing(run)
with right, frame.failures():
    page.panel(run, codes, plane, name, images)
