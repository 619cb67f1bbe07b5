"""What latents are held against: the best model of the same pixels without any, each pixel by itself."""

import math

import torch
from torch import Tensor
from torch.distributions import Bernoulli, Categorical, Distribution, Independent, Laplace, Normal

from vae.model.families.pixels import ContinuousBernoulliLogits
from vae.spec import Spec

ROWS = 1000  # examples at a time
SMALLEST = 1e-4  # of a sigma: a pixel that never changes would have an infinite density
HALVINGS = 80  # of the interval that holds a continuous Bernoulli's logit


class Levels(Distribution):
    """A probability for each of L + 1 grey levels of each pixel, of values level / L in [0, 1]."""

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
    """Return the independent model p(x) = prod_i p_i(x_i) of the likelihood's kind that fits examples x [N, *shape].

    Bernoulli: each pixel's frequency with one success and one failure added (Laplace's rule). Normal and Laplace: each
    pixel's mean or median, and one sigma for all, or each pixel's own where the model has those; fitted also where the
    model's own is a given number, so that it is the best there is. Discretised logistic: each pixel's histogram with
    one count added to every level. Continuous Bernoulli: maximum likelihood.
    """
    kind, n = spec.likelihood["kind"], len(x)
    x = x.double()
    if kind == "bernoulli":
        base: Distribution = Bernoulli(probs=(x.sum(0) + 1) / (n + 2), validate_args=False)
    elif kind == "continuous_bernoulli":
        base = ContinuousBernoulliLogits(_continuous(x.mean(0)))
    elif kind == "discretised_logistic":
        levels = spec.likelihood.get("levels", 255)
        counts = torch.ones(*x.shape[1:], levels + 1, dtype=torch.float64)
        for part in x.split(ROWS):
            counts.scatter_add_(-1, (part * levels).round().long().movedim(0, -1), torch.ones_like(part).movedim(0, -1))
        base = Levels(counts / counts.sum(-1, keepdim=True))
    else:
        own = spec.likelihood.get("sigma", "each") == "each"
        centre = x.median(0).values if kind == "laplace" else x.mean(0)
        away = x - centre
        spread = away.abs().mean(0) if kind == "laplace" else away.square().mean(0)
        if not own:
            spread = spread.mean().expand_as(centre)
        scale = (spread if kind == "laplace" else spread.sqrt()).clamp_min(SMALLEST)
        base = (Laplace if kind == "laplace" else Normal)(centre, scale, validate_args=False)
    return Independent(base, len(spec.shape), validate_args=False)


def _continuous(mean: Tensor) -> Tensor:
    """Return the logits whose continuous Bernoulli has this mean, by bisection: the mean grows with the logit."""
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
