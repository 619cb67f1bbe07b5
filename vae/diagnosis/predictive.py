"""The verdict on simple statistics of a model's samples beside those of the data."""

from vae.diagnosis import limits
from vae.diagnosis.evidence import Evidence, Statistics
from vae.diagnosis.verdict import Finding, Severity, Verdict, healthy, without_samples
from vae.spec import Spec

WHY = (
    "If the model were true, each statistic would have the same distribution over samples as over held-out data. The "
    "distance is the largest difference of their distribution functions, from 0 to 1; p is the chance of such a "
    "distance under equal distributions (Kolmogorov–Smirnov, corrected by Holm for the number of statistics). With "
    "thousands of images p is small for differences that nobody sees, so the distance decides. What also differs in "
    "examples that are drawn again from their own codes comes from p(x|z), the rest from where the prior draws z. Most "
    "likelihoods draw each pixel by itself, which makes any sample rougher than its mean."
)
LEAST = 1e-4  # p-values below it are written as such


def statistics(spec: Spec, evidence: Evidence) -> Finding:
    """Return the verdict on the statistics of samples."""
    if absent := without_samples(spec):
        return absent
    found = evidence.statistics
    if found is None:
        return None
    apart = [
        name for name, distance in found.distance.items()
        if distance > limits.APART and found.p[name] < limits.UNLIKELY
    ]  # fmt: skip
    most = max(found.distance, key=lambda name: found.distance[name])
    if not apart:
        all_of = _list(list(found.distance))
        measured = _measured(most, found)
        return healthy(f"Samples have the data's {all_of}: the largest difference is in {most} ({measured}).", WHY)
    by_likelihood = [name for name in apart if found.redrawn[name] > found.distance[name] / 2]
    words = _list([f"{_direction(name, found)} {name} ({_measured(name, found)})" for name in apart])
    sentence = f"Samples have {words} than the data."
    if by_likelihood:
        again = "Examples drawn again from their own codes differ too: that is p(x|z), not the prior."
        if len(apart) > 1:
            names = _list(by_likelihood)
            again = f"Examples drawn again from their own codes differ in {names} too: that is p(x|z), not the prior."
        sentence = f"{sentence} {again}"
    if len(by_likelihood) == len(apart):
        return healthy(sentence, WHY)
    return Verdict(Severity.NOTE, sentence, WHY, "statistics")


def _direction(name: str, found: Statistics) -> str:
    data, samples = found.middle[name]
    return "more" if samples > data else "less" if samples < data else "another"


def _measured(name: str, found: Statistics) -> str:
    p = found.p[name]
    chance = f"p < {LEAST:g}" if p < LEAST else f"p = {p:.2g}"
    return f"distance {found.distance[name]:.2f}, {chance}"


def _list(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
