"""Normal and Laplace: a location and a scale for each dimension."""

from torch import Tensor
from torch.distributions import Distribution, Independent
from torch.distributions import Laplace as TorchLaplace
from torch.distributions import Normal as TorchNormal

from vae.model.families.base import Spread


class Normal(Spread):
    """p(x) = N(x; mean, diag sigma^2) with sigma "each" (by the network), "shared" (one learned) or a number."""

    def forward(self, raw: Tensor) -> Distribution:
        """Return the distribution of raw [..., parts * C, ...]: means, then log sigmas where sigma is "each"."""
        return Independent(TorchNormal(*self.split(raw), validate_args=False), self.rank, validate_args=False)


class Laplace(Spread):
    """p(x) = prod exp(-|x - mean| / b) / 2b, b given as `sigma`: "each", "shared" or a number."""

    def forward(self, raw: Tensor) -> Distribution:
        """Return the distribution of raw [..., parts * C, ...]: means, then log b where sigma is "each"."""
        return Independent(TorchLaplace(*self.split(raw), validate_args=False), self.rank, validate_args=False)
