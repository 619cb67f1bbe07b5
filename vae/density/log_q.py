"""The aggregate posterior of saved codes as a function of z that can be differentiated."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from vae.model.families.log_sum import log_sum_exp
from vae.model.families.normals import log_normals


@dataclass(frozen=True)
class Aggregate:
    """q(z) = (1/N) sum_n N(z; m_n, diag s_n^2), with `means` and `scales` [N, d]."""

    means: Tensor
    scales: Tensor

    def log_prob(self, z: Tensor) -> Tensor:
        """Return log q(z) [...] in nats for z [..., d]: over all N, as one matrix product."""
        log_q = log_normals(self.means, self.scales, z.dtype)(z)
        return log_sum_exp(log_q) - math.log(len(self.means))

    def typical(self) -> float:
        """Return the median of log q over the codes' own means, in nats."""
        with torch.no_grad():
            return torch.cat([self.log_prob(part) for part in self.means.split(1024)]).median().item()


@dataclass(frozen=True)
class Scarcity:
    """log c(z) of the cost c(z) = 1 + strength * softplus(l - log q(z)) per unit of length: l = `level`, in nats.

    Where q(z) is well above exp(l) a step costs its length, and each nat below makes it `strength` lengths dearer: a
    metric that grows where data are scarce (as Bousquet, Chapelle & Hein 2003), but slowly enough that a path may still
    cross a gap that has no way round, and with a gradient in every hole.
    """

    aggregate: Aggregate
    level: float
    strength: float = 1.0

    def __call__(self, z: Tensor) -> Tensor:
        """Return log c(z) [...] for z [..., d]."""
        return torch.log1p(self.strength * F.softplus(self.level - self.aggregate.log_prob(z)))
