"""Likelihoods of pixels: binary, continuous in [0, 1], or discrete grey levels."""

import math
from typing import TypeVar

import torch
from torch import Tensor
from torch.distributions import Bernoulli as TorchBernoulli
from torch.distributions import Distribution, Independent, constraints

from vae.model.families.base import Family, softplus
from vae.model.families.location_scale import LocationScale
from vae.model.families.sampling import Source, noise, sample, smallest
from vae.spec.fields import LARGEST_PIXEL

NEAR = 1e-3  # of a step of grey, by which rounding may move a level
Nats = TypeVar("Nats", float, Tensor)


def refuse_unless(allowed: Tensor, value: Tensor, what: str) -> None:
    """Raise ValueError unless every value is `allowed`, or NaN, whose density is NaN: training skips such a step."""
    if not allowed.all() and not (allowed := allowed | value.isnan()).all():
        wrong = value[~allowed]
        raise ValueError(
            f"{what}, and {len(wrong):,} of {value.numel():,} are others, such as {wrong[0].item():g}: binarise or "
            "scale the data, or choose another likelihood"
        )


class BernoulliLogits(TorchBernoulli):
    """Bernoulli on {0, 1} by its logits: log p(x) = x l - softplus(l)."""

    def __init__(self, logits: Tensor) -> None:
        super().__init__(logits=logits, validate_args=False)

    def log_prob(self, value: Tensor) -> Tensor:
        """Return log p(value), elementwise, in nats; raises ValueError for a value other than 0 and 1."""
        binary(value)
        return value * self.logits - softplus(self.logits)


class GreyBernoulliLogits(TorchBernoulli):
    """The mean of a Bernoulli's log p over pixels that are drawn from grey ones: x l - softplus(l) for x in [0, 1].

    Other libraries train on it without drawing; for x in {0, 1} it is the Bernoulli's log p itself.
    """

    def __init__(self, logits: Tensor) -> None:
        super().__init__(logits=logits, validate_args=False)

    def log_prob(self, value: Tensor) -> Tensor:
        """Return the mean log p, elementwise, in nats; raises ValueError for a value outside [0, 1]."""
        grey(value)
        return value * self.logits - softplus(self.logits)


def binary(value: Tensor) -> None:
    """Raise ValueError for pixels that no Bernoulli has."""
    refuse_unless((value == 0) | (value == 1), value, "a Bernoulli's pixels are 0 or 1")


def grey(value: Tensor) -> None:
    """Raise ValueError for pixels that are no probabilities."""
    refuse_unless((value >= 0) & (value <= 1), value, "pixels of a cross-entropy lie in [0, 1]")


class ContinuousBernoulliLogits(Distribution):
    r"""Continuous Bernoulli on [0, 1] by its logit l: log p(x) = x l - softplus(l) + log C(l).

    C(l) = l / tanh(l / 2), even in l, with a removable singularity at l = 0 (the parameter 1/2), where a series in l^2
    replaces it; torch's class loses its gradient there. Source: Loaiza-Ganem & Cunningham 2019.
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
        """Return log p(value), elementwise, in nats; raises ValueError for a value outside [0, 1]."""
        refuse_unless((value >= 0) & (value <= 1), value, "a continuous Bernoulli's pixels lie in [0, 1]")
        return value * self.logits - softplus(self.logits) + self.log_normalizer()

    @property
    def mean(self) -> Tensor:
        """E[x] = 1/2 + coth(l/2)/2 - 1/l."""
        near, safe = self._away_from_zero()
        y = self.logits.square()
        series = 0.5 + self.logits * (1 / 12 + y * (-1 / 720 + y * (1 / 30240 - y / 1209600)))
        return torch.where(near, series, 0.5 + 0.5 / torch.tanh(safe / 2) - 1 / safe)

    @property
    def variance(self) -> Tensor:
        """Var x = 1/l^2 - 1/(4 sinh^2(l/2)), 1/12 at l = 0."""
        near, safe = self._away_from_zero()
        y = self.logits.square()
        series = 1 / 12 - y * (1 / 240 - y * (1 / 6048 - y / 172800))
        # beyond 80 the second term is nothing beside the first, and sinh would overflow
        second = torch.sinh(safe.abs().clamp(max=80) / 2) ** -2 / 4
        return torch.where(near, series, safe.square().reciprocal() - second)

    def icdf(self, value: Tensor) -> Tensor:
        """Return the quantile log(1 + u (e^l - 1)) / l, computed by symmetry for l > 0 so that e^l cannot overflow."""
        near = self.logits.abs() < 1e-4
        safe = torch.where(near, torch.ones_like(self.logits), self.logits)
        size = safe.abs()
        # for l < 0: F^-1(u) = log1p(u expm1(-|l|)) / -|l|; for l > 0 use F^-1(u; l) = 1 - F^-1(1 - u; -l)
        u = torch.where(safe > 0, 1 - value, value)
        low = torch.log1p(u * torch.expm1(-size)) / -size
        t, v = self.logits, value * (1 - value)
        flat = value + t * v / 2 + t.square() * v * (1 - 2 * value) / 6
        return torch.where(near, flat, torch.where(safe > 0, 1 - low, low)).clamp(0, 1)


@sample.register
def _(distribution: ContinuousBernoulliLogits, k: int, generator: Source = None) -> Tensor:
    return distribution.icdf(noise(torch.rand, k, distribution.logits, generator))


class RoundedLogistic(Distribution):
    r"""A logistic variable of location m and scale s, rounded to v / L, v = 0, ..., L; 0 and 1 take the tails.

    P(v / L) = S((v + 1/2)/L) - S((v - 1/2)/L), S(t) = sigmoid((t - m) / s). With a and b the two arguments this is
    sigmoid(a) sigmoid(-b) (1 - e^(b - a)), which is accurate in the tails. Source: Salimans et al. 2017 (PixelCNN++).
    """

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive}  # noqa: RUF012 -- torch declares it so

    def __init__(self, loc: Tensor, scale: Tensor, levels: int) -> None:
        self.loc, self.scale, self.levels = loc, scale, levels
        super().__init__(loc.shape, validate_args=False)

    def log_prob(self, value: Tensor) -> Tensor:
        """Return log P(value), elementwise, in nats; raises ValueError for a value that is none of the levels."""
        steps = value * self.levels
        allowed = (value >= 0) & (value <= 1) & ((steps - steps.round()).abs() < NEAR)
        refuse_unless(allowed, value, f"a discretised logistic's pixels are v / {self.levels}, v = 0 to {self.levels}")
        half = 0.5 / self.levels
        below = -softplus((self.loc - value - half) / self.scale)  # log sigmoid(a), 0 at the upper edge
        above = -softplus((value - half - self.loc) / self.scale)  # log sigmoid(-b), 0 at the lower edge
        width = torch.log(-torch.expm1(-2 * half / self.scale))
        zero = torch.zeros_like(value)
        lowest, highest = value < half, value > 1 - half
        return (
            torch.where(highest, zero, below)
            + torch.where(lowest, zero, above)
            + torch.where(lowest | highest, zero, width)
        )

    @property
    def mean(self) -> Tensor:
        """The location m: the mean before rounding; rounded and clipped to [0, 1], it is the median of x.

        It is shown as the pixel's value. E[x] differs from it near 0 and 1, by about s log 2 at most.
        """
        return self.loc

    @property
    def variance(self) -> Tensor:
        """The variance (pi s)^2 / 3 before rounding, as `mean` is the mean before rounding."""
        return (math.pi * self.scale).square() / 3


@sample.register
def _(distribution: RoundedLogistic, k: int, generator: Source = None) -> Tensor:
    u = noise(torch.rand, k, distribution.loc, generator)
    x = distribution.loc + distribution.scale * torch.logit(u, smallest(u))
    return (x * distribution.levels).round().clamp(0, distribution.levels) / distribution.levels


class Bernoulli(Family):
    """p(x) = prod Bernoulli(x; sigmoid(raw)), for x in {0, 1}."""

    def forward(self, raw: Tensor) -> Distribution:
        """Return the distribution of raw logits [..., *shape]."""
        return Independent(BernoulliLogits(raw), self.rank, validate_args=False)


class CrossEntropy(Family):
    """The mean log p of a Bernoulli over pixels that are drawn from grey ones x in [0, 1]."""

    def forward(self, raw: Tensor) -> Distribution:
        """Return the distribution of raw logits [..., *shape]."""
        return Independent(GreyBernoulliLogits(raw), self.rank, validate_args=False)


class ContinuousBernoulli(Family):
    """p(x) = prod CB(x; sigmoid(raw)), for x in [0, 1]: a normalised likelihood for grey pixels (BCE is not)."""

    def forward(self, raw: Tensor) -> Distribution:
        """Return the distribution of raw logits [..., *shape]."""
        return Independent(ContinuousBernoulliLogits(raw), self.rank, validate_args=False)


class DiscretisedLogistic(LocationScale):
    """p(x) = product of probabilities of x = v / levels, v = 0, ..., levels (255 for 8-bit pixels)."""

    def __init__(self, shape: tuple[int, ...], sigma: str | float = "each", levels: int = LARGEST_PIXEL) -> None:
        super().__init__(shape, sigma)
        if not isinstance(levels, int) or isinstance(levels, bool) or levels < 1:
            raise ValueError(f"levels is the largest pixel value, a whole number such as 255, not {levels!r}")
        self.levels = levels

    def forward(self, raw: Tensor) -> Distribution:
        """Return the distribution of raw [..., parts * C, ...]: locations, then log scales where sigma is "each"."""
        return Independent(RoundedLogistic(*self.split(raw), self.levels), self.rank, validate_args=False)


def bits_per_dim(nats: Nats, dims: int) -> Nats:
    """Return bits per dimension, nats / (dims ln 2), of an example with `dims` values and -log P(x) = `nats`."""
    return nats / (dims * math.log(2))
