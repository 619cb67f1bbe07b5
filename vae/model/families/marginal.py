"""The marginal of a likelihood with independent values over a part of them: p(x_S|z) of p(x|z) = prod_i p(x_i|z)."""

from collections.abc import Callable
from functools import singledispatch

import torch
from torch import Tensor
from torch.distributions import Distribution, Independent, Laplace, Normal

from vae.model.families.pixels import (
    BernoulliLogits,
    ContinuousBernoulliLogits,
    GreyBernoulliLogits,
    RoundedLogistic,
)

Chosen = Callable[[Tensor], Tensor]


def marginal(p: Distribution, part: Tensor) -> Distribution:
    """Return p(x_S|z), whose events are the values x[..., part] [S], of a likelihood p(x|z) with independent values.

    `part` is a bool tensor of p's event shape; none of the values, and all, are parts too. Raises TypeError for a
    likelihood whose values depend on each other.
    """
    rank = len(p.event_shape)
    if not isinstance(p, Independent) or p.reinterpreted_batch_ndims != rank:
        raise TypeError(f"the values of a {type(p).__name__} are not independent, so they have no simple marginals")
    if tuple(part.shape) != tuple(p.event_shape):
        raise ValueError(f"the part has shape {list(part.shape)}, and an example {list(p.event_shape)}")
    index = torch.nonzero(part.flatten()).squeeze(1)

    def chosen(values: Tensor) -> Tensor:
        return values.flatten(values.ndim - rank).index_select(-1, index)

    return Independent(_part(p.base_dist, chosen), 1, validate_args=False)


@singledispatch
def _part(base: Distribution, chosen: Chosen) -> Distribution:
    raise TypeError(f"no marginal is registered for {type(base).__name__}")


@_part.register
def _(base: BernoulliLogits, chosen: Chosen) -> Distribution:
    return BernoulliLogits(chosen(base.logits))


@_part.register
def _(base: GreyBernoulliLogits, chosen: Chosen) -> Distribution:
    return GreyBernoulliLogits(chosen(base.logits))


@_part.register
def _(base: ContinuousBernoulliLogits, chosen: Chosen) -> Distribution:
    return ContinuousBernoulliLogits(chosen(base.logits))


@_part.register
def _(base: RoundedLogistic, chosen: Chosen) -> Distribution:
    return RoundedLogistic(chosen(base.loc), chosen(base.scale), base.levels)


@_part.register
def _(base: Normal, chosen: Chosen) -> Distribution:
    return Normal(chosen(base.loc), chosen(base.scale), validate_args=False)


@_part.register
def _(base: Laplace, chosen: Chosen) -> Distribution:
    return Laplace(chosen(base.loc), chosen(base.scale), validate_args=False)
