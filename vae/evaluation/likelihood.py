"""log p(x|z) of every example under every z, as a matrix product if the likelihood allows it."""

import math
from collections.abc import Callable
from functools import singledispatch

import torch
from torch import Tensor
from torch.distributions import Bernoulli, Distribution, Independent, Normal
from torch.nn import functional as F

from vae.model.families.normals import log_normals
from vae.model.families.pixels import GreyBernoulliLogits, binary, grey

CHUNK = 2**24  # values of a broadcast at a time


def pairwise_log_prob(p: Distribution, x: Tensor) -> Tensor:
    """Return log p(x_b|z_i) [B, Z] of examples x [B, *shape] under p(x|z) of batch shape [Z], in nats.

    log p is affine in statistics of x for Bernoulli and Normal, so it is a matrix product; for the Normal in float64,
    because its squares are expanded. Any other likelihood is broadcast in chunks.
    """
    return prepared(p)(x)


def prepared(p: Distribution) -> Callable[[Tensor], Tensor]:
    """Return `pairwise_log_prob` as a function of x, with all computations that depend only on z done in advance."""
    base = p.base_dist if isinstance(p, Independent) else p
    return _prepared(base, p)


@singledispatch
def _prepared(base: Distribution, p: Distribution) -> Callable[[Tensor], Tensor]:
    rows = max(1, CHUNK // max(1, math.prod(p.batch_shape) * math.prod(p.event_shape)))
    return lambda x: torch.cat([p.log_prob(part.unsqueeze(1)) for part in x.split(rows)])


@_prepared.register
def _(base: Bernoulli, p: Distribution) -> Callable[[Tensor], Tensor]:
    logits = base.logits.flatten(1)
    # the threshold of families.softplus: exact in float64
    constant = -F.softplus(logits, threshold=40.0).sum(1)

    check = grey if isinstance(base, GreyBernoulliLogits) else binary

    def log_px(x: Tensor) -> Tensor:
        check(x)
        return torch.addmm(constant, x.flatten(1).to(logits.dtype), logits.T)

    return log_px


@_prepared.register
def _(base: Normal, p: Distribution) -> Callable[[Tensor], Tensor]:
    each = log_normals(base.loc.flatten(1), base.scale.flatten(1))
    return lambda x: each(x.flatten(1))
