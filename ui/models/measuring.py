"""Measuring the chosen model again on the Models page: with more samples, on more images, by the pool's processes."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import streamlit as st

from ui.shared import messages
from ui.shared.chips import number
from ui.shared.fragments import fragment
from ui.state import session
from ui.words import phrase, say
from vae import data
from vae.answers import models, pool
from vae.answers.pool import Answer
from vae.data import DataError
from vae.runs import Run, RunError
from vae.spec import SpecError

SAMPLES = (100, 500, 5_000)
IMAGES = (100, 1_000)
ROWS = {
    "elbo": "ELBO",
    "log_px": "log p(x) ≥ $L_{{{k}}}$",
    "distortion": phrase("Distortion −E[log p(x\\|z)]"),
    "rate": phrase("Rate KL(q‖p)"),
}


@dataclass(frozen=True)
class Request:
    """A measurement that this session asked for: K samples, n images, and the pool's answer."""

    k: int
    n: int
    answer: Answer[dict[str, Any]]


def _requests() -> dict[str, Request]:
    return session.MEASUREMENTS.kept()


def asked(run: Run) -> bool:
    """Return whether this session has asked for a measurement of a run."""
    return str(run.path) in _requests()


def _ask(run: Run, k: int, n: int) -> None:
    before = _requests().get(str(run.path))
    answer = pool.ask(models.measure, run.path, k=k, n=n)
    if before is not None and before.answer is not answer:
        before.answer.drop()
    _requests()[str(run.path)] = Request(k, n, answer)


def _stop(run: Run) -> None:
    request = _requests().pop(str(run.path), None)
    if request is not None:
        request.answer.drop()


def duration(seconds: float) -> str:
    """Return a duration with its unit."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


@fragment
def measuring(run: Run) -> None:
    """Draw a button that measures a run again, its progress and its numbers; the saved numbers are unchanged."""
    with st.container(key="measuring", gap="small"):
        try:
            description, here = data.describe(run.spec.data), data.available(run.spec.data)
        except DataError as error:
            st.caption(f"{say('This model cannot be evaluated again on this machine.')} {messages.sentence(error)}")
            return
        if not here:
            name = description.title
            st.caption(say("Evaluating it again needs {data}, which is not on this machine.", data=name))
            return
        size = description.sizes[2]
        with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
            k = 1
            if run.spec.probabilistic:
                k = st.pills(
                    say("Samples K"), SAMPLES, default=SAMPLES[0], required=True, format_func="{:,}".format,
                    key="measure_k",
                )  # fmt: skip
            n = st.pills(
                say("Test images"),
                [n for n in IMAGES if n < size] + [size],
                default=min(size, IMAGES[-1]),
                required=True,
                format_func=lambda n: say("all {count:,}", count=n) if n == size else f"{n:,}",
                key=f"measure_n_{size}",
            )
            st.button(
                say("Evaluate with these settings"),
                icon=":material/straighten:",
                key="measure",
                on_click=_ask,
                args=(run, k, n),
            )
        request = _requests().get(str(run.path))
        if request is not None and not request.answer.done:
            _following(run)
        elif request is not None:
            _show(run, request)


@partial(fragment, run_every=0.7)
def _following(run: Run) -> None:
    """Show a measurement's progress, and redraw the page when it ends."""
    request = _requests().get(str(run.path))
    if request is None or request.answer.done:
        st.rerun()
    fraction, left = request.answer.fraction, request.answer.remaining
    text = say("Starting …")
    if left is not None:
        text = say("{done:,} of {all:,} images", done=round(fraction * request.n), all=request.n)
        text += " · " + say("about {duration} left", duration=duration(left))
    messages.working(fraction, text, say("Stop"), _stop, key="measure_stop", args=(run,))


def _show(run: Run, request: Request) -> None:
    try:
        found = request.answer.result()
    except (RunError, DataError, SpecError) as error:
        messages.failure(error)
        return
    rows = [(say(label).format(k=request.k), found[name]) for name, label in ROWS.items() if name in found]
    lines = [f"| {label} | {number(entry)} | {entry['n']:,} |" for label, entry in rows]
    st.markdown(say("| quantity | value ± standard error | examples |") + "\n|---|---|---|\n" + "\n".join(lines))
    where = say("Evaluated now on {data}, {split} split", data=say(found["data"]), split=found["split"])
    if "log_px" in found:
        ess = found["log_px"]["ess"]
        where += "; " + say("effective sample size {ess:,.0f} of K = {k:,}", ess=ess, k=request.k)
    st.caption(f"{where}. {say('The numbers above are unchanged.')}")
