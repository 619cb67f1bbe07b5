"""The trained model in the formats of other programs, as downloads."""

from functools import partial

import streamlit as st

from ui.words import say
from vae.answers import formats, pool
from vae.runs import Run


def _zipped(run: Run, name: str) -> bytes:
    return pool.ask(formats.bundle, run.path, name).result()


def downloads(run: Run) -> None:
    """Draw a button for each format; one that needs a package which is not here says what to install."""
    st.caption(say("The model for other programs"))
    for name, kind in formats.FORMATS.items():
        if kind.missing:
            st.caption(say(kind.missing))
            continue
        st.download_button(
            say(kind.title),
            partial(_zipped, run, name),
            f"{run.name}-{name}.zip",
            "application/zip",
            key=f"export_{name}",
            icon=":material/output:",
            on_click="ignore",
            help=say("A zip of {content}.", content=say(kind.about)),
        )
