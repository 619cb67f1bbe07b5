r"""Samples against data: precision, recall, density and coverage by the balls around each point's k nearest neighbours.

    precision = mean_j 1[f_j in any ball of a real point]     density  = mean_j (1/k) #{balls of real points with f_j}
    recall    = mean_i 1[r_i in any ball of a sample]         coverage = mean_i 1[the ball of r_i holds a sample]

A ball of a point reaches to its k-th neighbour in its own set. Of equal distributions, E[density] = 1 and E[coverage] =
`expected_coverage`; precision and recall have no such values, so that they are read beside data held against data.
Sources: Kynkäänniemi et al. 2019 (precision, recall), Naeem et al. 2020 (density, coverage).
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from vae.evaluation.estimate import Estimate

NEIGHBOURS, ROWS = 5, 1000


@dataclass(frozen=True)
class Coverage:
    """The four numbers with errors over points, and the single points they are means of.

    `covered` [N] says of each real point whether its ball holds a sample, `real` [M] of each sample whether it lies in
    the ball of a real point.
    """

    precision: Estimate
    recall: Estimate
    density: Estimate
    coverage: Estimate
    covered: Tensor
    real: Tensor


def expected_coverage(n: int, m: int, k: int = NEIGHBOURS) -> float:
    """Return E[coverage] of n points by m of the same distribution, 1 - prod_{j<k} (n - 1 - j) / (n + m - 1 - j)."""
    return 1 - math.prod((n - 1 - j) / (n + m - 1 - j) for j in range(k))


def coverage(real: Tensor, samples: Tensor, k: int = NEIGHBOURS) -> Coverage:
    """Return how samples [M, D] compare with real points [N, D], by k nearest neighbours.

    Raises ValueError for sets of at most k points, of other widths, or with values that are not finite.
    """
    a, b = _centred(real, samples, k)
    own, others = _radii(a, k), _radii(b, k)
    inside = torch.zeros(len(b), dtype=torch.float64)
    covered, recalled = [], []
    for start in range(0, len(a), ROWS):
        part = slice(start, start + ROWS)
        apart = torch.cdist(a[part], b)
        near = apart < own[part, None]
        inside += near.sum(0)
        covered.append(near.any(1))
        recalled.append((apart < others).any(1))
    is_covered, is_real = torch.cat(covered), inside > 0
    return Coverage(
        Estimate.of(is_real.double()),
        Estimate.of(torch.cat(recalled).double()),
        Estimate.of(inside / k),
        Estimate.of(is_covered.double()),
        is_covered,
        is_real,
    )


def reach(real: Tensor, samples: Tensor, k: int = NEIGHBOURS) -> Tensor:
    """Return each real point's distance [N] to its nearest sample, in units of the radius of its ball.

    Below 1 the point is covered. It is nan for a point with k others at its own place. Raises as `coverage`.
    """
    a, b = _centred(real, samples, k)
    nearest = torch.cat([torch.cdist(part, b).min(1).values for part in a.split(ROWS)])
    own = _radii(a, k)
    return torch.where(own > 0, nearest / own, math.nan)


def _centred(real: Tensor, samples: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Return both sets about the mean of the real points, in double precision; raises ValueError."""
    if min(len(real), len(samples)) <= k:
        raise ValueError(f"{k} neighbours need more than {k} points in each set, not {min(len(real), len(samples))}")
    if real.shape[1:] != samples.shape[1:] or real.ndim != 2:
        raise ValueError(f"points {list(real.shape)} and samples {list(samples.shape)} are not of one space")
    if not (real.isfinite().all() and samples.isfinite().all()):
        raise ValueError("some points are not finite, so they have no neighbours")
    centre = real.double().mean(0)  # far from 0, differences of large numbers would lose their digits
    return real.double() - centre, samples.double() - centre


def _radii(points: Tensor, k: int) -> Tensor:
    """Return the distance [N] of each point to its k-th neighbour, itself left out."""
    parts = [torch.cdist(points[i : i + ROWS], points).kthvalue(k + 1, 1).values for i in range(0, len(points), ROWS)]
    return torch.cat(parts)
