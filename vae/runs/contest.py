"""Which of two settings is better: means over seeds, and paired differences over test images and over seeds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vae.runs import groups, student
from vae.runs.run import RunError
from vae.runs.student import Mean
from vae.runs.table import Row

Values = NDArray[Any]


@dataclass(frozen=True)
class Setting:
    """A group's runs with the same values: their mean of a number over the seeds, None without a finished run.

    `left_out` counts the runs that have no such number or were stopped before their end.
    """

    values: dict[str, Any]
    rows: tuple[Row, ...]
    mean: Mean | None
    left_out: int


def settings(found: Sequence[Row], number: str) -> list[Setting]:
    """Return the settings of a group's rows with the mean and spread of a number over their seeds."""
    by_name = {one.run.name: one for one in found}
    made = []
    for values, runs in groups.settings([one.run for one in found]):
        rows = tuple(by_name[run.name] for run in runs)
        known = tuple(one for one in rows if one.state == "done" and number in one.numbers)
        numbers = [one.numbers[number].value for one in known]
        made.append(Setting(values, known, student.mean(numbers) if numbers else None, len(rows) - len(known)))
    return made


@dataclass(frozen=True)
class Better:
    """The mean of a - b, nats per example, positive where a is better, with two errors.

    `images` is its error over test images for these very models, the difference of each image averaged over the seeds;
    `seeds` is its error over trainings, one difference for each seed that both have.
    """

    images: Mean
    seeds: Mean
    pairs: tuple[int, ...]

    @property
    def verdict(self) -> str:
        """ "a" or "b" if both intervals exclude 0, "models" if only that over images does, "" if it does not."""
        if not self.images.sure:
            return ""
        if not self.seeds.sure or (self.seeds.value > 0) != (self.images.value > 0):
            return "models"
        return "a" if self.images.value > 0 else "b"


def better(a: Mapping[int, Values], b: Mapping[int, Values]) -> Better:
    """Return the paired comparison of two settings, from each seed's values [N] of the same N images, higher is better.

    Raises RunError if they have no seed in common, or not as many images.
    """
    pairs = tuple(sorted(set(a) & set(b)))
    if not pairs:
        raise RunError(
            "The two settings have no seed in common, so there are no pairs. Train them with the same seeds."
        )
    if len({len(values[seed]) for seed in pairs for values in (a, b)}) > 1:
        raise RunError("The two settings were measured on different numbers of images, so there are no pairs.")
    differences = np.stack([np.asarray(a[seed], np.float64) - np.asarray(b[seed], np.float64) for seed in pairs])
    if not np.isfinite(differences).all():
        raise RunError("Some values are not finite: a model's weights have grown too large.")
    return Better(student.mean(differences.mean(0)), student.mean(differences.mean(1)), pairs)
