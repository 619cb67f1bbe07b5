r"""Memorisation: whether samples lie nearer to training than to held-out examples, among equally many n of each.

    share = mean_j 1[min_i |s_j - t_i| < min_i |s_j - h_i|],   ties count a half

Samples that do not know which examples were trained on give 1/2, as training and held-out examples could be exchanged.
The standard error is that of this exchange: c_i samples have the example i as their nearest of all 2n, and a random
half of the 2n has the variance n Var(c) / 2 of its sum. Samples that crowd around few examples have a large one.
A model that only copies its N > n training examples has f + (1 - f) / 2, f = n / N: the copies of those that are not
compared lie like fresh data.
Sources: Meehan et al. 2020 (data copying as a two-sample test), van den Burg & Williams 2021 (memorisation); the pairs'
share is the nearest-neighbour test of Schilling 1986.
"""

import math

import torch
from torch import Tensor

from vae.evaluation.estimate import Estimate

FEWEST = 10  # examples of each kind, below which a share of nearest ones says nothing
ROWS = 500


def memorisation(samples: Tensor, train: Tensor, held_out: Tensor) -> Estimate:
    """Return the share of samples [M, D] nearer to one of train [N, D] than to one of held_out [N, D].

    Raises ValueError for fewer than `FEWEST` or not equally many examples, no samples, points of other widths, or
    values that are not finite.
    """
    _check(samples, train, held_out)
    return _share(samples, train, held_out, paired=False)


def own_memorisation(train: Tensor, held_out: Tensor, m: int | None = None) -> Estimate:
    """Return the share of the first m held-out examples [N, D] nearer to a training than to another held-out example.

    It is the same number of data instead of samples, 1/2 in any space that does not itself know the training examples.
    The example i is compared with all but the i-th of each kind, n - 1 of each. Raises as `memorisation`.
    """
    _check(held_out, train, held_out)
    return _share(held_out[:m], train, held_out, paired=True)


def _check(samples: Tensor, train: Tensor, held_out: Tensor) -> None:
    if len(train) != len(held_out):
        raise ValueError(f"{len(train):,} training and {len(held_out):,} held-out examples: as many of each are needed")
    if len(train) < FEWEST or not len(samples):
        raise ValueError(f"memorisation needs samples and {FEWEST} examples of each kind, not {len(train)}")
    if any(part.ndim != 2 or part.shape[1] != train.shape[1] for part in (samples, train, held_out)):
        raise ValueError("samples, training and held-out examples are not of one space")
    if not all(part.isfinite().all() for part in (samples, train, held_out)):
        raise ValueError("some points are not finite, so they have no neighbours")


def _share(samples: Tensor, train: Tensor, held_out: Tensor, paired: bool) -> Estimate:
    centre = held_out.double().mean(0)  # far from 0, differences of large numbers would lose their digits
    s, t, h = (part.double() - centre for part in (samples, train, held_out))
    n = len(t)
    counts = torch.zeros(2 * n, dtype=torch.float64)
    for start in range(0, len(s), ROWS):
        part = s[start : start + ROWS]
        (near_t, in_t), (near_h, in_h) = (_nearest(part, others, start if paired else None) for others in (t, h))
        first = (near_t < near_h).double() + 0.5 * (near_t == near_h)
        counts.index_add_(0, in_t, first)
        counts.index_add_(0, n + in_h, 1 - first)
    share = counts[:n].sum().item() / len(s)
    return Estimate(share, math.sqrt(n * counts.var().item() / 2) / len(s), len(s))


def _nearest(points: Tensor, others: Tensor, left_out: int | None) -> tuple[Tensor, Tensor]:
    """Return the distance and index [M] of each point's nearest of others, the `left_out + i`-th left out for the i-th.

    The distance is computed again from the differences, so that the cancellation of a matrix product decides no tie.
    """
    apart = torch.cdist(points, others)
    if left_out is not None:
        rows = torch.arange(len(points))
        apart[rows, left_out + rows] = math.inf
    index = apart.argmin(1)
    return (points - others[index]).norm(dim=1), index
