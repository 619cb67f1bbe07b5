"""Verdicts on posterior collapse and its causes: unfinished training, sigmas at a bound, ignored latents."""

import math

import numpy as np

from vae.diagnosis.evidence import Decoder, Evidence, Training
from vae.diagnosis.limits import ACTIVE, IGNORED, RATIO, SATURATED, USED
from vae.diagnosis.verdict import (
    AUTOENCODER,
    ELBO,
    Absent,
    Finding,
    Remedy,
    Severity,
    Verdict,
    beta,
    healthy,
    signed,
    with_error,
)
from vae.geometry import traversal
from vae.geometry.traversal import DEAD
from vae.spec import Spec

WHY_CODEBOOK = (
    "Each image is one point of the codebook for each group of latents. The perplexity exp(H) says how many points "
    "carry it, if all were used equally; points that no image reaches get no gradient and stay dead (van den Oord et "
    "al. 2017)."
)
WARM_UP = 0.5  # share of the run over which a warm-up raises beta


def dead(evidence: Evidence) -> list[int]:
    """Return the dimensions that carry nothing, as `traversal.dead` defines it."""
    assert evidence.codes is not None
    rates, variance = (
        None if numbers is None else np.array([number.value for number in numbers])
        for numbers in (evidence.codes.rates, evidence.codes.variance)
    )
    assert variance is not None
    return np.flatnonzero(traversal.dead(rates, variance)).tolist()


def names(dimensions: list[int]) -> str:
    """Return the names of dimensions, counted from 1."""
    shown = ", ".join(f"z{j + 1}".translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")) for j in dimensions[:6])
    return shown + (f" and {len(dimensions) - 6} more" if len(dimensions) > 6 else "")


def rates(spec: Spec, evidence: Evidence) -> Finding:
    """Return the verdict on the rates of the dimensions and on which are active, or on a codebook's use."""
    if spec.posterior_kind.codebook:
        return _codebook(evidence)
    if not spec.probabilistic:
        return Absent(
            f"{AUTOENCODER}, so it has no rate. The next check shows how much each of its dimensions changes the image."
        )
    codes = evidence.codes
    if codes is None or codes.rates is None:
        return None
    gone, d = dead(evidence), len(codes.rates)
    total = sum(r.value for r in codes.rates)
    active = sum(v.value > ACTIVE for v in codes.variance)
    carry = "carries" if d - len(gone) == 1 else "carry"
    units = f"{active} active units of {d} (Var E[z|x] > {ACTIVE})."
    if active == 1:
        units = f"1 active unit of {d} (Var E[z|x] > {ACTIVE})."
    if len(gone) == d:
        return Verdict(
            Severity.PROBLEM,
            f"All {d} dimensions are inactive: together they carry {signed(total, 3)} nats. {units}",
            "With a rate of 0 the code carries no information: q(z|x) is the prior for every image.",
            "dead",
        )
    if gone:
        says = f"{d - len(gone)} of {d} dimensions {carry} {signed(total)} nats; {names(gone)}"
        if len(gone) == 1:
            says = f"{says} is inactive (below {DEAD} nats)."
        else:
            says = f"{says} are inactive (below {DEAD} nats)."
        return Verdict(
            Severity.NOTE,
            f"{says} {units}",
            "With β = 1 this is normal: the model needs no more dimensions. With a larger β, β is the cause.",
            "dead-dimensions",
        )
    return healthy(f"All {d} dimensions {carry} {signed(total)} nats per image, over {codes.n:,} of them. {units}")


def _codebook(evidence: Evidence) -> Finding:
    found = evidence.codebook
    if found is None:
        return None
    size, perplexity = len(found.counts), found.perplexity
    says = (
        f"{found.used} of {size} points of the codebook are used; perplexity {with_error(perplexity, 1, '')} of at "
        f"most {size}: a code carries {signed(math.log(perplexity.value))} nats."
    )
    if found.used >= USED * size:
        return healthy(says, WHY_CODEBOOK)
    return Verdict(Severity.NOTE, f"{says} The other {size - found.used} are dead.", WHY_CODEBOOK, "dead-codes")


def collapse(spec: Spec, evidence: Evidence) -> Finding:
    """Return the verdict on posterior collapse and its cause."""
    codes, decoder = evidence.codes, evidence.decoder
    if evidence.training is not None and (found := _unfinished(spec, evidence.training)):
        return found
    if codes is None:
        return None
    edge = [j for j, share in enumerate(codes.saturated) if share >= SATURATED]
    if edge:
        return Verdict(
            Severity.PROBLEM,
            f"log σ of {names(edge)} is at its bound for {max(codes.saturated):.0%} of the images.",
            "At the bound the gradient vanishes, so training cannot undo it. The cause was a step that was too large.",
            "saturated",
            (Remedy("Clip the gradient at 1", "limits the length of a step", {"clip": 1.0}),),
        )
    if decoder is None:
        return None
    gone, d = dead(evidence), len(codes.variance)
    used = [j for j, share in enumerate(decoder.share) if share.value >= IGNORED]
    if len(gone) == d and spec.probabilistic:
        return _collapsed(spec, evidence, decoder, used)
    if not used:
        return Verdict(
            Severity.PROBLEM,
            f"The decoder ignores z: no dimension moves {IGNORED:.0%} of the pixels' variance.",
            "The encoder gives images different codes, but the decoder returns one image for all of them.",
            "collapsed",
            _ways(spec, evidence),
        )
    deaf = [j for j in range(d) if j not in used and j not in gone]
    most = max(decoder.share, key=lambda s: s.value)
    says = f"No collapse: the decoder uses {len(used)} of {d} dimensions"
    if len(gone) == 1:
        says = f"{says} ({names(gone)} is unused)"
    elif gone:
        says = f"{says} ({names(gone)} are unused)"
    says = f"{says}; the strongest moves {most.value:.0%} ± {most.se:.0%} of the pixels' variance."
    if not deaf:
        return healthy(says)
    less = f"{names(deaf)} move less than {IGNORED:.0%} of it."
    if len(deaf) == 1:
        less = f"{names(deaf)} moves less than {IGNORED:.0%} of it."
    return healthy(f"{says} {less}")


def _unfinished(spec: Spec, training: Training) -> Verdict | None:
    if training.unfinished is not None:
        name, value, goal = training.unfinished
        steps = max(1, round(WARM_UP * _steps(spec, name, value)))
        shown = "β" if name == "beta" else name
        mended: tuple[Remedy, ...] = ()
        schedule = spec.objective.get(name)
        if isinstance(schedule, dict):
            objective = {**spec.objective, name: {**schedule, "steps": steps}}
            mended = (
                Remedy(f"{shown} at its goal after {steps:,} steps", "half of the run", {"objective": objective}),
            )
        return Verdict(
            Severity.PROBLEM,
            f"Annealing is unfinished: {shown} was {signed(value)} at the last step; its goal is {signed(goal)}.",
            "The saved weights were trained with another objective than the one that is evaluated.",
            "unfinished",
            mended,
        )
    if training.epochs < training.asked:
        return Verdict(
            Severity.NOTE,
            f"Training ended after {training.epochs:,} of {training.asked:,} epochs.",
            "The training was stopped or interrupted. All checks use the weights of that moment.",
            "stopped",
        )
    return None


def _steps(spec: Spec, name: str, value: float) -> float:
    """Return the number of steps of a schedule, from its current value."""
    schedule = spec.objective.get(name)
    if not isinstance(schedule, dict):
        return 1.0
    way = schedule["stop"] - schedule["start"]
    return float(schedule["steps"]) * (abs((value - schedule["start"]) / way) if way else 1.0)


def _collapsed(spec: Spec, evidence: Evidence, decoder: Decoder, used: list[int]) -> Verdict:
    most = max(decoder.share, key=lambda s: s.value)
    if used:
        start = (
            "The encoder sends no information (all rates are 0), although the decoder could change "
            f"{most.value:.0%} of the pixels' variance."
        )
    else:
        start = f"The decoder ignores z: no dimension moves more than {most.value:.2%} of the pixels' variance."
    return Verdict(Severity.PROBLEM, f"{start} {_cause(spec, evidence)}", WHY, "collapsed", _ways(spec, evidence))


WHY = (
    "Each nat of rate must save more than one nat (times β) of distortion. Where it cannot, the optimum is q(z|x) = "
    "p(z), and the decoder learns the mean image (Lucas et al. 2019)."
)


def _drowned(evidence: Evidence) -> bool:
    found = evidence.likelihood
    return (
        found is not None
        and found.predicted is not None
        and found.residual is not None
        and found.predicted.value > RATIO * found.residual.value
    )


def _cause(spec: Spec, evidence: Evidence) -> str:
    found = evidence.likelihood
    if _drowned(evidence):
        assert found is not None and found.predicted is not None and found.residual is not None
        times = found.predicted.value / found.residual.value
        return (
            f"The cause is the likelihood's σ: {signed(found.predicted.value)}, {times:.1f} times the residuals' "
            f"{with_error(found.residual, 3, '')}. With this σ no information saves as much distortion as it costs."
        )
    weight = beta(spec)
    if weight is not None and weight > 1:
        return f"The cause is β = {weight:g}: a nat of rate would have to save {weight:g} nats of distortion."
    return "The decoder learned to ignore z before the encoder carried information."


def _ways(spec: Spec, evidence: Evidence) -> tuple[Remedy, ...]:
    found = []
    if "sigma" in spec.likelihood and _drowned(evidence):
        learned = {**spec.likelihood, "sigma": "shared"}
        found.append(Remedy("Learn σ", "the training fits the noise to the data", {"likelihood": learned}))
    weight = beta(spec)
    if weight is not None and weight > 1:
        found.append(ELBO)
    if not found:
        warm = {"schedule": "linear", "start": 0.0, "stop": 1.0, "steps": 2000}
        objective = {"kind": "elbo", "beta": warm}
        found.append(
            Remedy("Warm β up", "dimensions are used before their rate is penalised", {"objective": objective})
        )
        free = {"kind": "free_bits", "floor": 0.25}
        changes = {"objective": free, "path": "reparametrised"}
        if spec.fits(**changes):
            found.append(Remedy("Free bits", "the first 0.25 nats of each dimension are free", changes))
    return tuple(found)
