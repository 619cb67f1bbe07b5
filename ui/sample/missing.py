"""Missing pixels on the Sample page: a hole is painted into an image, and the model says what may have been there."""

import base64
import binascii
import math
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from ui.sample import missing_rows
from ui.shared import asking, figures, frame, library, messages, parcels
from ui.shared.components import pack, source, styles
from ui.shared.fragments import fragment
from ui.state import mode, notices, session
from ui.state import view as state
from ui.state.view import View
from ui.words import phrase, say
from vae.answers import missing as answers
from vae.answers import pool
from vae.answers.missing import Filled
from vae.answers.pool import Answer
from vae.data import DataError
from vae.runs import Codes, Run, RunError
from vae.spec import SpecError

PATIENCE = 1.0  # seconds that a stroke waits for its answer
POLL = 400  # ms
MOST_CODES = 20_000  # numbers of the codes that the small map shows

AUTOENCODER = phrase("A plain autoencoder has no prior, so the visible part of an image does not say what z may be.")

SOURCE = source("sample/missing.js")
STYLE = styles("js/instrument.css", "sample/missing.css")
_component = st.components.v2.component("latent_missing", html="<div></div>", css=STYLE, js=SOURCE)
_answers = st.components.v2.component("latent_missing_answer", html="<span hidden></span>", js=source("js/answers.js"))


def hole(event: Any, shape: tuple[int, ...]) -> NDArray[np.bool_] | None:
    """Return which pixels [H, W] a browser's message hides; None for anything else, and for no pixel."""
    if not isinstance(event, Mapping) or not isinstance(event.get("bits"), str):
        return None
    try:
        content = base64.b64decode(event["bits"], validate=True)
    except (ValueError, binascii.Error):
        return None
    count = math.prod(shape)
    if len(content) != -(-count // 8):
        return None
    bits = np.unpackbits(np.frombuffer(content, np.uint8), bitorder="little")[:count].astype(bool)
    return bits.reshape(shape) if bits.any() else None


@st.cache_resource(max_entries=4, show_spinner=False)
def _map(_run: Run, path: Path, version: object) -> bytes:
    """Return the codes that the small map shows, float32."""
    codes = _run.codes
    return codes.means[:: -(-codes.means.size // MOST_CODES)].astype("<f4").tobytes()


def _image(run: Run, codes: Codes, i: int, label: int | None) -> NDArray[Any]:
    """Return image i, from the data, or without them the decoder's mean at the image's code."""
    images = library.images(run)
    return library.decode(run, codes.means[i : i + 1], label)[0] if images is None else images[i]


def payload(run: Run, codes: Codes, i: int, pixels: NDArray[Any], own: bool) -> bytes:
    """Return what the component needs: the image and the codes."""
    shown = pixels if pixels.dtype == np.uint8 else np.rint(np.clip(pixels, 0, 1) * 255).astype(np.uint8)
    label = "" if own or codes.labels is None else figures.class_name(codes, int(codes.labels[i]))
    image = f"{say(codes.split)} #{i}" + (f" ({label})" if label else "")
    header: dict[str, Any] = {
        "run": run.name,
        "latent": run.spec.latent,
        "shape": list(run.spec.shape),
        "image": i,
        "count": len(codes),
        "title": say("your drawing") if own else image,
        "exact": run.spec.latent <= 2,
        "expert": mode.expert(),
    }
    return pack(header, {"image": shown.tobytes(), "codes": _map(run, run.path, library.stamp(run.path))})


def answer_payload(channel: str, serial: int, image: int, answer: Answer[Filled]) -> bytes:
    """Return an answer for the browser: numbers in the header, arrays as float32; or a note that it is not ready."""
    header: dict[str, Any] = {"channel": channel, "serial": serial, "image": image, "poll": POLL}
    if not answer.done:
        return pack({**header, "waiting": True}, {})
    try:
        found = answer.result()
    except (RunError, DataError, SpecError) as error:
        return pack({**header, "failed": say(str(error))}, {})
    header |= {
        "axes": [[float(axis[0]), float(axis[-1]), len(axis)] for axis in found.axes],
        "z": np.round(found.z.astype(np.float64), 4).tolist(),
        "log_seen": found.log_seen,
        "log_hidden": None if math.isnan(found.log_hidden) else found.log_hidden,
        "accepted": found.accepted,
        "r_hat": found.r_hat,
    }
    arrays = ("mean", "spread", "means", "samples", "density")
    return pack(header, {name: np.ascontiguousarray(getattr(found, name), "<f4").tobytes() for name in arrays})


def missing(view: View, codes: Codes, label: int, *, key: str) -> None:
    """Show what a model says of the hidden part of the image that is looked at."""
    if view.run.spec.prior is None:
        st.info(say(AUTOENCODER))
    elif len(view.run.spec.shape) == 3:
        _pixels(view, codes, label, key)
    else:
        missing_rows.rows(view, codes, label)


@fragment
def _pixels(view: View, codes: Codes, label: int, key: str) -> None:
    run = view.run
    name = f"{key}_{run.name}"
    given = label if run.spec.labels else None
    seen = state.view() or view
    i, problem = state.image(seen, codes)
    with frame.passing():
        if problem:
            messages.problem(problem)
    own, _ = state.own_example(seen)
    try:
        pixels = own.array if own is not None else _image(run, codes, i, given)
    except RunError as error:
        messages.failure(error)
        return
    number = i if own is None else own.number

    def chosen() -> None:
        event = session.reported(name, "image")
        if isinstance(event, int) and not isinstance(event, bool) and 0 <= event < len(codes):
            state.set_image(run, codes, event)
            notices.ask_redraw()

    with st.container(key=key):
        data = payload(run, codes, number, pixels, own is not None)
        _component(
            data=parcels.placed(data), key=name, height="content", on_image_change=chosen, on_hole_change=lambda: None
        )
    event = session.reported(name, "hole")
    hidden = hole(event, run.spec.shape[1:])
    if hidden is None or event.get("image") != number:
        return
    question = (run.name, library.stamp(run.path), number, pixels.tobytes(), hidden.tobytes(), given)
    counted = None if own is not None else i
    found = asking.once(key, question, lambda: pool.ask(answers.fill, run.path, pixels, hidden, given, counted))
    with suppress(TimeoutError, RunError, DataError, SpecError):  # whoever draws it sees what became of it
        found.result(PATIENCE)
    serial = event.get("serial")
    sent = answer_payload(name, serial if isinstance(serial, int) else 0, number, found)
    _answers(data=sent, key="missing_answer", height="content")
