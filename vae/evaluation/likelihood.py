"""log p(x|z) of every example under every z: a matrix product where the likelihood allows it."""

import math
from functools import singledispatch

import torch
from torch import Tensor
from torch.distributions import Bernoulli, Distribution, Independent, Normal
from torch.nn import functional as F

CHUNK = 2**24  # values of a broadcast at a time


def pairwise_log_prob(p: Distribution, x: Tensor) -> Tensor:
    """Return log p(x_b|z_i) [B, Z] of examples x [B, *shape] under p(x|z) of batch shape [Z], in nats.

    Bernoulli and Normal are affine in statistics of x, so theirs is a matrix product; the Normal's in float64, since
    its squares are expanded. Any other likelihood is broadcast in chunks.
    """
    base = p.base_dist if isinstance(p, Independent) else p
    return _pairwise(base, p, x)


@singledispatch
def _pairwise(base: Distribution, p: Distribution, x: Tensor) -> Tensor:
    rows = max(1, CHUNK // max(1, math.prod(p.batch_shape) * math.prod(p.event_shape)))
    return torch.cat([p.log_prob(part.unsqueeze(1)) for part in x.split(rows)])


@_pairwise.register
def _(base: Bernoulli, p: Distribution, x: Tensor) -> Tensor:
    logits = base.logits.flatten(1)
    # the threshold of families.softplus: exact in float64
    return torch.addmm(-F.softplus(logits, threshold=40.0).sum(1), x.flatten(1).to(logits.dtype), logits.T)


@_pairwise.register
def _(base: Normal, p: Distribution, x: Tensor) -> Tensor:
    mean, scale, x = base.loc.flatten(1).double(), base.scale.flatten(1).double(), x.flatten(1).double()
    shift = mean.mean(0)  # about the means' centre, squares are small and cancel less
    mean, x = mean - shift, x - shift
    weight = scale.square().reciprocal()
    constant = -0.5 * (mean.square() * weight).sum(1) - scale.log().sum(1) - 0.5 * mean.shape[1] * math.log(2 * math.pi)
    return torch.addmm(constant, x, (mean * weight).T).addmm_(x.square(), weight.T, alpha=-0.5)
