"""Data as they will be kept: examples that are converted by blocks of rows, labels, splits, and what was found out."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vae.data.own import limits
from vae.data.own.content import Choice, OwnDataError
from vae.data.own.splits_given import UNKNOWN

SHARES = (0.8, 0.1, 0.1)
GIVEN, SEED = "given", "seed"
SPLITTING = {GIVEN: "as the file says", SEED: "at random, 80, 10 and 10 per cent"}
TRAIN, VALID, TEST = range(3)
MOST_HELD_OUT = 10_000  # examples of the valid and of the test split


@dataclass
class Prepared:
    """One set of own data. `convert(start, stop)` returns rows of the file as examples, of which `keep` [N] are kept.

    `form` is images, vectors or series; `columns` say what the values of a vector are, `lines` [C, T] what those of a
    series are. `parts` [N] are the splits, 0, 1, 2. `done` are sentences on what was converted.
    """

    form: str
    shape: tuple[int, ...]
    convert: Callable[[int, int], NDArray[Any]]
    keep: NDArray[np.bool_]
    levels: int = 1
    columns: list[dict[str, Any]] = field(default_factory=list)
    lines: tuple[int, int] | None = None
    labels: NDArray[np.int64] | None = None
    classes: tuple[str, ...] = ()
    parts: NDArray[np.int8] = field(default_factory=lambda: np.zeros(0, np.int8))
    seed: int = 0
    found: list[Choice] = field(default_factory=list)
    done: list[str] = field(default_factory=list)

    @property
    def sizes(self) -> tuple[int, int, int]:
        """The numbers of examples of train, valid and test."""
        counted = np.bincount(self.parts[self.keep], minlength=3)
        return int(counted[0]), int(counted[1]), int(counted[2])


def split(
    keep: NDArray[np.bool_], given: NDArray[np.int8] | None, asked: Callable[[str, Any], str], seed: int
) -> tuple[NDArray[np.int8], list[Choice]]:
    """Return the split of each row [N] and how it was found: as given, or by the seed; each gets an example at least.

    What the file does not name (a valid split, mostly) is taken from the training rows by the seed.
    """
    index = np.flatnonzero(keep)
    if len(index) < limits.FEWEST:
        raise OwnDataError(f"{len(index)} examples are too few: at least {limits.FEWEST} are needed to train and test.")
    offered = {name: title for name, title in SPLITTING.items() if name == SEED or given is not None}
    how = asked("split", offered) or next(iter(offered))
    rng = np.random.default_rng([seed, len(keep)])
    parts = np.full(len(keep), TRAIN, np.int8)
    if how == GIVEN and given is not None:
        parts[given != UNKNOWN] = given[given != UNKNOWN]
        for part in (VALID, TEST):
            if not (parts[index] == part).any():
                train = rng.permutation(index[parts[index] == TRAIN])
                parts[train[: held_out(len(train))]] = part
        if not (parts[index] == TRAIN).any():
            raise OwnDataError("The file gives no training examples. Split at random instead.")
        reason = "the names of arrays, folders or a column say so"
    else:
        order, count = rng.permutation(index), held_out(len(index))
        parts[order[:count]], parts[order[count : 2 * count]] = TEST, VALID
        reason = f"by the seed {seed}"
    return parts, [Choice("split", "Splits", how, offered, None, reason)]


def held_out(n: int) -> int:
    """Return how many of n examples are held out for each of valid and test."""
    return max(1, min(MOST_HELD_OUT, round(n * SHARES[TEST])))
