"""The map as one HTML file that the visitor takes away: it decodes without this server."""

import numpy as np
import streamlit as st

from ui.decode import decoder
from ui.shared import library, messages
from ui.words import say
from vae.answers import pool, sample
from vae.geometry.plane import Ground
from vae.page import html, verdicts
from vae.runs import SHOWN_LABEL, Run, RunError

DRAWS = 512  # of a learned prior


def _page(run: Run, plane: Ground, label: int | None) -> str:
    """Return the page of a map, with samples of a learned prior that the pool draws; raises RunError."""
    draws: np.ndarray | None = None
    if run.spec.probabilistic and not run.spec.standard_prior:
        told = SHOWN_LABEL if label is None else label
        draws = pool.ask(sample.draw, run.path, "prior", n=DRAWS, label=told).result().z
    images = library.examples_of(run)
    return html.page(run, plane=plane, images=images, draws=draws, label=label, judgement=verdicts.saved(run)).html


def download(run: Run, plane: Ground, label: int | None) -> None:
    """Draw a button that makes the page of this map when it is pressed; without a decoder for it, why there is none."""
    if not decoder.runnable(run):
        try:
            decoder.atlas_of(run, run.codes, plane)
        except RunError as error:
            st.caption(say("No page of this map. {why}", why=messages.plain(say(str(error)))))
            return
    st.download_button(
        say("Download this map as a page"), lambda: _page(run, plane, label), f"{run.name}.html", "text/html",
        key="download_page", icon=":material/download:", on_click="ignore",
        help=say(
            "One HTML file of at most 1.5 MB that opens without this app and without a network: map, live decoding, "
            "samples, traversals and the diagnosis."
        ),
    )  # fmt: skip
