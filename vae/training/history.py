"""History records: means over a few steps; an interrupted run has the same records as an uninterrupted one."""

import math
from dataclasses import asdict
from typing import Any

from vae.training.loop import State, Step

RECORDS_PER_EPOCH = 5
FIRST = frozenset({1, 2, 5, 10, 20, 50})  # the first steps change the model most: record each
NAMES = ("distortion", "rate", "objective", "gradient_norm")


class Recorder:
    """Averages steps into a few records per epoch; the sums are in the state, so a checkpoint can be between two."""

    def __init__(self, state: State, per_epoch: int) -> None:
        self.state, self.per_epoch, self.every = state, per_epoch, math.ceil(per_epoch / RECORDS_PER_EPOCH)

    def add(self, step: Step) -> str | None:
        """Return a line for history.jsonl if a record is complete, else None; non-finite steps are skipped."""
        sums = self.state.sums or [0.0] * (1 + len(NAMES))
        if math.isfinite(step.objective):
            values = [getattr(step, name) for name in NAMES]
            sums = [sums[0] + 1, *(s + (0.0 if v is None else v) for s, v in zip(sums[1:], values, strict=True))]
        self.state.sums = sums
        position = step.step % self.per_epoch
        if position and position % self.every and step.step not in FIRST:
            return None
        self.state.sums = []
        means: dict[str, Any] = {}
        if sums[0]:
            means = {name: s / sums[0] for name, s in zip(NAMES, sums[1:], strict=True)}
        if step.rate is None:
            means["rate"] = None
        return Step(**{**asdict(step), **means}).to_json() + "\n"
