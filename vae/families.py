"""Families turn a network's raw output into a torch distribution with one log-density per example.

Every distribution here counts all event dimensions itself, so nobody else sums over them. `sample` is the one place
where randomness enters, through the generator passed in.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import singledispatch

import torch
from torch import Tensor, nn
from torch.distributions import Bernoulli as TorchBernoulli
from torch.distributions import Distribution, Independent, constraints
from torch.distributions import Normal as TorchNormal
from torch.nn import functional as F

LOG_SIGMA_RANGE = (-9.0, 9.0)


def soft_bound(x: Tensor, low: float = LOG_SIGMA_RANGE[0], high: float = LOG_SIGMA_RANGE[1]) -> Tensor:
    """Return x itself on [low, high], and outside a smooth approach to low - 1 or high + 1 whose gradient never jumps.

    Exact in the middle, unlike a scaled tanh, so that closed forms hold to machine precision.
    """
    inside = x.clamp(low, high)
    return inside + torch.tanh(x - inside)


def softplus(x: Tensor) -> Tensor:
    """Return log(1 + e^x), exact in float64; torch's default threshold of 20 costs e^-20 = 2e-9."""
    return F.softplus(x, threshold=40.0)


class BernoulliLogits(TorchBernoulli):
    """Bernoulli on {0, 1} by its logits: log p(x) = x l - softplus(l)."""

    def __init__(self, logits: Tensor) -> None:
        super().__init__(logits=logits, validate_args=False)

    def log_prob(self, value: Tensor) -> Tensor:
        """Return log p(value), elementwise, in nats."""
        return value * self.logits - softplus(self.logits)


class ContinuousBernoulliLogits(Distribution):
    r"""Continuous Bernoulli on [0, 1] by its logit l: log p(x) = x l - softplus(l) + log C(l).

    C(l) = l / tanh(l / 2), even in l, with a removable singularity at l = 0 (the parameter 1/2), where a series in l^2
    replaces it; torch's own class loses its gradient there. Source: Loaiza-Ganem & Cunningham 2019.
    """

    arg_constraints = {"logits": constraints.real}  # noqa: RUF012 -- torch declares it so
    has_rsample = True
    _SERIES_BELOW = 0.1

    def __init__(self, logits: Tensor) -> None:
        self.logits = logits
        super().__init__(logits.shape, validate_args=False)

    def _away_from_zero(self) -> tuple[Tensor, Tensor]:
        near = self.logits.abs() < self._SERIES_BELOW
        return near, torch.where(near, torch.ones_like(self.logits), self.logits)

    def log_normalizer(self) -> Tensor:
        """Return log C(l) in nats."""
        near, safe = self._away_from_zero()
        y = self.logits.square()
        # log(2 (l/2) coth(l/2)): y/12 - 7y^2/1440 + ..., exact to 1e-16 below |l| = 0.1
        series = math.log(2) + y * (1 / 12 + y * (-7 / 1440 + y * (31 / 90720 - y * 127 / 4838400)))
        return torch.where(near, series, torch.log(safe / torch.tanh(safe / 2)))

    def log_prob(self, value: Tensor) -> Tensor:
        """Return log p(value), elementwise, in nats."""
        return value * self.logits - softplus(self.logits) + self.log_normalizer()

    @property
    def mean(self) -> Tensor:
        """E[x] = 1/2 + coth(l/2)/2 - 1/l."""
        near, safe = self._away_from_zero()
        y = self.logits.square()
        series = 0.5 + self.logits * (1 / 12 + y * (-1 / 720 + y * (1 / 30240 - y / 1209600)))
        return torch.where(near, series, 0.5 + 0.5 / torch.tanh(safe / 2) - 1 / safe)

    def icdf(self, value: Tensor) -> Tensor:
        """Return the quantile: log(1 + u (e^l - 1)) / l, mirrored for l > 0 so that e^l cannot overflow."""
        near = self.logits.abs() < 1e-4
        safe = torch.where(near, torch.ones_like(self.logits), self.logits)
        size = safe.abs()
        # for l < 0: F^-1(u) = log1p(u expm1(-|l|)) / -|l|; for l > 0 use F^-1(u; l) = 1 - F^-1(1 - u; -l)
        u = torch.where(safe > 0, 1 - value, value)
        low = torch.log1p(u * torch.expm1(-size)) / -size
        t, v = self.logits, value * (1 - value)
        flat = value + t * v / 2 + t.square() * v * (1 - 2 * value) / 6
        return torch.where(near, flat, torch.where(safe > 0, 1 - low, low)).clamp(0, 1)


class DeltaDistribution(Distribution):
    """All mass at one point: the autoencoder's q(z|x). It has no density, so `log_prob` raises."""

    arg_constraints = {"value": constraints.real}  # noqa: RUF012 -- torch declares it so
    has_rsample = True

    def __init__(self, value: Tensor) -> None:
        self.value = value
        super().__init__(value.shape[:-1], value.shape[-1:], validate_args=False)

    @property
    def mean(self) -> Tensor:
        """The point itself."""
        return self.value

    def log_prob(self, value: Tensor) -> Tensor:
        """Raise TypeError: a point mass has no density, so no rate and no bound."""
        raise TypeError(
            "a plain autoencoder's q(z|x) is a point without density: it has no rate and no bound on log p(x)"
        )


@dataclass(frozen=True)
class Part:
    """The noise of rows `start` to `stop` of a batch of `of`: drawn for all, so the same whoever computes them."""

    generator: torch.Generator | None
    start: int
    stop: int
    of: int


Source = torch.Generator | Part | None


def _noise(draw: Callable[..., Tensor], k: int, like: Tensor, source: Source) -> Tensor:
    """Return k draws [k, *like.shape] of torch.randn or torch.rand."""
    options = {"dtype": like.dtype, "device": like.device}
    if isinstance(source, Part):
        whole = draw((k, source.of, *like.shape[1:]), generator=source.generator, **options)
        return whole[:, source.start : source.stop]
    return draw((k, *like.shape), generator=source, **options)


@singledispatch
def sample(distribution: Distribution, k: int, generator: Source = None) -> Tensor:
    """Return k draws [k, *batch, *event], differentiable where the family is, from `generator` alone."""
    raise TypeError(f"no sampler is registered for {type(distribution).__name__}: register one with families.sample")


@sample.register
def _(distribution: Independent, k: int, generator: Source = None) -> Tensor:
    return sample(distribution.base_dist, k, generator)


@sample.register
def _(distribution: TorchNormal, k: int, generator: Source = None) -> Tensor:
    loc, scale = distribution.loc, distribution.scale
    return torch.addcmul(loc, scale, _noise(torch.randn, k, loc, generator))


@sample.register
def _(distribution: TorchBernoulli, k: int, generator: Source = None) -> Tensor:
    if isinstance(generator, Part):
        raise TypeError("draws of a Bernoulli cannot be divided over processes yet: train it in one")
    return torch.bernoulli(distribution.probs.expand(k, *distribution.probs.shape), generator=generator)


@sample.register
def _(distribution: ContinuousBernoulliLogits, k: int, generator: Source = None) -> Tensor:
    return distribution.icdf(_noise(torch.rand, k, distribution.logits, generator))


@sample.register
def _(distribution: DeltaDistribution, k: int, generator: Source = None) -> Tensor:
    return distribution.value.expand(k, *distribution.value.shape)


class Family(nn.Module):
    """A map from raw network output [..., parts * C, ...] to a distribution over events of `shape` [C, ...]."""

    parts = 1

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.rank = len(shape)


class Bernoulli(Family):
    """p(x) = prod Bernoulli(x; sigmoid(raw)), for x in {0, 1}."""

    def forward(self, raw: Tensor) -> Distribution:
        """Return the distribution of raw logits [..., *shape]."""
        return Independent(BernoulliLogits(raw), self.rank, validate_args=False)


class ContinuousBernoulli(Family):
    """p(x) = prod CB(x; sigmoid(raw)), for x in [0, 1]: the proper likelihood for grey pixels that BCE is not."""

    def forward(self, raw: Tensor) -> Distribution:
        """Return the distribution of raw logits [..., *shape]."""
        return Independent(ContinuousBernoulliLogits(raw), self.rank, validate_args=False)


class Normal(Family):
    """p(x) = N(x; mean, diag sigma^2) with sigma "each" (by the network), "shared" (one learned) or a number."""

    def __init__(self, shape: tuple[int, ...], sigma: str | float = "each") -> None:
        super().__init__(shape)
        self.sigma = sigma
        self.parts = 2 if sigma == "each" else 1
        if sigma == "shared":
            self.log_sigma = nn.Parameter(torch.zeros(()))
        elif sigma != "each" and not (isinstance(sigma, (int, float)) and 0 < sigma < math.inf):
            raise ValueError(f"sigma is 'each', 'shared' or a positive number, not {sigma!r}")

    def forward(self, raw: Tensor) -> Distribution:
        """Return the distribution of raw [..., parts * C, ...]: means, then log sigmas where sigma is "each"."""
        if self.sigma == "each":
            mean, log_sigma = raw.chunk(2, dim=-self.rank)
            scale = soft_bound(log_sigma).exp()
        elif self.sigma == "shared":
            mean, scale = raw, soft_bound(self.log_sigma).exp().expand_as(raw)
        else:
            mean, scale = raw, torch.full_like(raw, float(self.sigma))
        return Independent(TorchNormal(mean, scale, validate_args=False), self.rank, validate_args=False)


class Delta(Family):
    """All mass at raw: what makes a latent model a plain autoencoder."""

    def forward(self, raw: Tensor) -> Distribution:
        """Return the point mass at raw [..., d]."""
        return DeltaDistribution(raw)


FAMILIES: dict[str, type[Family]] = {
    "bernoulli": Bernoulli,
    "continuous_bernoulli": ContinuousBernoulli,
    "normal": Normal,
    "delta": Delta,
}
