"""The rate-distortion plane: the lower convex hull of runs, which holds the best of them for every β."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike


def hull(rate: ArrayLike, distortion: ArrayLike) -> list[int]:
    """Return the indices of the lower hull of points (rate, distortion) [N] in nats, by rising rate.

    For every β >= 0 the least distortion + β rate is at one of these points, and from one to the next distortion falls:
    the β at which two neighbours are equally good is the slope's negative (`slopes`). Equal points count once.
    Source: Alemi et al. 2018 for the plane; Andrew's monotone chain for the hull.
    """
    r, d = np.asarray(rate, np.float64), np.asarray(distortion, np.float64)
    found: list[int] = []
    for i in np.lexsort((d, r)):
        if found and d[i] >= d[found[-1]]:
            continue  # another point has no more of either
        while len(found) > 1 and _above(r, d, found[-2], found[-1], i):
            found.pop()
        found.append(int(i))
    return found


def _above(r: np.ndarray, d: np.ndarray, a: int, b: int, c: int) -> bool:
    """Return whether point b lies on or above the line from a to c."""
    return bool((d[b] - d[a]) * (r[c] - r[a]) >= (d[c] - d[a]) * (r[b] - r[a]))


def slopes(rate: ArrayLike, distortion: ArrayLike, order: Sequence[int]) -> list[float]:
    """Return the β at which each point of a hull and the next one are equally good, falling from left to right."""
    r, d = np.asarray(rate, np.float64), np.asarray(distortion, np.float64)
    return [float((d[a] - d[b]) / (r[b] - r[a])) for a, b in pairwise(order)]
