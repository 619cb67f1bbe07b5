"""What each check of Diagnose shows of its evidence: one entry a check. A new one is an entry here and in CARDS."""

import math
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import plotly.graph_objects as go
import streamlit as st

from ui.diagnose import charts, model_images, statistics, strangers, worst
from ui.shared import library
from ui.state import mode
from ui.words import phrase, say
from vae import runs
from vae.diagnosis import roc
from vae.diagnosis.evidence import Evidence, Number
from vae.runs import Run


def nothing(run: Run, known: Evidence) -> None:
    """Show nothing."""


class View(NamedTuple):
    """A check's chart: its text for those who cannot see it, the chart of what is known (None for none), and what is
    drawn below it."""

    alt: str
    figure: Callable[[Run, Evidence], go.Figure | None]
    below: Callable[[Run, Evidence], None] = nothing


def of(part: str, draw: Callable[[Any], go.Figure]) -> Callable[[Run, Evidence], go.Figure | None]:
    """Return how a check shows one part of the evidence by itself."""
    return lambda run, known: None if getattr(known, part) is None else draw(getattr(known, part))


def _others(run: Run) -> dict[str, Number]:
    """Return the ELBO of the shipped models with a likelihood of the same pixels: their numbers are comparable."""
    found = {}
    for other in library.usable():
        if other.name == run.name or not runs.is_shipped(other) or other.spec.data_name != run.spec.data_name:
            continue
        kinds = (other.spec.likelihood["kind"], run.spec.likelihood["kind"])
        entry = other.metrics.get("elbo")
        if kinds[0] == kinds[1] and entry and entry["se"] is not None:
            found[other.title] = Number(entry["value"], entry["se"], entry["n"])
    return found


def _rates(run: Run, known: Evidence) -> go.Figure | None:
    if known.codes is not None and known.codes.rates is not None:
        return charts.rates(known.codes)
    return known.codebook and charts.codebook(known.codebook)


def _overfitting(run: Run, known: Evidence) -> go.Figure | None:
    return known.overfitting and charts.overfitting(known.overfitting, run.history, run.spec.probabilistic)


def _classes(run: Run, known: Evidence) -> go.Figure | None:
    found = known.reconstruction
    return charts.classes(found) if found is not None and found.classes else None


def _holes(run: Run, known: Evidence) -> None:
    if known.holes is not None and known.holes.x:
        worst.holes(run, known)


def _gap(run: Run, known: Evidence) -> None:
    if known.gap is not None:
        st.markdown(f"[{say('See it on the map')}](./?model={run.name}&colour=gap)")


def _samples(run: Run, known: Evidence) -> None:
    if known.samples is None:
        return
    if known.samples.classes:
        with st.expander(say("Coverage of each class"), key="classes_samples"):
            st.markdown(model_images.class_table(known.samples))
    st.markdown(f"[{say('See on the map what they miss')}](./?model={run.name}&colour=reach)")


def _strange(run: Run, known: Evidence) -> None:
    if known.strange is None or not mode.expert():
        return
    table = partial(roc.to_csv, known.strange, run.spec.data, math.prod(run.spec.shape))
    st.download_button(
        say("Scores as CSV"), table, f"{run.name}-strange.csv", "text/csv", key="strange_csv", type="tertiary",
        icon=":material/download:", on_click="ignore",
    )  # fmt: skip


VIEWS: dict[str, View] = {
    "bound": View(
        phrase("The ELBO between the best model without latents and log p(x), with standard errors."),
        lambda run, known: known.bound and charts.bound(known.bound, known.gap, _others(run)),
    ),
    "rates": View(phrase("The rate of each latent dimension in nats; inactive ones grey."), _rates),
    "collapse": View(
        phrase("How much of the pixels' variance each dimension moves."),
        of("decoder", charts.used),
    ),
    "posterior": View(
        phrase("The ELBO over the factor by which q is made wider."),
        of("width", charts.width),
    ),
    "likelihood": View(
        phrase("Predicted and observed frequencies, in bins."),
        of("likelihood", charts.likelihood),
    ),
    "holes": View("", lambda run, known: None, _holes),
    "overfitting": View(
        phrase("The bound over the steps on training and validation images, and on new ones at the end."), _overfitting
    ),
    "reconstruction": View(phrase("The distortion of each class in nats."), _classes),
    "surgery": View(
        phrase("The rate as I(x; z), total correlation and dim-KL, with log N."),
        of("surgery", charts.surgery),
    ),
    "gap": View(
        phrase("How many images have which gap between log p(x) and the ELBO."),
        of("gap", charts.gap),
        _gap,
    ),
    "simulated": View(
        phrase("How often z lies where among samples of q(z|x), for each dimension; flat for the posterior."),
        of("simulated", model_images.ranks),
    ),
    "samples": View(
        phrase("Precision, recall, density and coverage of samples, beside those of data against data."),
        of("samples", model_images.samples),
        _samples,
    ),
    "memorised": View(
        phrase("The share of samples nearer to a training than to a held-out image, beside a half."),
        of("memorised", model_images.memorised),
    ),
    "statistics": View(
        phrase("The share of samples below the value that each share of the data is below."),
        of("statistics", statistics.curves),
    ),
    "strange": View(
        phrase("The share of foreign images that each score finds, over the share of false alarms."),
        of("strange", strangers.curves),
        _strange,
    ),
}
