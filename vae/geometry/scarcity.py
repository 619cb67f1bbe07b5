"""A cost per unit of length that grows where codes are scarce."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from vae.density.torch_log_q import AggregatePosterior


@dataclass(frozen=True)
class Scarcity:
    """log c(z) of the cost c(z) = 1 + strength * softplus(l - log q(z)) per unit of length: l = `level`, in nats.

    Where q(z) is well above exp(l) a step costs its length, and each nat below adds `strength` lengths: a metric that
    grows where data are scarce (as Bousquet, Chapelle & Hein 2003), but slowly enough that a path can cross a gap if
    there is no path around it, and with a gradient in every hole.
    """

    aggregate: AggregatePosterior
    level: float
    strength: float = 1.0

    def __call__(self, z: Tensor) -> Tensor:
        """Return log c(z) [...] for z [..., d]."""
        return torch.log1p(self.strength * F.softplus(self.level - self.aggregate.log_prob(z)))
