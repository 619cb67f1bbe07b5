"""The decoder's manifold: z on a grid over a plane, equally spaced or with equal prior mass in each cell.

Rows go from the top down, as in images: row 0 has the highest u2, as on the map. No torch.
"""

from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def centres(side: int) -> Array:
    """Return the cells' centres [side] in (0, 1): (i + 1/2) / side. Raises ValueError for fewer than one cell."""
    if side < 1:
        raise ValueError(f"a grid has at least one cell a side, not {side}")
    return (np.arange(side) + 0.5) / side


def linear(low: float, high: float, side: int) -> Array:
    """Return `side` values whose cells divide [low, high] evenly. Raises ValueError unless low < high."""
    if not low < high:
        raise ValueError(f"a range needs low < high, not {low:g} to {high:g}")
    return low + (high - low) * centres(side)


def normal_quantiles(side: int) -> Array:
    """Return Phi^-1((i + 1/2) / side), the medians of `side` cells of equal mass under N(0, 1)."""
    return np.array([NormalDist().inv_cdf(u) for u in centres(side)])


def quantiles(values: Array, side: int) -> Array:
    """Return the (i + 1/2) / side quantiles of values [N], such as draws of a prior or an autoencoder's codes."""
    return np.asarray(np.quantile(values, centres(side)), np.float64)


def grid(across: Array, up: Array) -> Array:
    """Return plane coordinates [rows, columns, 2] of ascending values; row 0 is the highest of `up`."""
    return np.stack(np.meshgrid(across, up[::-1]), -1)
