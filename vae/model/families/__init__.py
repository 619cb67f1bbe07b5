"""Families turn a network's raw output into a torch distribution with one log-density per example.

Each distribution's log_prob already sums over all event dimensions, so callers never sum. `sample` is the one place
where randomness enters, through the generator passed in.
"""

from vae.model.families.aggregate import aggregate, over_dimensions, rate_by_dimension
from vae.model.families.base import LOG_SIGMA_RANGE, Family, soft_bound, softplus
from vae.model.families.flow import Coupling, Couplings, Flow, couplings
from vae.model.families.full_normal import FullNormal
from vae.model.families.location_scale import Laplace, Normal, UnboundedNormal
from vae.model.families.marginal import marginal
from vae.model.families.pixels import (
    Bernoulli,
    BernoulliLogits,
    ContinuousBernoulli,
    ContinuousBernoulliLogits,
    CrossEntropy,
    DiscretisedLogistic,
    bits_per_dim,
)
from vae.model.families.point import Delta, DeltaDistribution, Quantised, QuantisedDistribution
from vae.model.families.sampling import Part, Source, sample

__all__ = [
    "LOG_SIGMA_RANGE",
    "Bernoulli",
    "BernoulliLogits",
    "ContinuousBernoulli",
    "ContinuousBernoulliLogits",
    "Coupling",
    "Couplings",
    "CrossEntropy",
    "Delta",
    "DeltaDistribution",
    "DiscretisedLogistic",
    "Family",
    "Flow",
    "FullNormal",
    "Laplace",
    "Normal",
    "Part",
    "Quantised",
    "QuantisedDistribution",
    "Source",
    "UnboundedNormal",
    "aggregate",
    "bits_per_dim",
    "couplings",
    "marginal",
    "over_dimensions",
    "rate_by_dimension",
    "sample",
    "soft_bound",
    "softplus",
]
