"""The baseline without latents: the best model of the same kind with independent pixels."""

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torch.distributions import Bernoulli, Categorical, Distribution, Independent, Laplace, Normal

from vae.model.families.pixels import ContinuousBernoulliLogits
from vae.spec import Spec
from vae.spec.kinds import loaded

ROWS = 1000  # examples at a time
SMALLEST = 1e-4  # lower bound of a sigma: a constant pixel would have an infinite density
HALVINGS = 80  # bound of a continuous Bernoulli's logit


class Levels(Distribution):
    """A categorical distribution for each pixel over its L + 1 grey levels level / L in [0, 1]."""

    arg_constraints = {}  # noqa: RUF012 -- torch declares it so

    def __init__(self, probs: Tensor) -> None:
        """Take probabilities [*shape, L + 1]."""
        self.table = Categorical(probs=probs, validate_args=False)
        super().__init__(probs.shape[:-1], validate_args=False)

    def log_prob(self, value: Tensor) -> Tensor:
        """Return log p of the nearest level, elementwise, in nats."""
        found: Tensor = self.table.log_prob((value * (self.table.probs.shape[-1] - 1)).round())
        return found


def without_latents(spec: Spec, x: Tensor) -> Distribution:
    """Return the independent model p(x) = prod_i p_i(x_i) of the likelihood's kind, fitted to examples x [N, *shape].

    The scale is fitted even if the model's scale is fixed, so that this is the best independent model.
    """
    kind = spec.likelihood_kind
    base: Distribution = loaded(kind.baseline)(x.double(), kind.filled(spec.likelihood))
    return Independent(base, len(spec.shape), validate_args=False)


def bernoulli(x: Tensor, options: Mapping[str, Any]) -> Distribution:
    """Return each pixel's frequency with one success and one failure added (Laplace's rule)."""
    return Bernoulli(probs=(x.sum(0) + 1) / (len(x) + 2), validate_args=False)


def continuous_bernoulli(x: Tensor, options: Mapping[str, Any]) -> Distribution:
    """Return each pixel's maximum of the likelihood."""
    return ContinuousBernoulliLogits(_continuous(x.mean(0)))


def histogram(x: Tensor, options: Mapping[str, Any]) -> Distribution:
    """Return each pixel's histogram of grey levels with one count added to every level."""
    levels = options["levels"]
    counts = torch.ones(*x.shape[1:], levels + 1, dtype=torch.float64)
    for part in x.split(ROWS):
        counts.scatter_add_(-1, (part * levels).round().long().movedim(0, -1), torch.ones_like(part).movedim(0, -1))
    return Levels(counts / counts.sum(-1, keepdim=True))


def normal(x: Tensor, options: Mapping[str, Any]) -> Distribution:
    """Return each pixel's mean, and one sigma for all, or one per pixel if the model's scale is "each"."""
    centre = x.mean(0)
    variance = _pooled((x - centre).square().mean(0), options)
    return Normal(centre, variance.sqrt().clamp_min(SMALLEST), validate_args=False)


def laplace(x: Tensor, options: Mapping[str, Any]) -> Distribution:
    """Return each pixel's median, and one scale for all, or one per pixel if the model's scale is "each"."""
    centre = x.median(0).values
    return Laplace(centre, _pooled((x - centre).abs().mean(0), options).clamp_min(SMALLEST), validate_args=False)


def _pooled(spread: Tensor, options: Mapping[str, Any]) -> Tensor:
    return spread if options["sigma"] == "each" else spread.mean().expand_as(spread)


def _continuous(mean: Tensor) -> Tensor:
    """Return the logits whose continuous Bernoulli has this mean, by bisection (the mean increases with the logit)."""
    mean = mean.clamp(1e-4, 1 - 1e-4)
    low, high = torch.full_like(mean, -2e4), torch.full_like(mean, 2e4)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        over = ContinuousBernoulliLogits(middle).mean > mean
        low, high = torch.where(over, low, middle), torch.where(over, middle, high)
    return (low + high) / 2


def log_prob(model: Distribution, x: Tensor) -> Tensor:
    """Return log p(x) [N] of examples x [N, *shape] in nats, float64."""
    if not math.prod(x.shape):
        return torch.zeros(len(x), dtype=torch.float64)
    return torch.cat([model.log_prob(part.double()) for part in x.split(ROWS)])
