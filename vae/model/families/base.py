"""The base class of families, and the one place where log sigma is bounded."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vae.spec.fields import LOG_SIGMA_RANGE


def soft_bound(x: Tensor, low: float = LOG_SIGMA_RANGE[0], high: float = LOG_SIGMA_RANGE[1]) -> Tensor:
    """Return x on [low, high]; outside, a smooth approach to low - 1 or high + 1 with a continuous gradient.

    Unlike a scaled tanh it is the identity on [low, high], so closed forms are exact to machine precision.
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


def vector_only(shape: tuple[int, ...], name: str) -> int:
    """Return d of a shape (d,); raises ValueError for anything that is not a vector."""
    if len(shape) != 1:
        raise ValueError(f"a {name} is over vectors, not over shape {shape}")
    return shape[0]
