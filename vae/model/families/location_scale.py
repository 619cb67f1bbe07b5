"""Families with a location and a scale for each dimension: a base class, Normal and Laplace."""

import math

import torch
from torch import Tensor, nn
from torch.distributions import Distribution, Independent
from torch.distributions import Laplace as TorchLaplace
from torch.distributions import Normal as TorchNormal

from vae.model.families.base import Family, soft_bound


class LocationScale(Family):
    """A family with a location and a scale; `sigma`: "each" (from the network), "shared" (one, learned) or a number."""

    def __init__(self, shape: tuple[int, ...], sigma: str | float = "each") -> None:
        super().__init__(shape)
        self.sigma = sigma
        if sigma == "shared":
            self.log_sigma = nn.Parameter(torch.zeros(()))
        elif sigma != "each" and not (
            isinstance(sigma, (int, float)) and not isinstance(sigma, bool) and 0 < sigma < math.inf
        ):
            raise ValueError(f"sigma is 'each', 'shared' or a positive number, not {sigma!r}")

    def scale(self, log_sigma: Tensor) -> Tensor:
        """Return sigma of the network's or the shared log sigma."""
        return soft_bound(log_sigma).exp()

    def split(self, raw: Tensor) -> tuple[Tensor, Tensor]:
        """Return location and scale of raw [..., parts * C, ...]: locations, then log scales where sigma is "each"."""
        if self.sigma == "each":
            location, log_sigma = raw.chunk(2, dim=-self.rank)
            return location, self.scale(log_sigma)
        if self.sigma == "shared":
            return raw, self.scale(self.log_sigma).expand_as(raw)
        return raw, torch.full_like(raw, float(self.sigma))


class Normal(LocationScale):
    """p(x) = N(x; mean, diag sigma^2) with sigma "each" (by the network), "shared" (one learned) or a number."""

    def forward(self, raw: Tensor) -> Distribution:
        """Return the distribution of raw [..., parts * C, ...]: means, then log sigmas where sigma is "each"."""
        return Independent(TorchNormal(*self.split(raw), validate_args=False), self.rank, validate_args=False)


class UnboundedNormal(Normal):
    """A Normal whose log sigma is the network's, without bounds, as other libraries have it."""

    def scale(self, log_sigma: Tensor) -> Tensor:
        """Return exp(log sigma)."""
        return log_sigma.exp()


class Laplace(LocationScale):
    """p(x) = prod exp(-|x - mean| / b) / 2b, b given as `sigma`: "each", "shared" or a number."""

    def forward(self, raw: Tensor) -> Distribution:
        """Return the distribution of raw [..., parts * C, ...]: means, then log b where sigma is "each"."""
        return Independent(TorchLaplace(*self.split(raw), validate_args=False), self.rank, validate_args=False)
