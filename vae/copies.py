"""Is a sample a copy? The nearest training image by pixels, and how near to one real, held-out images are.

    d(x) = min_n || x - x_n ||_2,    verdict: the share of held-out images h with d(h) <= d(x)

A sample that is nearer to a training image than nearly all real images are is suspicious; one that is as far is not.
Source: the comparison of distances to the training set with a held-out set's, Meehan et al. 2020, for one sample.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BLOCK = 4096  # training images that are held as floats at a time
CANDIDATES = 4  # of each block, whose distances are computed again without cancellation
SUSPICIOUS = 0.01  # share of held-out images below which a distance is called suspicious


@dataclass(frozen=True)
class Images:
    """Training images [N, *shape] as they lie in memory: whole numbers from 0 to `levels`, in bits where `binary`.

    Bits take an eighth of the memory: 60,000 images of 64 x 64 are 31 MB.
    """

    pixels: NDArray[np.uint8]
    size: int
    levels: int
    binary: bool

    @classmethod
    def of(cls, images: NDArray[np.uint8], levels: int, binary: bool) -> "Images":
        """Return images uint8 [N, *shape] with values up to `levels`."""
        flat = images.reshape(len(images), -1)
        return cls(np.packbits(flat > 0, axis=1) if binary else flat, flat.shape[1], levels, binary)

    def __len__(self) -> int:
        return len(self.pixels)

    def floats(self, index: slice | NDArray[np.int64]) -> NDArray[np.float32]:
        """Return images [n, pixels] in [0, 1]."""
        if self.binary:
            return np.unpackbits(self.pixels[index], axis=1, count=self.size).astype(np.float32)
        return self.pixels[index].astype(np.float32) / np.float32(self.levels)


def nearest(x: NDArray[np.float32], train: Images) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the nearest training image [M] of each x [M, *shape] in [0, 1], and its distance || x - x_n ||_2 [M].

    A matrix product finds a few candidates in each block, by ||x||^2 - 2 x.x_n + ||x_n||^2 about the block's mean;
    their distances are then computed from the differences, in float64, so that a copy's is 0 and not a rounding error.
    Raises ValueError without training images or for another number of pixels.
    """
    flat = x.reshape(len(x), -1).astype(np.float32)
    if not len(train) or flat.shape[1] != train.size:
        raise ValueError(f"images of {flat.shape[1]} pixels cannot be held against {len(train)} of {train.size}")
    best = np.full(len(x), np.inf)
    index = np.zeros(len(x), np.int64)
    for start in range(0, len(train), BLOCK):
        block = train.floats(slice(start, start + BLOCK))
        centre = block.mean(0)
        a, b = flat - centre, block - centre
        squares = (b**2).sum(1) - 2 * a @ b.T
        few = min(CANDIDATES, len(block))
        for k in np.argpartition(squares, few - 1, axis=1)[:, :few].T:
            exact = ((flat.astype(np.float64) - block[k]) ** 2).sum(1)
            better = exact < best
            best[better], index[better] = exact[better], start + k[better]
    return index, np.sqrt(best)


def rank(distance: NDArray[np.float64], reference: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share [M] of reference distances [R] that are at most as large: (1/R) #{r: d_r <= d}."""
    return np.searchsorted(np.sort(reference), distance, side="right") / len(reference)
