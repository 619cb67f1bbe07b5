"""Vectors out of columns: numbers are standardised, words become columns of 0 and 1, and what is missing is said.

Each step is noted with the column, so that a stored vector is shown in the units of its file again.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vae.data.own.cells import numbers, words
from vae.data.own.content import OwnDataError, Rows

if TYPE_CHECKING:
    import pyarrow as pa

BLOCK = 4_096  # rows that are in memory at once
CELLS = 4_000_000  # values that are in memory at once
SCALINGS = {"each": "each column standardised", "all": "all standardised together", "none": "as they are"}
SCALED = {
    "each": "Each column became (value − mean) / deviation, both of the training rows.",
    "line": "Each line became (value − mean) / deviation, both of the training rows.",
    "all": "All values became (value − mean) / deviation, both of the training rows.",
}
MISSING = {"drop": "leave the rows out", "mean": "fill with the mean"}
FEW_MISSING = 0.05  # share of rows up to which rows with a missing value are left out by default
Floats = NDArray[np.float64]


@dataclass
class Numbers:
    """Columns of numbers, read by blocks of rows; `block(start, stop)` is [n, D], nan where a value is missing."""

    names: Sequence[str]
    block: Callable[[int, int], Floats]


@dataclass
class Words:
    """One column of words: its name, the different words, and the index of each row's word, -1 for an empty cell."""

    name: str
    words: tuple[str, ...]
    block: Callable[[int, int], NDArray[np.int64]]


def of_array(rows: Rows, arrange: Callable[[Any], Any], names: Sequence[str]) -> Numbers:
    """Return an array's values as columns of numbers."""

    def block(start: int, stop: int) -> Floats:
        found = np.asarray(arrange(np.asarray(rows[start:stop])), np.float64)
        return np.where(np.isfinite(found), found, np.nan)

    return Numbers(names, block)


def of_table(table: "pa.Table", names: Sequence[str], decimal: str) -> Numbers:
    """Return a table's columns of those names as numbers."""

    def block(start: int, stop: int) -> Floats:
        part = table.slice(start, stop - start)
        made = np.empty((part.num_rows, len(names)))
        for k, name in enumerate(names):
            made[:, k] = numbers(part.column(name), decimal)[0]
        return made

    return Numbers(names, block)


def words_of(table: "pa.Table", name: str, known: tuple[str, ...]) -> Words:
    """Return a table's column as words."""
    import pyarrow as pa
    import pyarrow.compute as pc

    def block(start: int, stop: int) -> NDArray[np.int64]:
        part = words(table.column(name).slice(start, stop - start))
        index = pc.fill_null(pc.index_in(part, value_set=pa.array(known, pa.string())), -1)
        return np.asarray(index.to_numpy(zero_copy_only=False), np.int64)

    return Words(name, known, block)


@dataclass
class Vectors:
    """Columns as vectors of float32; `fit` must be called before `convert`.

    `scaling` is one of SCALINGS and `missing` one of MISSING; each of the `lines` [C, T] of a series has one scale.
    """

    numbers: Numbers
    words: Sequence[Words]
    scaling: str
    missing: str
    lines: tuple[int, int] | None = None
    offset: Floats = field(default_factory=lambda: np.zeros(0))
    scale: Floats = field(default_factory=lambda: np.ones(0))
    filling: Floats = field(default_factory=lambda: np.zeros(0))  # what stands for a missing value, after scaling
    holes: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))  # columns with missing values

    def whole(self, n: int) -> NDArray[np.bool_]:
        """Return which rows have no missing value, and note the columns that have some."""
        rows = np.ones(n, bool)
        holes = np.zeros(len(self.numbers.names), bool)
        for start, stop in blocks(n, len(self.numbers.names)):
            empty = np.isnan(self.numbers.block(start, stop))
            holes |= empty.any(0)
            rows[start:stop] = ~empty.any(1)
            for column in self.words:
                rows[start:stop] &= column.block(start, stop) >= 0
        self.holes = np.flatnonzero(holes)
        return rows

    def fit(self, train: NDArray[np.bool_]) -> None:
        """Find the mean and deviation of the columns [D] on the rows that are trained on [N]."""
        d = len(self.numbers.names)
        count, total, squares = np.zeros(d), np.zeros(d), np.zeros(d)
        first: Floats | None = None
        for start, stop in blocks(len(train), d):
            x = self.numbers.block(start, stop)[train[start:stop]]
            if not len(x):
                continue
            first = np.nan_to_num(x[0]) if first is None else first
            moved, known = x - first, ~np.isnan(x)  # near 0, so that the squares keep their digits
            count += known.sum(0)
            total += np.nansum(moved, 0)
            with np.errstate(over="ignore"):  # what is too large to keep is refused where it is written
                squares += np.nansum(moved**2, 0)
        if first is None:
            raise OwnDataError("No row is left to train on. Fill the missing values instead of leaving the rows out.")
        self.offset, self.scale = np.zeros(d), np.ones(d)
        for group in self._groups(d):
            n = count[group].sum()
            mean = (total[group] + count[group] * first[group]).sum() / max(n, 1)
            shift = first[group] - mean
            square = (squares[group] + 2 * shift * total[group] + count[group] * shift**2).sum() / max(n, 1)
            self.offset[group] = mean
            self.scale[group] = np.sqrt(square) if square > 1e-12 * max(1.0, mean**2) else 1.0
        self.filling = (first + total / np.maximum(count, 1) - self.offset) / self.scale

    def _groups(self, d: int) -> list[slice]:
        """Return the columns that share a scale: each, all, each line of a series, or none."""
        if self.scaling == "none":
            return []
        if self.scaling == "all":
            return [slice(0, d)]
        if self.lines is not None:
            return [slice(k * self.lines[1], (k + 1) * self.lines[1]) for k in range(self.lines[0])]
        return [slice(k, k + 1) for k in range(d)]

    @property
    def marked(self) -> NDArray[np.int64]:
        """The columns of numbers whose missing values have a column of their own."""
        return self.holes if self.missing == "mean" and self.lines is None else self.holes[:0]

    @property
    def width(self) -> int:
        """The number of values of a vector."""
        return len(self.numbers.names) + sum(len(column.words) for column in self.words) + len(self.marked)

    def convert(self, start: int, stop: int) -> NDArray[np.float32]:
        """Return rows as vectors float32 [n, width]; a missing value is the mean, and a missing word no word."""
        x = (self.numbers.block(start, stop) - self.offset) / self.scale
        empty = np.isnan(x)
        parts = [np.where(empty, self.filling, x)]
        for column in self.words:
            index = column.block(start, stop)
            parts.append((index[:, None] == np.arange(len(column.words))).astype(np.float64))
        parts.append(empty[:, self.marked].astype(np.float64))
        with np.errstate(over="ignore"):
            return np.concatenate(parts, 1).astype(np.float32)

    def columns(self, unit: Callable[[str], tuple[str, str]]) -> list[dict[str, Any]]:
        """Return what each value of a vector is, for the dataset's description; `unit` splits a name from its unit."""
        made: list[dict[str, Any]] = []
        for k, name in enumerate(self.numbers.names):
            title, of = unit(name)
            made.append(
                {
                    "kind": "number",
                    "name": title,
                    "unit": of,
                    "offset": self.offset[k].item(),
                    "scale": self.scale[k].item(),
                }
            )
        made += [{"kind": "words", "name": column.name, "words": list(column.words)} for column in self.words]
        made += [{"kind": "missing", "name": f"{self.numbers.names[k]} missing"} for k in self.marked]
        return made


def blocks(n: int, width: int = 1) -> Iterator[tuple[int, int]]:
    """Yield start and stop of blocks of rows that are read at once; rows of `width` values."""
    step = int(max(1, min(BLOCK, CELLS // max(1, width))))
    for start in range(0, n, step):
        yield start, min(n, start + step)
