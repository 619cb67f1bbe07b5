"""The one place where randomness enters: `sample` draws from a generator, or from a part of a batch's noise."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import singledispatch

import torch
from torch import Tensor
from torch.distributions import (
    Bernoulli,
    Distribution,
    Independent,
    Laplace,
    MixtureSameFamily,
    MultivariateNormal,
    Normal,
    TransformedDistribution,
)


@dataclass(frozen=True)
class Part:
    """The noise of rows `start` to `stop` of a batch of `of` rows.

    The whole batch's noise is drawn, so that a row's noise does not depend on how processes share the batch.
    """

    generator: torch.Generator | None
    start: int
    stop: int
    of: int


Source = torch.Generator | Part | None


def noise(draw: Callable[..., Tensor], k: int, like: Tensor, source: Source) -> Tensor:
    """Return k draws [k, *like.shape] of torch.randn or torch.rand."""
    options = {"dtype": like.dtype, "device": like.device}
    if isinstance(source, Part):
        whole = draw((k, source.of, *like.shape[1:]), generator=source.generator, **options)
        return whole[:, source.start : source.stop]
    return draw((k, *like.shape), generator=source, **options)


def smallest(uniform: Tensor) -> float:
    """Return half the step of torch.rand's values; it replaces a drawn 0, where a quantile would be infinite."""
    return torch.finfo(uniform.dtype).eps / 4


@singledispatch
def sample(distribution: Distribution, k: int, generator: Source = None) -> Tensor:
    """Return k draws [k, *batch, *event], differentiable if the family is; `generator` is the only randomness."""
    raise TypeError(f"no sampler is registered for {type(distribution).__name__}: register one with families.sample")


@sample.register
def _(distribution: Independent, k: int, generator: Source = None) -> Tensor:
    return sample(distribution.base_dist, k, generator)


@sample.register
def _(distribution: Normal, k: int, generator: Source = None) -> Tensor:
    loc, scale = distribution.loc, distribution.scale
    return torch.addcmul(loc, scale, noise(torch.randn, k, loc, generator))


@sample.register
def _(distribution: Laplace, k: int, generator: Source = None) -> Tensor:
    u = noise(torch.rand, k, distribution.loc, generator)
    tail = torch.minimum(u, 1 - u).clamp_min(smallest(u))
    return distribution.loc - distribution.scale * torch.sign(u - 0.5) * torch.log(2 * tail)


@sample.register
def _(distribution: MultivariateNormal, k: int, generator: Source = None) -> Tensor:
    white = noise(torch.randn, k, distribution.loc, generator)
    return distribution.loc + (distribution.scale_tril @ white.unsqueeze(-1)).squeeze(-1)


@sample.register
def _(distribution: Bernoulli, k: int, generator: Source = None) -> Tensor:
    if isinstance(generator, Part):
        raise TypeError("draws of a Bernoulli cannot be divided over processes yet: train it in one")
    return torch.bernoulli(distribution.probs.expand(k, *distribution.probs.shape), generator=generator)


@sample.register
def _(distribution: TransformedDistribution, k: int, generator: Source = None) -> Tensor:
    z = sample(distribution.base_dist, k, generator)
    for transform in distribution.transforms:
        z = transform(z)
    return z


@sample.register
def _(distribution: MixtureSameFamily, k: int, generator: Source = None) -> Tensor:
    """Draw from every component and select one: works for any family of components, at C times the cost."""
    if isinstance(generator, Part):
        raise TypeError("draws of a mixture cannot be divided over processes yet: train it in one")
    probs = distribution.mixture_distribution.probs  # [..., C]
    u = noise(torch.rand, k, probs[..., :1], generator)
    chosen = (u >= probs.cumsum(-1)[..., :-1]).sum(-1)  # [k, ...]
    events = sample(distribution.component_distribution, k, generator)  # [k, ..., C, *event]
    axis, rank = chosen.ndim, len(distribution.event_shape)
    index = chosen.reshape(*chosen.shape, *[1] * (1 + rank)).expand(*chosen.shape, 1, *distribution.event_shape)
    return events.gather(axis, index).squeeze(axis)
