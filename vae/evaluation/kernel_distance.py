r"""The kernel distance of samples from data: the squared maximum mean discrepancy (MMD), without bias.

    MMD^2 = E k(x, x') + E k(y, y') - 2 E k(x, y),   k(x, y) = (x.y / D + 1)^3

The kernel compares all moments up to the third: MMD^2 = sum_j binom(3, j) D^-j |E x^j - E y^j|^2, x^j the j-th tensor
power. The estimate is the mean over disjoint blocks, each without its diagonal, so that equal distributions have the
expectation 0, and its error is that of the blocks. It can be negative. Source: Binkowski et al. 2018 (KID).
"""

import torch
from torch import Tensor

from vae.evaluation.estimate import Estimate

BLOCKS = 20
FEWEST = 3  # points of a block
FEWEST_BLOCKS = 4  # below it the blocks say too little of the error


def kernel_distance(x: Tensor, y: Tensor) -> Estimate:
    """Return the unbiased MMD^2 between points [N, D] and [M, D], of which the first min(N, M) are used.

    `n` of the estimate is the number of blocks. Raises ValueError for fewer than 12 points, points of other widths, or
    values that are not finite.
    """
    if x.ndim != 2 or x.shape[1:] != y.shape[1:]:
        raise ValueError(f"points {list(x.shape)} and {list(y.shape)} are not of one space")
    n = min(len(x), len(y))
    blocks = min(BLOCKS, n // FEWEST)
    if blocks < FEWEST_BLOCKS:
        raise ValueError(f"the kernel distance needs {FEWEST * FEWEST_BLOCKS} points in each set, not {n}")
    if not (x.isfinite().all() and y.isfinite().all()):
        raise ValueError("some points are not finite, so they have no distance")
    size = n // blocks
    parts = (slice(start, start + size) for start in range(0, blocks * size, size))
    return Estimate.of(torch.stack([unbiased(x[part].double(), y[part].double()) for part in parts]))


def unbiased(x: Tensor, y: Tensor) -> Tensor:
    """Return the unbiased MMD^2 [...] of blocks [..., n, D] and [..., m, D], n and m at least 2."""
    return _apart(x) + _apart(y) - 2 * _kernel(x, y).mean((-2, -1))


def _kernel(x: Tensor, y: Tensor) -> Tensor:
    return (x @ y.mT / x.shape[-1] + 1) ** 3


def _apart(x: Tensor) -> Tensor:
    """Return the mean of k over pairs of different points."""
    k, n = _kernel(x, x), x.shape[-2]
    return (k.sum((-2, -1)) - k.diagonal(dim1=-2, dim2=-1).sum(-1)) / (n * (n - 1))
