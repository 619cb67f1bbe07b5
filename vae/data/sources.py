"""A dataset as an object: it describes itself, loads a split, and downloads missing files.

A new dataset is a `StoredSource` with `read`, or a `DrawnSource` with `draw`, and one entry in `vae.data.sets`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vae.data.dataset import SPLITS, DataError, Dataset, Description, Examples, MissingData
from vae.data.gate import check
from vae.data.root import data_root

if TYPE_CHECKING:
    from vae.data.download import Progress

Root = str | Path | None
Report = Callable[["Progress"], None]


class Source(ABC):
    """One dataset; `about` describes it. `root` is the folder of downloads, None for `data_root()`."""

    about: Description

    def describe(self) -> Description:
        """Return the dataset's description, without reading its files."""
        return self.about

    def load(self, split: str = "train", n: int | None = None, seed: int = 0, root: Root = None) -> Dataset:
        """Return a split, or at most n of its examples, chosen by `seed`; raises DataError with the remedy.

        The first m of n examples are the m examples of the same seed.
        """
        if split not in SPLITS:
            raise DataError(f"There is no split {split!r}: choose train, valid or test.")
        if n is not None and n < 1:
            raise DataError(f"n is the number of examples wanted, at least 1, not {n}.")
        found = self.examples(split, n, seed, data_root() if root is None else Path(root))
        check(self.about, found)
        return self.about.dataset(split, found)

    @abstractmethod
    def examples(self, split: str, n: int | None, seed: int, root: Path) -> Examples:
        """Return the examples from which `load` makes a Dataset."""

    def train_size(self, size: int | None = None) -> int:
        """Return how many training examples are provided if `size` are requested (None: the usual number)."""
        return self.about.sizes[0] if size is None else min(size, self.about.sizes[0])

    def available(self, root: Root = None) -> bool:
        """Return whether the dataset's files are present with the right size."""
        return True

    def fetch(self, root: Root = None, progress: Report | None = None) -> None:
        """Download missing files, if the dataset needs any; raises DataError if that fails."""
        if not self.available(root):
            place = data_root() if root is None else root
            raise MissingData(f"{self.about.title} is not in {place}, and has no download. Put its files there.")


class StoredSource(Source):
    """A dataset with fixed examples in a fixed order; n of them are the first n of a permutation by the seed."""

    @abstractmethod
    def read(self, split: str, root: Path) -> Examples:
        """Return all examples of a split in their fixed order; labels and factors may be None. Raises DataError."""

    def examples(self, split: str, n: int | None, seed: int, root: Path) -> Examples:
        """Return the whole split, or the first n of its permutation by the seed."""
        every = self.read(split, root)
        if n is None:
            return every
        index = np.random.default_rng([seed, SPLITS.index(split)]).permutation(len(every.images))[:n]
        labels = None if every.labels is None else every.labels[index]
        factors = None if every.factors is None else {name: values[index] for name, values in every.factors.items()}
        return Examples(every.images[index], labels, factors, index)


class DrawnSource(Source):
    """A dataset drawn by a random generator, with any number of examples; the splits share none, for every seed."""

    @abstractmethod
    def draw(self, split: str, n: int, seed: int) -> Examples:
        """Return n examples; the first m of them equal the m examples of the same split and seed."""

    def examples(self, split: str, n: int | None, seed: int, root: Path) -> Examples:
        """Return n examples, or the usual number if n is None."""
        return self.draw(split, n or self.about.sizes[SPLITS.index(split)], seed)

    def train_size(self, size: int | None = None) -> int:
        """Return the requested number: any number can be drawn."""
        return self.about.sizes[0] if size is None else size
