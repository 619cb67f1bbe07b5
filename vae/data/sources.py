"""A dataset as an object: it describes itself, loads a split, and fetches its files where they are not here.

A new dataset is a `StoredSource` with `read`, or a `DrawnSource` with `draw`, and one entry in `vae.data.sets`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vae.data.dataset import SPLITS, DataError, Dataset, Description, Examples, MissingData
from vae.data.root import data_root

if TYPE_CHECKING:
    from vae.data.download import Progress

Root = str | Path | None
Report = Callable[["Progress"], None]


class Source(ABC):
    """One dataset; `about` describes it. A root is the folder that holds downloads, None for `data_root()`."""

    about: Description

    def describe(self) -> Description:
        """Return what the dataset is, without reading it."""
        return self.about

    def load(self, split: str = "train", n: int | None = None, seed: int = 0, root: Root = None) -> Dataset:
        """Return a split, or at most n examples of it that `seed` chooses; raises DataError, which says what to do.

        The first m of n examples are the m examples of the same seed.
        """
        if split not in SPLITS:
            raise DataError(f"There is no split {split!r}: choose train, valid or test.")
        if n is not None and n < 1:
            raise DataError(f"n is the number of examples wanted, at least 1, not {n}.")
        return self.about.dataset(split, self.examples(split, n, seed, data_root() if root is None else Path(root)))

    @abstractmethod
    def examples(self, split: str, n: int | None, seed: int, root: Path) -> Examples:
        """Return what `load` makes a dataset of."""

    def train_size(self, size: int | None = None) -> int:
        """Return how many training examples there are where `size` are asked for, None for the usual number."""
        return self.about.sizes[0] if size is None else min(size, self.about.sizes[0])

    def available(self, root: Root = None) -> bool:
        """Return whether the dataset can be loaded now, judged by its files' presence and size."""
        return True

    def fetch(self, root: Root = None, progress: Report | None = None) -> None:
        """Download what is not here; most datasets need nothing. Raises DataError where that is not possible."""
        if not self.available(root):
            place = data_root() if root is None else root
            raise MissingData(f"{self.about.title} is not in {place}, and has no download. Put its files there.")


class StoredSource(Source):
    """A dataset with fixed examples in an order of their own; n of them are a permutation's first, by the seed."""

    @abstractmethod
    def read(self, split: str, root: Path) -> Examples:
        """Return all examples of a split in their order; labels and factors may be None. Raises DataError."""

    def examples(self, split: str, n: int | None, seed: int, root: Path) -> Examples:
        """Return the whole split, or the first n of its permutation."""
        every = self.read(split, root)
        if n is None:
            return every
        index = np.random.default_rng([seed, SPLITS.index(split)]).permutation(len(every.images))[:n]
        labels = None if every.labels is None else every.labels[index]
        factors = None if every.factors is None else {name: values[index] for name, values in every.factors.items()}
        return Examples(every.images[index], labels, factors, index)


class DrawnSource(Source):
    """A dataset that a generator draws, as many examples as asked for; the splits share none, whatever the seed."""

    @abstractmethod
    def draw(self, split: str, n: int, seed: int) -> Examples:
        """Return n examples; the first m of them are the m examples of the same split and seed."""

    def examples(self, split: str, n: int | None, seed: int, root: Path) -> Examples:
        """Return n examples, or the usual number."""
        return self.draw(split, n or self.about.sizes[SPLITS.index(split)], seed)

    def train_size(self, size: int | None = None) -> int:
        """Return the number asked for: there are always enough."""
        return self.about.sizes[0] if size is None else size
