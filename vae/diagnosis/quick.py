"""Evidence from a run folder's codes and history, read with numpy within milliseconds."""

import math
from dataclasses import replace
from typing import Any

import numpy as np

from vae.diagnosis.evidence import Bound, Codebook, Codes, Evidence, Number, Training
from vae.runs import Codes as Saved
from vae.runs import Run, measured
from vae.spec import schedules
from vae.spec.fields import LOG_SIGMA_RANGE

CODEBOOK = "encoder.family.codebook"  # among the weights
BLOCK = 16_384  # codes at a time: whole arrays in float64 would be the app's largest


def _numbers(total: np.ndarray, squares: np.ndarray, n: int) -> tuple[Number, ...]:
    """Return means with standard errors of sums and sums of squares [d] over n examples."""
    mean = total / n
    spread = np.sqrt(np.maximum(squares / n - mean**2, 0) / max(n - 1, 1))
    return tuple(Number(float(m), float(s), n) for m, s in zip(mean, spread, strict=True))


def codes(saved: Saved) -> Codes:
    """Return statistics of the saved codes for each dimension."""
    n, d = saved.means.shape
    centre = saved.means.mean(0, dtype=np.float64)
    sums = {name: np.zeros(d) for name in ("rate", "rate2", "away2", "away4", "sigma2", "edge")}
    low, high = (math.exp(v) for v in LOG_SIGMA_RANGE)
    for at in range(0, n, BLOCK):
        means = saved.means[at : at + BLOCK].astype(np.float64)
        away2 = (means - centre) ** 2
        sums["away2"] += away2.sum(0)
        sums["away4"] += (away2**2).sum(0)
        if saved.scales is not None:
            scales = saved.scales[at : at + BLOCK].astype(np.float64)
            rate = 0.5 * (means**2 + scales**2 - 1) - np.log(scales)
            sums["rate"] += rate.sum(0)
            sums["rate2"] += (rate**2).sum(0)
            sums["sigma2"] += (scales**2).sum(0)
            sums["edge"] += ((scales <= low) | (scales >= high)).sum(0)
    variance = _numbers(sums["away2"] * n / max(n - 1, 1), sums["away4"] * (n / max(n - 1, 1)) ** 2, n)
    return Codes(
        n,
        _numbers(sums["rate"], sums["rate2"], n) if saved.scales is not None else None,
        variance,
        tuple(float(m) for m in centre),
        tuple(float(s) for s in np.sqrt(sums["away2"] / n + sums["sigma2"] / n)),
        tuple(float(e) / n for e in sums["edge"]),
    )


def training(run: Run) -> Training | None:
    """Return the facts about the training, None without a history."""
    records = [r for r in run.history if r.get("step") is not None]
    if not records:
        return None
    last = records[-1]
    # the schedule of this weight was not finished at the last step
    late = None
    for name, schedule in schedules.of(vars(run.spec) | {"learning_rate": None}).items():
        value = schedules.at(schedule, int(last["step"]))
        if not math.isclose(value, schedule["stop"], rel_tol=0.01, abs_tol=1e-9):
            late = (name, float(value), float(schedule["stop"]))
    return Training(int(last.get("epoch", 0)) + 1, run.spec.epochs, int(last.get("skipped") or 0), late)


def codebook(run: Run) -> Codebook | None:
    """Return how the points of a run's codebook are used by its codes; None for a model without one."""
    if not run.spec.posterior_kind.codebook:
        return None
    points = run.weights().get(CODEBOOK)
    if points is None:
        return None
    points = points.astype(np.float64)
    counts = np.zeros(len(points), np.int64)
    means = run.codes.means.reshape(-1, points.shape[1])
    for at in range(0, len(means), BLOCK):
        part = means[at : at + BLOCK, None].astype(np.float64)
        nearest = np.square(part - points).sum(2).argmin(1)
        counts += np.bincount(nearest, minlength=len(points))
    return usage(counts)


def usage(counts: np.ndarray) -> Codebook:
    """Return the evidence of counts [K]; the error of the perplexity is that of the entropy, by the delta method."""
    share = counts[counts > 0] / counts.sum()
    surprise = -np.log(share)
    entropy = float(share @ surprise)
    spread = math.sqrt(max(float(share @ surprise**2) - entropy**2, 0.0))
    perplexity = math.exp(entropy)
    total = int(counts.sum())
    return Codebook(tuple(int(c) for c in counts), Number(perplexity, perplexity * spread / math.sqrt(total), total))


def _known(entry: Any) -> Number | None:
    """Return an entry of metrics.json as a Number, None unless it is whole and finite."""
    try:
        found = Number(float(entry["value"]), float(entry["se"]), int(entry["n"]))
    except (TypeError, KeyError, ValueError, OverflowError):
        return None
    return found if math.isfinite(found.value) and math.isfinite(found.se) else None


def with_metrics(run: Run, evidence: Evidence) -> Evidence:
    """Return the evidence with the ELBO, distortion and rate of the run's metrics, which stand on the same screen.

    They are of other noise and pixels; one quantity is one number. Where they are of fewer examples, nothing changes.
    """
    bound, metrics = evidence.bound, measured.known(run)
    if bound is None:
        return evidence
    distortion, rate, elbo = (_known(metrics.get(name)) for name in ("distortion", "rate", "elbo"))
    if elbo is None and distortion is not None and not run.spec.probabilistic:
        elbo = distortion._replace(value=-distortion.value)
    if distortion is None or elbo is None or elbo.n < bound.elbo.n:
        return evidence
    shown = Bound(elbo, distortion, rate or bound.rate, bound.baseline, bound.gain)
    return replace(evidence, bound=shown)
