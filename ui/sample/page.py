"""The Sample page's two grids, drawn in the browser: samples with their densities and the training images next to them.

The pool draws the samples. While the visitor moves the temperature, the browser scales them; afterwards it asks again.
"""

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import streamlit as st

from ui.shared import asking, messages
from ui.shared.components import pack, source, styles
from ui.shared.fragments import fragment
from ui.state import mode, notices, sampling, session, subject, texts
from ui.state.sampling import Settings
from ui.state.texts import COLDEST, HOTTEST, Half
from ui.state.view import set_label, set_pin
from ui.words import phrase, say
from vae import data
from vae.answers import pool, sample
from vae.answers.pool import Answer
from vae.answers.sample import Neighbours, Samples
from vae.data import DataError
from vae.density.copies import SUSPICIOUS
from vae.density.holes import HOLE
from vae.geometry.plane import Plane
from vae.page import palette, vectors
from vae.runs import Run, RunError
from vae.runs.stamp import stamp

COUNT = 36  # samples of a grid
POLL = 0.3  # seconds between two looks at an answer that is not there yet
PATIENCE = 0.5  # seconds that a gesture waits for its answer before the page goes on without it
STILL = 1e-6  # latent units of noise below which a temperature has nothing to scale
HUES = {
    "prior": palette.PRIOR,
    "standard": palette.PRIOR,
    "aggregate": palette.ENCODER,
    "mixture": palette.RATE,
    "flow": palette.RATE,
}
SHORT = {
    "prior": "p(z)",
    "standard": "N(0, I)",
    "aggregate": "q(z)",
    "mixture": phrase("mixture"),
    "flow": phrase("flow"),
}

AUTOENCODER = phrase(
    "An autoencoder has no prior to sample from. Its codes decode to images because they were "
    "trained to; a density fitted to them afterwards (ex-post) can be drawn from. Choose **N(0, I), "
    "although this model has no prior** to see what happens without one."
)

SOURCE = source("sample/sampling.js")
_component = st.components.v2.component(
    "latent_samples", html="<div></div>", css=styles("js/instrument.css", "sample/sampling.css"), js=SOURCE
)
# a mean leaves the noise out, so that each would look like a copy
SMOOTH_ROWS = phrase(
    "Choose “sample” to see the nearest training rows: a mean is nearer to all of them than any row is."
)


@dataclass(frozen=True)
class Asked:
    """The answers for one grid; `near` is None before the samples are there, or without images to compare them with.

    `drawn` and `compared` say which had arrived when they were asked for. What is drawn, and whether the page looks
    again, follow from these alone: an answer that arrives between the two would be neither drawn nor waited for.
    """

    half: Half
    samples: Answer[Samples]
    drawn: bool
    near: Answer[Neighbours] | None
    compared: bool

    @property
    def done(self) -> bool:
        """Whether nothing more was to come."""
        return self.drawn and (self.near is None or self.compared)


def _region(settings: Settings, plane: Plane) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    if settings.box is None:
        return None
    x0, x1, y0, y1 = settings.box
    return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]]), plane.origin, plane.basis


def comparable(run: Run) -> str:
    """Return why samples cannot be compared with training images here, or ""."""
    try:
        here, title = data.available(run.spec.data), data.describe(run.spec.data).title
    except DataError as error:
        return say(str(error))
    if here:
        return ""
    return say("{title} is not on this machine, so nothing says whether a sample is a copy", title=title)


def ask(run: Run, settings: Settings, plane: Plane, slot: str) -> Asked:
    """Return the grid of a slot, "left" or "right", asking the pool where that is new, and the images next to it."""
    half: Half = getattr(settings, slot)
    ground = None if settings.box is None else (plane.origin.tobytes(), plane.basis.tobytes())
    made = sample.codes_stamp(run.path)
    question = (
        stamp(run.path),
        made,
        str(run.path),
        str(half),
        settings.seed,
        settings.box,
        settings.label,
        ground,
    )
    samples = asking.once(
        f"sample_{slot}",
        question,
        lambda: pool.ask(
            sample.draw,
            run.path,
            half.source,
            half.t,
            COUNT,
            settings.seed,
            half.noisy,
            _region(settings, plane),
            settings.label,
            made,
        ),
    )
    near, drawn = None, samples.done
    if drawn and not comparable(run) and (half.noisy or len(run.spec.shape) == 3):
        with suppress(RunError, DataError):  # the grid says what is wrong with its samples
            images = samples.result().images
            near = asking.once(
                f"near_{slot}",
                question,
                lambda: pool.ask(sample.neighbours, run.path, images, half.noisy),
            )
    return Asked(half, samples, drawn, near, near is not None and near.done)


def display(images: np.ndarray, lines: vectors.Lines = None) -> np.ndarray:
    """Return images [M, C, H, W] as bytes, and vectors [M, D] as pictures of their bars or lines, [M, 1, H, W]."""
    if images.ndim == 4:
        return np.rint(np.clip(images, 0, 1) * 255).astype(np.uint8)
    return vectors.pictures(images, lines)


def without(run: Run, computed: bool) -> str:
    """Return why there is no log q(z) - log p(z) where it was not computed, or ""."""
    if computed:
        return ""
    if run.spec.probabilistic:
        return say("only computed here for Normal posteriors")
    return say("an autoencoder has no prior")


def _rounded(values: np.ndarray | None, digits: int = 4) -> Any:
    return None if values is None else np.round(values.astype(np.float64), digits).tolist()


def _half(run: Run, asked: Asked, sections: dict[str, bytes], name: str) -> dict[str, Any]:
    """Return one grid for the browser; its images go into `sections`."""
    half = asked.half
    sent: dict[str, Any] = {"source": half.source, "t": half.t, "noisy": half.noisy, "state": "waiting"}
    sent |= {"hue": HUES[half.source], "short": say(SHORT[half.source])}
    if not asked.drawn:
        return sent
    try:
        found = asked.samples.result()
    except (RunError, DataError) as error:
        return sent | {"state": "failed", "message": say(str(error))}
    sections[name] = display(found.images, vectors.lines_of(run)).tobytes()
    sent |= {
        "state": "there",
        "z": _rounded(found.z),
        "centre": _rounded(found.centre),
        "noiseless": found.centre is not None and np.allclose(found.z, found.centre, atol=STILL),
        "log_p": _rounded(found.log_p, 3),
        "log_q": _rounded(found.log_q, 3),
        "inside": found.inside.tolist(),
        "trusted": found.trusted,
        "strays": found.strays,
        "count": found.count,
    }
    if asked.near is None and not half.noisy and len(run.spec.shape) != 3:
        sent["near_message"] = say(SMOOTH_ROWS)
    if asked.near is not None and asked.compared:
        try:
            near = asked.near.result()
        except (RunError, DataError) as error:
            return sent | {"near_message": say(str(error))}
        drawn = near.images if near.images.ndim == 4 else display(near.images, vectors.lines_of(run))
        sections[f"near_{name}"] = drawn.tobytes()
        classes = run.codes.classes
        names = None if near.labels is None else [classes[k] if k < len(classes) else str(k) for k in near.labels]
        sent["near"] = {
            "index": near.index.tolist(),
            "distance": _rounded(near.distance, 3),
            "rank": _rounded(near.rank),
            "labels": names,
            "typical": round(near.typical, 3),
            "held_out": near.held_out,
            "count": near.count,
        }
    return sent


def payload(run: Run, settings: Settings, halves: tuple[Asked, Asked]) -> bytes:
    """Return header and sections of both grids as they are now, see `components.pack`."""
    sections: dict[str, bytes] = {}
    grids = [_half(run, asked, sections, name) for asked, name in zip(halves, ("left", "right"), strict=True)]
    header = {
        "run": run.name,
        "shape": vectors.drawn_shape(run),
        "lines": vectors.lines_of(run),
        "vector": len(run.spec.shape) != 3,
        "sources": {name: say(title) for name, title in subject.sources(run.spec).items()},
        "halves": grids,
        "seed": settings.seed,
        "box": settings.box,
        "range": [COLDEST, HOTTEST],
        "hole": HOLE,
        "suspicious": SUSPICIOUS,
        "without": without(run, all(half.get("log_q") for half in grids if half["state"] == "there")),
        "incomparable": comparable(run),
        "mean": run.spec.likelihood_kind.shown,
        "expert": mode.expert(),
    }
    return pack(header, sections)


def _wait(answer: Answer[Any]) -> None:
    with suppress(TimeoutError, RunError, DataError):  # whoever draws it sees what became of it
        answer.result(PATIENCE)


def _asked(run: Run, plane: Plane) -> tuple[Settings, tuple[Asked, Asked]]:
    settings = sampling.read(run.name, run.spec)
    return settings, (ask(run, settings, plane, "left"), ask(run, settings, plane, "right"))


def grids(run: Run, plane: Plane, *, key: str) -> None:
    """Show both grids, and redraw them at intervals until all answers have arrived."""
    _, halves = _asked(run, plane)
    waiting = not all(asked.done for asked in halves)
    fragment(_grids, run_every=POLL if waiting else None)(run, plane, key, waiting)


def _grids(run: Run, plane: Plane, key: str, waiting: bool) -> None:
    settings, halves = _asked(run, plane)
    if not waiting:
        for asked in halves:
            _wait(asked.samples)
        halves = ask(run, settings, plane, "left"), ask(run, settings, plane, "right")
    name = f"{key}_{run.name}"

    def handle_event() -> None:
        event = session.reported(name, "ask")
        if not isinstance(event, dict):
            return
        now = sampling.read(run.name, run.spec)
        sampling.write(run.name, run.spec, sampling.changed(now, event, run.spec))
        pin = texts.point(str(event.get("pin", "")), run.spec.latent)
        if pin is not None:
            set_pin(pin)
            notices.ask_redraw()

    with st.container(key=key):
        _component(data=payload(run, settings, halves), key=name, height="content", on_ask_change=handle_event)
    if waiting != (not all(asked.done for asked in halves)):
        st.rerun()  # another rhythm needs another fragment


def chooser(run: Run) -> Settings:
    """Draw the choice of the view and of a conditional model's label; return the settings."""
    settings = sampling.read(run.name, run.spec)
    names = {"samples": say("Samples"), "manifold": say("Manifold"), "traverse": say("Traverse")}
    names["missing"] = say("Missing pixels") if len(run.spec.shape) == 3 else say("Missing values")

    def show() -> None:
        now = sampling.read(run.name, run.spec)
        sampling.write(run.name, run.spec, replace(now, show=session.widget("sample_show").get()))

    def label() -> None:
        set_label(session.widget("sample_label").get())

    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        session.widget("sample_show").set(settings.show)
        st.segmented_control(
            say("Show"), list(names), format_func=names.__getitem__, required=True, key="sample_show", on_change=show,
            label_visibility="collapsed",
        )  # fmt: skip
        if run.spec.labels:
            classes = run.codes.classes
            session.widget("sample_label").set(settings.label)
            st.selectbox(
                say("Label"), range(run.spec.labels), key="sample_label", on_change=label, width=170,
                format_func=lambda k: say("given “{label}”", label=classes[k] if k < len(classes) else k),
                label_visibility="collapsed",
            )  # fmt: skip
    if not run.spec.probabilistic and settings.show in ("samples", "manifold"):
        st.caption(say(AUTOENCODER))
    return settings


def unavailable(run: Run) -> None:
    """Show where to get the training images, if they are not on this machine."""
    if comparable(run) and len(run.spec.shape) == 3:
        messages.data_missing(run)
