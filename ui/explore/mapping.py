"""Making a t-SNE or UMAP map of the codes in the background: one at a time on this machine, with progress."""

from functools import partial

import streamlit as st

from ui.shared import background, library, messages
from ui.shared.fragments import fragment
from ui.state import session
from ui.state.view import set_plane
from ui.words import say
from vae.geometry import embedding
from vae.geometry.embedding import TITLES
from vae.runs import Codes, Run

PREFIX = "embed "


def _key(codes: Codes, method: str) -> str:
    return PREFIX + embedding.file(codes, method).stem


def missing(codes: Codes, method: str) -> bool:
    """Return whether a map that was asked for is still to be made."""
    able = method in embedding.METHODS and codes.means.shape[1] > 2
    return able and library.embedding(codes, method) is None


@partial(fragment, run_every=0.7)
def making(run: Run, codes: Codes, method: str) -> None:
    """Start the map when it is first in the queue, show its progress, and redraw the page when it is done."""
    key, title = _key(codes, method), TITLES[method]
    asked = session.MAPS.kept()
    job = background.job(key)
    if job is None or (not job.running and key not in asked):
        if any(other != key for other in background.running(PREFIX)):
            st.caption(
                say(
                    "{map} is in the queue: another map is being computed. The default plane is shown until then.",
                    map=title,
                )
            )
            return
        asked.add(key)
        job = background.start(key, ["embed", str(run.path), "--method", method])
    if not job.running:
        if library.embedding(codes, method) is not None:
            st.rerun()
        if not job.cancelled:
            messages.problem(
                say("{map} could not be computed: {why} The default plane is shown.", map=title, why=say(job.last_line))
            )
            st.button(say("Try again"), key="map_again", on_click=asked.discard, args=(key,))
        return
    share, _, text = job.last_line.partition("% ")
    with st.container(horizontal=True, vertical_alignment="center", wrap=False):
        st.progress(int(share) / 100 if share.isdigit() else 0.0, f"{title}: {say(text) if text else say('starting')}")
        if st.button(say("Cancel"), type="tertiary", key="map_cancel"):
            _cancel(key)
            st.rerun()


def _cancel(key: str) -> None:
    """Cancel the map; while another visitor waits for it, only this visitor stops waiting."""
    asked = session.MAPS.get()
    job = background.job(key)
    if key in asked and job is not None:
        job.stop()
    asked.discard(key)
    set_plane("")
