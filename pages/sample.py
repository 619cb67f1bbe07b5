"""Sample: draws from the prior, from the codes, from a box, decoded; manifolds, traversals, and missing pixels."""

import streamlit as st

from ui.decode import decoder
from ui.explore import controls
from ui.sample import page
from ui.sample.manifold import manifold
from ui.sample.missing import missing
from ui.sample.shared_model import share_model
from ui.sample.traverse import traverse
from ui.shared import frame
from ui.words import say
from vae.answers import pool

pool.warm()
view = frame.view()
run = view.run
with frame.failures():
    codes = frame.codes(run)
    plane, name = frame.plane(view, codes)
    settings = page.chooser(run)
    if settings.show == "samples":
        page.grids(run, plane, key="samples")
        page.unavailable(run)
    elif settings.show == "traverse":
        traverse(run, codes, runnable=decoder.runnable(run), label=settings.label, key="traverse")
    elif settings.show == "missing":
        missing(view, codes, settings.label, key="missing")
    elif run.spec.latent > 1:
        manifold(run, plane, key="manifold")
        if run.spec.latent > 2:
            controls.plane_choice(run, codes, plane, name)
    else:
        st.info(say("A latent space with one dimension is a line. Traverse shows all of it."))
    share_model(run, plane, settings.label, key="shelf")
