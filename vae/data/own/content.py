"""What a reader finds in a file: arrays that are read by parts, a table, and what it had to guess."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from vae.data.dataset import DataError

if TYPE_CHECKING:
    import pyarrow as pa


class OwnDataError(DataError):
    """Data that cannot be read or kept; the message says what, why and what to do."""


@contextmanager
def reading(name: str) -> Iterator[None]:
    """Raise OwnDataError for whatever else a file's parser raises: it is damaged in more ways than are foreseen.

    An error of the system itself, such as a full disk, has a number and stays what it is.
    """
    try:
        yield
    except (DataError, MemoryError):
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        text = f"{type(error).__name__}: {error}".splitlines()[0][:160].rstrip(".")
        raise OwnDataError(f"{name[:80]} broke its reader ({text}): it is damaged. Save it again.") from error


class Rows(Protocol):
    """An array [N, ...] whose rows are read when they are asked for, by slice: a memory map, files, a column."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape, with the number of rows first."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the values."""

    def __getitem__(self, rows: Any, /) -> Any:
        """Return the rows of a slice as an array."""


@dataclass(frozen=True)
class Choice:
    """One thing that was found out: its value, the values that it can have with their titles, and how sure it is.

    `margin` says how many times better the value fits than the next one, None where nothing was measured; `reason` says
    in words why. Below `THIN` the page asks.
    """

    name: str
    title: str
    value: str
    choices: Mapping[str, str]
    margin: float | None = None
    reason: str = ""

    @property
    def thin(self) -> bool:
        """Whether the next value fits nearly as well, so that somebody has to look."""
        return self.margin is not None and self.margin < THIN and len(self.choices) > 1

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {**self.__dict__, "choices": dict(self.choices), "thin": self.thin}


THIN = 1.3


@dataclass
class Content:
    """A file's content: `arrays` by name, or a `table` of columns; `found` is what was guessed to read it.

    `classes` name the values of an array of labels; `parts` [N] says which split each row was given to: 0 train,
    1 valid, 2 test, -1 none. `notes` are sentences on what was left out, `names` the names of an
    array's columns.
    """

    kind: str
    arrays: dict[str, Rows] = field(default_factory=dict)
    table: "pa.Table | None" = None
    found: list[Choice] = field(default_factory=list)
    classes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    parts: NDArray[np.int8] | None = None
    notes: list[str] = field(default_factory=list)
    names: tuple[str, ...] = ()


class Stacked:
    """Several arrays of equal rows, one behind the other, as one."""

    def __init__(self, parts: Sequence[Rows]) -> None:
        self.parts = list(parts)
        first = self.parts[0]
        if any(tuple(p.shape[1:]) != tuple(first.shape[1:]) for p in self.parts):
            shapes = " and ".join(str(list(p.shape[1:])) for p in self.parts)
            raise OwnDataError(f"The splits hold examples of different shapes, {shapes}. Give all of them one shape.")
        self.starts = np.cumsum([0, *(len_of(p) for p in self.parts)])
        self.shape = (int(self.starts[-1]), *first.shape[1:])
        self.dtype = np.result_type(*(p.dtype for p in self.parts))

    def __getitem__(self, rows: Any) -> NDArray[Any]:
        start, stop, _ = rows.indices(self.shape[0])
        found = [
            np.asarray(part[max(0, start - a) : max(0, min(stop, b) - a)])
            for part, a, b in zip(self.parts, self.starts[:-1], self.starts[1:], strict=True)
            if start < b and stop > a
        ]
        return np.concatenate(found) if found else np.empty((0, *self.shape[1:]), self.dtype)


def len_of(rows: Rows) -> int:
    """Return the number of rows."""
    return int(rows.shape[0])


def some(rows: Rows, most: int, places: int = 64) -> NDArray[Any]:
    """Return at most `most` rows that lie evenly over all in so many places, for a look."""
    n = len_of(rows)
    if n <= most:
        return np.asarray(rows[0:n])
    blocks = np.linspace(0, n - 1, min(most, places)).astype(int)
    each = max(1, most // len(blocks))
    return np.concatenate([np.asarray(rows[int(b) : int(min(n, b + each))]) for b in blocks])
