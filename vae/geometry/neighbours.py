"""Count the codes near a point."""

import numpy as np
from numpy.typing import NDArray


def count(codes: NDArray[np.floating], z: NDArray[np.floating], radius: float) -> NDArray[np.int64]:
    """Return how many codes [N, d] lie within a Euclidean distance of `radius` of each of z [M, d], as [M]."""
    return np.array([(np.square(codes - point).sum(1) <= radius * radius).sum() for point in z], np.int64)


def usual_radius(codes: NDArray[np.floating], neighbours: int, sample: int = 200) -> float:
    """Return the radius in which the median code (of `sample` evenly chosen ones) has `neighbours` neighbours."""
    chosen = codes[np.unique(np.linspace(0, len(codes) - 1, min(sample, len(codes))).round().astype(int))]
    rank = min(neighbours, len(codes) - 1)  # + 1: a code's nearest code is itself
    return float(np.median([np.sqrt(np.partition(np.square(codes - z).sum(1), rank)[rank]) for z in chosen]))
