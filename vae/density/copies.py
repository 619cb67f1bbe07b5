"""Detect copies: a sample's distance to its nearest training image, compared with that of held-out images.

    d(x) = min_n || x - x_n ||_2,    verdict: the share of held-out images h with d(h) <= d(x)

A sample is suspicious if it is nearer to a training image than nearly all held-out images are.
Source: Meehan et al. 2020, who compare distances to the training set in this way; applied to a single sample.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

BLOCK = 4096  # training images that are converted to floats at a time
CANDIDATES = 4  # candidates of each block, whose distances are computed again without cancellation
SUSPICIOUS = 0.01  # share of held-out images below which a distance is called suspicious


@dataclass(frozen=True)
class Images:
    """Training images [N, *shape] in memory: whole numbers from 0 to `levels`, packed as bits if `binary`.

    Vectors are float32 as they are, with one level. Bits take an eighth of the memory: 60,000 images of 64 x 64 are
    31 MB.
    """

    pixels: NDArray[Any]
    size: int
    levels: int
    binary: bool

    @classmethod
    def of(cls, images: NDArray[Any], levels: int, binary: bool) -> "Images":
        """Return images uint8 [N, *shape] with values up to `levels`, or vectors float32 [N, D]."""
        flat = images.reshape(len(images), -1)
        if flat.dtype != np.uint8:
            return cls(flat.astype(np.float32), flat.shape[1], 1, False)
        return cls(np.packbits(flat > 0, axis=1) if binary else flat, flat.shape[1], levels, binary)

    def __len__(self) -> int:
        return len(self.pixels)

    def floats(self, index: slice | NDArray[np.int64]) -> NDArray[np.float32]:
        """Return images [n, pixels] in [0, 1], or vectors [n, D]."""
        if self.binary:
            return np.unpackbits(self.pixels[index], axis=1, count=self.size).astype(np.float32)
        return self.pixels[index].astype(np.float32) / np.float32(self.levels)


@dataclass(frozen=True)
class Search:
    """A search in progress: each x's nearest [M] of the first `seen` training images, and its squared distance [M]."""

    index: NDArray[np.int64]
    squares: NDArray[np.float64]
    seen: int = 0

    @classmethod
    def of(cls, count: int) -> "Search":
        """Return a new search for `count` points x."""
        return cls(np.zeros(count, np.int64), np.full(count, np.inf))

    def step(self, x: NDArray[np.float32], train: Images) -> "Search":
        """Return the search after one more block of training images, for x [M, *shape] in [0, 1].

        A matrix product finds a few candidates, by ||x||^2 - 2 x.x_n + ||x_n||^2 about the block's mean; their
        distances are then computed from the differences, in float64, so that a copy's is 0 and not a rounding error.
        Raises ValueError for another number of pixels.
        """
        flat = x.reshape(len(x), -1).astype(np.float32)
        if flat.shape[1] != train.size:
            raise ValueError(f"images of {flat.shape[1]} pixels cannot be held against images of {train.size}")
        block = train.floats(slice(self.seen, self.seen + BLOCK))
        centre = block.mean(0)
        a, b = flat - centre, block - centre
        scores = (b**2).sum(1) - 2 * a @ b.T
        index, squares = self.index.copy(), self.squares.copy()
        few = min(CANDIDATES, len(block))
        for k in np.argpartition(scores, few - 1, axis=1)[:, :few].T:
            exact = ((flat.astype(np.float64) - block[k]) ** 2).sum(1)
            better = exact < squares
            squares[better], index[better] = exact[better], self.seen + k[better]
        return Search(index, squares, self.seen + len(block))


def nearest(x: NDArray[np.float32], train: Images) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the nearest training image [M] of each x [M, *shape] in [0, 1], and its distance || x - x_n ||_2 [M].

    Raises ValueError without training images or for another number of pixels.
    """
    if not len(train):
        raise ValueError("there are no training images to hold anything against")
    search = Search.of(len(x))
    while search.seen < len(train):
        search = search.step(x, train)
    return search.index, np.sqrt(search.squares)


def rank(distance: NDArray[np.float64], reference: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share [M] of reference distances [R] that are at most as large: (1/R) #{r: d_r <= d}."""
    return np.searchsorted(np.sort(reference), distance, side="right") / len(reference)
