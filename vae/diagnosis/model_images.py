"""The verdicts on what a model's own images say: its posterior, and its samples beside the data."""

from vae.diagnosis import limits
from vae.diagnosis.evidence import Evidence, Number
from vae.diagnosis.verdict import Absent, Finding, Severity, Verdict, healthy, with_error
from vae.spec import Spec

WHY_RANKS = (
    "z is drawn from the prior, an image from p(x|z), and z is ranked among samples of q(z|x): for the true posterior "
    "all ranks are equally likely (Talts et al. 2018). A spread above 1 means that q is too narrow, below 1 too wide; "
    "a shift means that q lies beside z."
)
WHY_SAMPLES = (
    "Precision and density ask whether samples lie among the data, recall and coverage whether the data are all "
    "reached (Kynkäänniemi et al. 2019, Naeem et al. 2020). The best that any sample can do is what held-out data do. "
    "Samples of p(x|z) are compared, not its means, whose blur no data have."
)
SPACES = {"features": "by the features of a classifier trained on the data", "codes": "by the model's own codes"}


def simulated(spec: Spec, evidence: Evidence) -> Finding:
    """Return the verdict on q(z|x) as the posterior of the model's own images."""
    if not spec.probabilistic:
        return Absent("A plain autoencoder has no prior to draw z from, and no q(z|x).")
    if spec.condition is not None:
        return Absent("Models that are conditioned on labels are not simulated.")
    found = evidence.simulated
    if found is None:
        return None
    wide = [e for e in found.spread if e.above(limits.RANKS_WIDE)]
    narrow = [e for e in found.spread if e.below(limits.RANKS_NARROW)]
    aside = [e for e in found.shift if e.above(limits.RANKS_SHIFT) or e.below(-limits.RANKS_SHIFT)]
    most = max(found.spread, key=lambda e: abs(e.value - 1))
    measured = f"spread {with_error(most, 2, '')} (1 for the posterior) over {found.n:,} simulated images"
    faults = [
        f"too {word} in {len(there)} of {len(found.spread)} dimensions"
        for word, there in (("narrow", wide), ("wide", narrow))
        if there
    ] + [f"shifted in {len(aside)} of {len(found.spread)} dimensions"] * bool(aside)
    if not faults:
        return healthy(f"q(z|x) ranks the model's own z as its posterior would: {measured}.", WHY_RANKS)
    return Verdict(Severity.NOTE, f"q(z|x) is {', '.join(faults)}: {measured}.", WHY_RANKS, "ranks")


def samples(spec: Spec, evidence: Evidence) -> Finding:
    """Return the verdict on the model's samples beside the data."""
    if spec.prior is None:
        return Absent("A plain autoencoder has no prior, so it has no samples that could be held against the data.")
    if spec.condition is not None:
        return Absent("Models that are conditioned on labels have a distribution of samples for each label.")
    found = evidence.samples
    if found is None:
        return None
    precision, _, _, coverage = found.ceiling
    measured = (
        f"precision {_percent(found.precision)} (data against data {precision.value:.0%}), coverage "
        f"{_percent(found.coverage)} ({coverage.value:.0%}), {SPACES[found.space]}"
    )
    faults = []
    if found.coverage.below(limits.MISSED * coverage.value):
        faults.append("miss a part of the data")
    if found.precision.below(limits.MISSED * precision.value):
        faults.append("are often like no image of the data")
    if not faults:
        return healthy(f"Samples cover the data and lie among them: {measured}.", WHY_SAMPLES)
    return Verdict(Severity.NOTE, f"Samples {' and '.join(faults)}: {measured}.", WHY_SAMPLES, "samples")


def _percent(number: Number) -> str:
    digits = 1 if number.se < 0.005 else 0
    return f"{number.value:.{digits}%} ± {number.se:.{digits}%}"
