"""Temperature: scale a distribution's noise by T; locations, weights and learned parameters stay unchanged."""

import math
from functools import singledispatch

from torch.distributions import (
    Distribution,
    Independent,
    Laplace,
    MixtureSameFamily,
    MultivariateNormal,
    Normal,
    TransformedDistribution,
)

from vae.model.families.flow import FlowDistribution
from vae.model.families.point import DeltaDistribution


def temper(distribution: Distribution, t: float) -> Distribution:
    """Return the distribution at temperature T: a Normal m + s e becomes m + T s e.

    A mixture keeps its weights and its components' centres, a flow gets a base with T times the scale, a point mass
    is unchanged; T = 1 changes nothing, T -> 0 gives the centres. For a Normal it is the density p(z)^(1/T^2),
    normalised. Raises ValueError unless T is positive and finite. Source: Kingma & Dhariwal 2018 (Glow), section 6.
    """
    if not (math.isfinite(t) and t > 0):
        raise ValueError(f"a temperature is a positive number, not {t:g}: choose 1 for the distribution as it is")
    return distribution if t == 1 else _temper(distribution, t)


@singledispatch
def _temper(distribution: Distribution, t: float) -> Distribution:
    raise TypeError(f"{type(distribution).__name__} has no noise that a temperature could scale")


@_temper.register
def _(distribution: Independent, t: float) -> Distribution:
    inner = _temper(distribution.base_dist, t)
    return Independent(inner, distribution.reinterpreted_batch_ndims, validate_args=False)


@_temper.register
def _(distribution: Normal, t: float) -> Distribution:
    return Normal(distribution.loc, t * distribution.scale, validate_args=False)


@_temper.register
def _(distribution: Laplace, t: float) -> Distribution:
    return Laplace(distribution.loc, t * distribution.scale, validate_args=False)


@_temper.register
def _(distribution: MultivariateNormal, t: float) -> Distribution:
    return MultivariateNormal(distribution.loc, scale_tril=t * distribution.scale_tril, validate_args=False)


@_temper.register
def _(distribution: MixtureSameFamily, t: float) -> Distribution:
    parts = _temper(distribution.component_distribution, t)
    return MixtureSameFamily(distribution.mixture_distribution, parts, validate_args=False)


@_temper.register
def _(distribution: FlowDistribution, t: float) -> Distribution:
    base = Independent(_temper(distribution.normal, t), 1, validate_args=False)
    return FlowDistribution(base, distribution.couplings.layers, distribution.couplings.context)


@_temper.register
def _(distribution: TransformedDistribution, t: float) -> Distribution:
    return TransformedDistribution(_temper(distribution.base_dist, t), distribution.transforms, validate_args=False)


@_temper.register
def _(distribution: DeltaDistribution, t: float) -> Distribution:
    return distribution
