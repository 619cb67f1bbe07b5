"""The dialog in which a visitor makes an example: it is encoded while it is drawn or typed, and its cloud moves."""

import base64
import binascii
import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from ui.decode import decoder
from ui.draw import rows
from ui.shared import asking, frame, library, messages, parcels
from ui.shared.components import pack, source, styles
from ui.shared.pictures import picture, thumbnail
from ui.state import handmade, notices, session
from ui.state import view as state
from ui.state.view import View
from ui.words import say
from ui.words.speaking import language
from vae import data
from vae.answers import explore, pool
from vae.answers.pool import Answer
from vae.data import DataError, placement
from vae.runs import SHOWN_LABEL, Run, RunError
from vae.spec import SpecError

KEY = "drawing"
PATIENCE = 1.5  # seconds that a stroke waits for its code
POLL = 400  # ms
MOST_CODES = 30_000  # numbers of the codes of other examples that the small map shows
MOST_DECODED = 64  # codes whose decoded images stand in for data that are not here, to measure how images are placed
SIDE = 28  # pixels of the picture in the page's head

SOURCE = source("draw/draw.js")
STYLE = styles("js/instrument.css", "draw/draw.css")
_component = st.components.v2.component("latent_drawing", html="<div></div>", css=STYLE, js=SOURCE)
_answers = st.components.v2.component("latent_drawing_answer", html="<span hidden></span>", js=source("js/answers.js"))


@st.cache_resource(max_entries=8, show_spinner=False)
def _placement(_run: Run, path: Path, version: object, here: bool) -> placement.Placement:
    images = library.images(_run)
    if images is None:  # not on this machine: what the model decodes of its codes is placed the same
        label = SHOWN_LABEL if _run.spec.labels else None
        images = library.decode(_run, _run.codes.means[:MOST_DECODED], label)
    return placement.measure(images)


def placed(run: Run) -> placement.Placement:
    """Return how the images of a run's data are centred and scaled; raises RunError."""
    return _placement(run, run.path, library.stamp(run.path), library.images(run) is not None)


def _description(run: Run) -> data.Description | None:
    with suppress(DataError):  # data that this machine does not know
        return data.describe(run.spec.data)
    return None


@st.cache_resource(max_entries=4, show_spinner=False)
def _payload(_run: Run, path: Path, version: object, pixels: bool, language: str) -> bytes:
    """Return what the component needs of a model: codes, decoder, placement; raises RunError."""
    run, codes = _run, _run.codes
    every = -(-codes.means.size // MOST_CODES)
    sections = {"codes": codes.means[::every].astype("<f4").tobytes()}
    about = _description(run)
    header: dict[str, Any] = {
        "name": run.name,
        "latent": run.spec.latent,
        "shape": list(run.spec.shape),
        "lines": None if about is None or about.lines is None else list(about.lines),
        "canvas": pixels,
        "probabilistic": run.spec.probabilistic,
        "example": say("image" if about is None else about.example),
        "placement": placed(run).header() if pixels else None,
    }
    if decoder.runnable(run):
        header["decoder"], weights = decoder.pack(run)
        sections["weights"] = weights.tobytes()
    return pack(header, sections)


def drawn(event: Any, shape: Sequence[int]) -> NDArray[np.float32] | None:
    """Return the image [C, H, W] in [0, 1] of a browser's message, None for anything else."""
    if not isinstance(event, Mapping) or not isinstance(event.get("pixels"), str):
        return None
    try:
        content = base64.b64decode(event["pixels"], validate=True)
    except (ValueError, binascii.Error):
        return None
    if len(content) != math.prod(shape):
        return None
    return np.frombuffer(content, np.uint8).reshape(tuple(shape)).astype(np.float32) / np.float32(255)


def chip(view: View) -> None:
    """Draw the button that opens the dialog, with the example made by hand where that is looked at."""
    run = view.run
    row = len(run.spec.shape) != 3
    own, problem = state.own_example(view)
    if problem:
        messages.problem(problem)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", width="content", key="chip_own"):
        if own is not None:
            if own.pixels:
                picture(*thumbnail(own.array, SIDE), say("Your drawing"))
            st.caption(say("your drawing") if own.pixels else say("your row"), width="content")
            st.button(say("Remove"), key="own_drop", type="tertiary", on_click=state.drop_own_example)
        label, icon = (say("Type"), ":material/keyboard:") if row else (say("Draw"), ":material/draw:")
        what = say("Type a row of your own.") if row else say("Draw an image of your own.")
        st.button(label, icon=icon, key="own_open", help=what, on_click=session.DRAWING.set, args=(True,))
        if session.DRAWING.get():  # whatever else draws the page again, it stays open
            title = say("Type a row") if row else say("Draw your own")
            st.dialog(title, width="medium", on_dismiss=session.DRAWING.forget)(_panel)(view)
    if own is not None and not handmade.linked(own):
        st.caption(say("This drawing is too long for a link: a reload keeps its code z and loses the drawing."))


def _panel(view: View) -> None:
    run = view.run
    try:
        pixels = len(run.spec.shape) == 3
        with st.spinner(say("Measuring how the images were centred …")):
            payload = _payload(run, run.path, library.stamp(run.path), pixels, language())
    except RunError as error:
        messages.failure(error)
        return
    name = f"{KEY}_{run.name}"
    if pixels:
        # what was drawn stays with the component; after another run of the dialog it is the same event
        values = drawn(session.reported(name, "drawn"), run.spec.shape)
    else:
        values = rows.form(run, _description(run), state.own_example(view)[0])
    answer = None if values is None else _encoded(run, values, view.label)
    with frame.passing():
        if answer is not None:
            sent = _answer(name, answer, session.reported(name, "drawn"))
            _answers(data=sent, key="drawing_answer", height="content")
    with st.container(key=KEY):
        _component(data=parcels.placed(payload), key=name, height="content", on_drawn_change=lambda: None)
    if st.button(say("Use it on every page"), key="own_use", type="primary", disabled=values is None):
        assert values is not None
        _use(run, values, answer)


def _encoded(run: Run, values: NDArray[np.float32], label: int | None) -> Answer[explore.Encoded]:
    """Return the code of one example, asked for once: of two strokes in a moment, the pool answers the later one."""
    given = (SHOWN_LABEL if label is None else label) if run.spec.labels else None
    question = (run.name, library.stamp(run.path), values.tobytes(), given)
    found = asking.once(KEY, question, lambda: pool.ask(explore.encode, run.path, values[None], given))
    with suppress(TimeoutError, RunError, DataError, SpecError):  # whoever draws it sees what became of it
        found.result(PATIENCE)
    return found


def _answer(name: str, answer: Answer[explore.Encoded], event: Any) -> bytes:
    """Return a code for the browser, with the number of the stroke that it answers."""
    header: dict[str, Any] = {"channel": name, "serial": event.get("serial", 0) if isinstance(event, Mapping) else 0}
    if not answer.done:
        return pack({**header, "waiting": True, "poll": POLL}, {})
    try:
        found = answer.result()
    except (RunError, DataError, SpecError) as error:
        return pack({**header, "failed": say(str(error))}, {})
    scale = None if found.scales is None else [float(v) for v in found.scales[0]]
    return pack({**header, "mean": [float(v) for v in found.means[0]], "scale": scale}, {})


def _use(run: Run, values: NDArray[np.float32], answer: Answer[explore.Encoded] | None) -> None:
    """Make an example the image of all pages, and close the dialog."""
    if answer is None:
        return
    try:
        code = answer.result(10 * PATIENCE).means[0]
    except (TimeoutError, RunError, DataError, SpecError) as error:
        messages.failure(error)
        return
    state.set_own_example(handmade.make(values, tuple(float(v) for v in code)))
    session.DRAWING.forget()
    notices.ask_redraw()
    st.rerun()
