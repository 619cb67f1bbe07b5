"""Sample: what the decoder makes of draws from the prior, from the codes, from a box; manifolds, and traversals."""

import streamlit as st

from ui.decode import decoder
from ui.explore import controls
from ui.sample import manifold, shelf, traverse
from ui.sample import page as sampling
from ui.shared import messages
from ui.state import view as state
from vae.answers import pool
from vae.runs import RunError

pool.warm()
view = state.view()
if view is None:
    st.stop()
run = view.run
try:
    codes = run.codes
    plane, refused = sampling.ground(view)
    if refused:
        messages.problem(refused)
    settings = sampling.chooser(run)
    if settings.show == "samples":
        sampling.grids(run, plane, key="samples")
        sampling.unavailable(run)
    elif settings.show == "traverse":
        traverse.traverse(run, codes, runnable=decoder.runnable(run), label=settings.label, key="traverse")
    elif run.spec.latent > 1:
        manifold.manifold(run, plane, key="manifold")
        if run.spec.latent > 2:
            controls.plane_choice(run, codes, plane, "" if refused else view.plane)
    else:
        st.info("One latent dimension is a line, not a plane: its traversal is the whole manifold.")
    shelf.shelf(run, plane, settings.label, key="shelf")
except RunError as error:
    messages.failure(error)
