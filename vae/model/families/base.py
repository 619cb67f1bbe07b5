"""What all families share: the one place where log sigma is bounded, and how a spread is chosen."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vae.spec.heads import LOG_SIGMA_RANGE


def soft_bound(x: Tensor, low: float = LOG_SIGMA_RANGE[0], high: float = LOG_SIGMA_RANGE[1]) -> Tensor:
    """Return x itself on [low, high], and outside a smooth approach to low - 1 or high + 1 whose gradient never jumps.

    Exact in the middle, unlike a scaled tanh, so that closed forms hold to machine precision.
    """
    inside = x.clamp(low, high)
    return inside + torch.tanh(x - inside)


def softplus(x: Tensor) -> Tensor:
    """Return log(1 + e^x), exact in float64; torch's default threshold of 20 costs e^-20 = 2e-9."""
    return F.softplus(x, threshold=40.0)


class Family(nn.Module):
    """A map from raw network output [..., parts * C, ...] to a distribution over events of `shape` [C, ...]."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.rank = len(shape)


class Spread(Family):
    """A family with a location and a scale, `sigma`: "each" (by the network), "shared" (one, learned) or a number."""

    def __init__(self, shape: tuple[int, ...], sigma: str | float = "each") -> None:
        super().__init__(shape)
        self.sigma = sigma
        if sigma == "shared":
            self.log_sigma = nn.Parameter(torch.zeros(()))
        elif sigma != "each" and not (
            isinstance(sigma, (int, float)) and not isinstance(sigma, bool) and 0 < sigma < math.inf
        ):
            raise ValueError(f"sigma is 'each', 'shared' or a positive number, not {sigma!r}")

    def split(self, raw: Tensor) -> tuple[Tensor, Tensor]:
        """Return location and scale of raw [..., parts * C, ...]: locations, then log scales where sigma is "each"."""
        if self.sigma == "each":
            location, log_sigma = raw.chunk(2, dim=-self.rank)
            return location, soft_bound(log_sigma).exp()
        if self.sigma == "shared":
            return raw, soft_bound(self.log_sigma).exp().expand_as(raw)
        return raw, torch.full_like(raw, float(self.sigma))


def vector_only(shape: tuple[int, ...], name: str) -> int:
    """Return d of a shape (d,); raises ValueError for anything that is not a vector."""
    if len(shape) != 1:
        raise ValueError(f"a {name} is over vectors, not over shape {shape}")
    return shape[0]
