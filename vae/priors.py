"""Priors p(z): modules whose call returns a distribution over z [d]."""

import torch
from torch import Tensor, nn
from torch.distributions import Distribution, Independent, Normal


class StandardNormal(nn.Module):
    """p(z) = N(z; 0, I), z in R^d."""

    zeros: Tensor

    def __init__(self, latent: int) -> None:
        super().__init__()
        # buffers, so that dtype and device follow the model; not weights, so not saved
        self.register_buffer("zeros", torch.zeros(latent), persistent=False)

    def forward(self) -> Distribution:
        """Return the distribution; event shape [d]."""
        return Independent(Normal(self.zeros, torch.ones_like(self.zeros), validate_args=False), 1, validate_args=False)


PRIORS = {"standard_normal": StandardNormal}
