"""The verdicts on what a model's own images say: its posterior, and its samples beside the data."""

import math

from vae.diagnosis import limits
from vae.diagnosis.evidence import Evidence, Number
from vae.diagnosis.verdict import DECAY, Absent, Finding, Severity, Verdict, healthy, with_error, without_samples
from vae.spec import Spec

WHY_RANKS = (
    "z is drawn from the prior, an image from p(x|z), and z is ranked among samples of q(z|x): for the true posterior "
    "all ranks are equally likely (Talts et al. 2018). A spread above 1 means that q is too narrow, below 1 too wide; "
    "a shift means that q lies beside z."
)
WHY_SAMPLES = (
    "Precision and density ask whether samples lie among the data, recall and coverage whether the data are all "
    "reached (Kynkäänniemi et al. 2019, Naeem et al. 2020). The best that any sample can do is what held-out data do. "
    "Samples of p(x|z) are compared, not its means, whose blur no data have. The kernel distance compares all moments "
    "up to the third (Binkowski et al. 2018) and is 0 for equal distributions."
)
WHY_MEMORISED = (
    "A model that knows the distribution, and not its training images, draws images that lie as often nearest to a "
    "held-out as to a training image, when there are equally many of each (after Meehan et al. 2020, van den Burg & "
    "Williams 2021). Its error is that of chance: how much the share changes if training and held-out images are "
    "exchanged. Data against data show what the space of the comparison itself does."
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
    spread, d = with_error(most, 2, ""), len(found.spread)
    faults = []
    if wide:
        faults.append(f"too narrow in {len(wide)} of {d} dimensions")
    if narrow:
        faults.append(f"too wide in {len(narrow)} of {d} dimensions")
    if aside:
        faults.append(f"shifted in {len(aside)} of {d} dimensions")
    says = f"q(z|x) is {', '.join(faults)}" if faults else "q(z|x) ranks the model's own z as its posterior would"
    says = f"{says}: spread {spread} (1 for the posterior) over {found.n:,} simulated images."
    return Verdict(Severity.NOTE, says, WHY_RANKS, "ranks") if faults else healthy(says, WHY_RANKS)


def samples(spec: Spec, evidence: Evidence) -> Finding:
    """Return the verdict on the model's samples beside the data."""
    if absent := without_samples(spec):
        return absent
    found = evidence.samples
    if found is None:
        return None
    precision, _, _, coverage = found.ceiling
    missed = [
        (ours.value, name, data)
        for name, (ours, data) in found.classes.items()
        if ours.n >= limits.CLASS_OF and ours.below(limits.MISSED * data.value)
    ]
    lacking = bool(missed) or found.coverage.below(limits.MISSED * coverage.value)
    strange = found.precision.below(limits.MISSED * precision.value)
    says = "Samples cover the data and lie among them"
    if lacking and strange:
        says = "Samples miss a part of the data and are often like no image of the data"
    elif lacking:
        says = "Samples miss a part of the data"
    elif strange:
        says = "Samples are often like no image of the data"
    kernel, best = (with_error(part, 3, "") for part in (found.kernel, found.kernel_ceiling))
    said = [
        f"{says}: precision {_percent(found.precision)} (data against data {precision.value:.0%}), coverage "
        f"{_percent(found.coverage)} ({coverage.value:.0%}), {SPACES[found.space]}.",
        f"Kernel distance {kernel} (data against data {best}).",
    ]
    if missed:
        value, name, data = min(missed)
        said.append(f"Least covered class: “{name}”, {value:.0%} (data against data {data.value:.0%}).")
    sentence = " ".join(said)
    if lacking or strange:
        return Verdict(Severity.NOTE, sentence, WHY_SAMPLES, "samples")
    return healthy(sentence, WHY_SAMPLES)


def memorised(spec: Spec, evidence: Evidence) -> Finding:
    """Return the verdict on whether the model's samples are copies of training examples."""
    if absent := without_samples(spec):
        return absent
    found = evidence.memorised
    if found is None:
        return None
    copied = [e for e in (found.samples, found.decoded) if e.above(0.5) and _beyond(e, found.data)]
    says = "Samples lie too near to training images" if copied else "Samples show no memory of training images"
    sentence = (
        f"{says}: {_percent(found.samples)} (their means {_percent(found.decoded)}) lie nearer to a training than to a "
        f"held-out image, of {found.n:,} each, {SPACES[found.space]}. Without memory it is 50%, for a model that only "
        f"copies {found.copier:.0%}, and for held-out data {_percent(found.data)}."
    )
    if not copied:
        return healthy(sentence, WHY_MEMORISED)
    return Verdict(
        Severity.NOTE,
        sentence,
        WHY_MEMORISED,
        "copies",
        (DECAY,) if spec.weight_decay != DECAY.changes["weight_decay"] else (),
    )


def _beyond(ours: Number, data: Number) -> bool:
    """Return whether a share is above that of data by more than chance, their errors added squared."""
    return Number(ours.value - data.value, math.hypot(ours.se, data.se), ours.n).above(0.0)


def _percent(number: Number) -> str:
    digits = 1 if number.se < 0.005 else 0
    return f"{number.value:.{digits}%} ± {number.se:.{digits}%}"
