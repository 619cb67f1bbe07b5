"""log q(z) of the aggregate posterior, in torch: differentiable in z, also by dimension.

`log_q` is the same in numpy, and ui/js/mixture.js in the browser; tests compare all three.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from vae.model.families.normals import log_normals, log_sum_exp

PAIRS = 2**21  # pairs of a point and a code in memory at a time


@dataclass(frozen=True)
class AggregatePosterior:
    """q(z) = (1/N) sum_n N(z; m_n, diag s_n^2), with `means` m and `scales` s [N, d]."""

    means: Tensor
    scales: Tensor

    def log_prob(self, z: Tensor) -> Tensor:
        """Return log q(z) [...] of z [..., d] in nats: summed exactly over all N, in float64, returned in z's dtype."""
        each = log_normals(self.means, self.scales)
        parts = z.reshape(-1, z.shape[-1]).split(max(1, PAIRS // len(self.means)))
        found = torch.cat([log_sum_exp(each(part)) for part in parts]) - math.log(len(self.means))
        return found.reshape(z.shape[:-1]).to(z.dtype)

    def log_prob_by_dimension(self, z: Tensor) -> Tensor:
        """Return log q(z_j) [..., d] of the marginals of q(z) at z [..., d], in nats."""
        columns = zip(*(v.split(1, -1) for v in (self.means, self.scales, z)), strict=True)
        return torch.stack([AggregatePosterior(mean, scale).log_prob(z_j) for mean, scale, z_j in columns], -1)

    @torch.no_grad()
    def typical(self) -> float:
        """Return the median of log q(z) over the codes' means, in nats."""
        return self.log_prob(self.means).median().item()
