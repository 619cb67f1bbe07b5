"""What a sweep will take, before it begins: time until its last run has ended, and room on the disk."""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

from vae import data
from vae.runs import machine, pace, space
from vae.spec import Spec


@dataclass(frozen=True)
class Forecast:
    """The `seconds` until the last of `runs` has ended, those of all runs one after another, and the most bytes."""

    runs: int
    seconds: float
    work: float
    size: float


def forecast(specs: Sequence[Spec], slots: int = 1, threads: int = 1) -> Forecast:
    """Return what some runs will take on so many slots, of so many threads each; raises DataError for unknown data.

    Validation, saving, and what waits or trains already, come on top.
    """
    slower = machine.slowdown(threads)
    alone = [slower * pace.seconds(spec, data.train_size(spec.data, spec.size), threads) for spec in specs]
    return Forecast(len(specs), last_end(alone, slots), sum(alone), sum(map(space.run_bytes, specs)))


def last_end(seconds: Sequence[float], slots: int) -> float:
    """Return when the last of some jobs ends, of which each, in this order, takes the first slot that is free."""
    ends = [0.0] * max(1, slots)
    for each in seconds:
        heapq.heapreplace(ends, ends[0] + each)
    return max(ends)


def duration(seconds: float) -> str:
    """Return a duration in words."""
    for limit, unit, name in ((90, 1, "s"), (5400, 60, "min"), (172_800, 3600, "h")):
        if seconds < limit:
            return f"{max(1, round(seconds / unit))} {name}"
    return f"{seconds / 86400:.0f} days"
