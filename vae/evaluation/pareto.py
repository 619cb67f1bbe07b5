r"""Pareto k: whether the importance weights of an example can be trusted.

The largest weights are fitted by a generalised Pareto distribution, whose shape k tells how many moments of the weights
exist: 1/k. L_K and every mean by these weights need k below `limit(K)`; above it, their error is larger than what the
sample shows. Sources: Zhang & Stephens 2009 (the fit), Vehtari et al. 2024 (the number of weights, the limit).
"""

import math

import torch
from torch import Tensor

from vae.evaluation.importance import stream
from vae.model import LatentModel

FEWEST = 5  # weights in the tail from which a shape can be fitted
PRIOR, PRIOR_SHAPE = 10, 0.5  # the shape is pulled towards 0.5 as by ten more weights
SCALE = 3  # of the prior of the fit's other parameter, times the quartile
EQUAL = 1e-4  # relative difference of the tail's weights up to which they are equal: float32 rounds log densities


def limit(k: int) -> float:
    """Return the largest shape with which K samples can be trusted, min(0.7, 1 - 1 / log10 K)."""
    return min(0.7, 1 - 1 / math.log10(k)) if k > 1 else -math.inf


def tail_length(k: int) -> int:
    """Return how many of K weights the shape is fitted to, min(K / 5, 3 sqrt K) rounded down."""
    return int(min(k / 5, 3 * math.sqrt(k)))


def shape(log_w: Tensor) -> Tensor:
    """Return the Pareto shape k [B] of log weights [K, B]; weights that are equal up to 1e-4
    have -inf.

    Raises ValueError for fewer than 25 weights, whose tail is too short, and for weights that are not finite.
    """
    count = tail_length(len(log_w))
    if count < FEWEST:
        raise ValueError(f"a Pareto shape needs at least {5 * FEWEST} weights, not {len(log_w)}")
    if not log_w.isfinite().all():
        raise ValueError("some importance weights are 0 or infinite, so that their tail has no shape")
    ordered = (log_w.double() - log_w.double().max(0).values).sort(0).values
    excess = ordered[-count:].exp() - ordered[-count - 1].exp()  # over the largest weight that is left out
    flat = excess[-1] <= EQUAL
    found = _fit(torch.where(flat, torch.ones_like(excess), excess.clamp(min=torch.finfo(torch.float64).tiny)))
    return torch.where(flat, -math.inf, found)


def _fit(x: Tensor) -> Tensor:
    """Return the shape of a generalised Pareto distribution for ascending x [n, B], the mean over its posterior."""
    n = len(x)
    points = 30 + int(math.sqrt(n))
    quartile = x[int(n / 4 + 0.5) - 1]
    steps = 1 - torch.sqrt(points / (torch.arange(1, points + 1, dtype=x.dtype) - 0.5))
    b = steps[:, None] / (SCALE * quartile) + 1 / x[-1]  # [points, B]
    k = torch.log1p(-b[:, None] * x).mean(1)
    likelihood = n * (torch.log(-b / k) - k - 1)
    weights = likelihood.nan_to_num(nan=-math.inf).softmax(0)
    best = torch.log1p(-(b * weights).sum(0) * x).mean(0)
    return (n * best + PRIOR * PRIOR_SHAPE) / (n + PRIOR)


@torch.no_grad()
def shapes(
    model: LatentModel,
    x: Tensor,
    k: int = 1000,
    generator: torch.Generator | None = None,
    chunk: int = 100,
) -> Tensor:
    """Return the Pareto shape [B] of K importance weights p(x, z) / q(z|x) of each example x [B, ...].

    Raises ValueError for an autoencoder, which has no weights, and as `shape` does.
    """
    if model.prior is None:
        raise ValueError("an autoencoder has no importance weights")
    return shape(torch.cat([sample.log_w.double() for sample in stream(model, x, k, generator, chunk)]))
