"""The trustworthiness of a map of many dimensions, estimated from some of its points."""

import numpy as np
from numpy.typing import NDArray

from vae.evaluation.estimate import Estimate

NEIGHBOURS, QUERIES, BLOCK = 12, 1000, 256


def _scaled(points: NDArray[np.floating], name: str) -> NDArray[np.float32]:
    """Return points [N, d] about their mean, the largest coordinate 1: expanded squares keep their digits."""
    points = np.asarray(points, np.float64)
    if not np.isfinite(points).all():
        raise ValueError(f"some {name} are not finite, so they have no neighbours")
    points = points - points.mean(0)
    most = np.abs(points).max(initial=0.0)
    if most == 0:
        raise ValueError(f"all {name} are the same, so none is nearer than another")
    return np.asarray(points / most, np.float32)


def trustworthiness(
    codes: NDArray[np.floating],
    places: NDArray[np.floating],
    k: int = NEIGHBOURS,
    queries: int = QUERIES,
    seed: int = 0,
) -> Estimate:
    r"""Return T(k) of places [N, 2] as a map of codes [N, d], in [0, 1]; 1 if all map neighbours are neighbours in z.

    T(k) = mean_i 1 - 2 / (k (2 N - 3 k - 1)) sum_{j in map neighbours of i} max(0, rank_ij - k), rank_ij the place of
    j among i's neighbours by codes, over at most `queries` points i drawn from `seed` against all N. Source: Venna &
    Kaski 2001. Raises ValueError unless 1 <= k < N / 2, and for codes or places that are not finite or all the same.
    """
    n = len(codes)
    if len(places) != n:
        raise ValueError(f"{n} codes have {n} places, not {len(places)}")
    codes, places = _scaled(codes, "codes"), _scaled(places, "places")
    if not 1 <= k < n / 2:
        raise ValueError(f"k must be at least 1 and below half of the {n} points, not {k}")
    chosen = np.random.default_rng(seed).permutation(n)[:queries]
    norm = 2.0 / (k * (2 * n - 3 * k - 1))
    squares = ((codes**2).sum(1), (places**2).sum(1))
    values = []
    for start in range(0, len(chosen), BLOCK):
        i = chosen[start : start + BLOCK]
        rows = np.arange(len(i))
        far = squares[0] - 2 * codes[i] @ codes.T
        near = squares[1] - 2 * places[i] @ places.T
        far[rows, i] = near[rows, i] = -np.inf
        neighbours = np.argpartition(near, k, axis=1)[:, : k + 1]
        # the rank of j is the number of nearer codes; it starts at 1, because i itself is nearest
        order = np.argsort(far, axis=1, kind="stable")
        rank = np.empty_like(order)
        np.put_along_axis(rank, order, np.arange(n)[None].repeat(len(i), 0), axis=1)
        strangers = np.take_along_axis(rank, neighbours, axis=1)
        values.append(1 - norm * np.maximum(strangers - k, 0).sum(1))
    import torch

    return Estimate.of(torch.from_numpy(np.concatenate(values)))
