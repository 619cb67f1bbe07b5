"""Early stopping within a sweep: at a quarter and at half of its steps a run that is not in the better half stops.

This is successive halving (Jamieson & Talwalkar 2016) without waiting: a run is compared with those that have come to
the same share of their steps before it, as in ASHA (Li et al. 2020). Seeds do not compete with each other: the runs
that are compared have the same seed, and the same likelihood and binarisation, without which bounds say nothing.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from vae.data.completion import steps
from vae.runs import folders, groups
from vae.runs.run import Run, RunError

SHARES = (0.25, 0.5)


def loses(own: float, others: Sequence[float]) -> bool:
    """Return whether a bound is not among the better half of all, its own included; of n the ceil(n / 2) best stay.

    Higher is better; among equal bounds none loses to another.
    """
    better = sum(other > own for other in others)
    return better >= (len(others) + 2) // 2


def at_share(history: Sequence[Mapping[str, Any]], total: int, share: float) -> tuple[int, float] | None:
    """Return step and validation bound of the first validation at or after a share of `total` steps, in nats.

    The bound is -(distortion + rate), and -distortion of an autoencoder. None before such a validation, at the last
    step, and if a number is not finite.
    """
    for record in history:
        valid = record.get("valid")
        if valid and share * total <= record["step"] < total:
            distortion, rate = valid.get("distortion"), valid.get("rate", None)
            return None if distortion is None else (int(record["step"]), -distortion - (rate or 0.0))
    return None


def _rung(run: Run, share: float) -> tuple[int, float] | None:
    return at_share(run.history, steps(vars(run.spec), run.spec.data), share)


def _compared(run: Run) -> tuple[Any, ...]:
    spec = run.spec
    return spec.likelihood["kind"], spec.binarisation, spec.probabilistic, spec.seed


def verdict(run: Run, step: int) -> str:
    """Return why a run that has come to a step is stopped, as a sentence, or "" if it goes on.

    Only a run whose group stops losers is judged, at the steps of `at_share` alone.
    """
    run = Run(run.path)
    group = groups.of(run)
    if group is None or not group.stop_losers:
        return ""
    total = steps(vars(run.spec), run.spec.data)
    due = [share for share in SHARES if step - total / run.spec.epochs < share * total <= step < total]
    for share in due:
        own = _rung(run, share)
        if own is None or own[0] != step:
            continue
        members = groups.by_name(folders.library([run.path.parent]))[group.name]
        others = [found[1] for other in members if (found := _seen(run, other, share)) is not None]
        if loses(own[1], others):
            return (
                f"Stopped at step {step:,}, after {share:.0%} of the steps: of {len(others) + 1} runs of {group.name} "
                f"with seed {group.seed} that came so far, its validation bound {own[1]:.2f} nats is not among the "
                "better half."
            )
    return ""


def _seen(run: Run, other: Run, share: float) -> tuple[int, float] | None:
    """Return another run's step and bound at a share of its steps, None if it says nothing about this run."""
    if other.name == run.name or _compared(other) != _compared(run):
        return None
    try:
        return _rung(Run(other.path), share)
    except RunError:
        return None
