"""The Normal with full covariance, and its KL divergence from a Normal with diagonal covariance."""

import torch
from torch import Tensor
from torch.distributions import Distribution, Independent, MultivariateNormal, Normal
from torch.distributions.kl import register_kl

from vae.model.families.base import Family, soft_bound, vector_only


class FullNormal(Family):
    """q(z) = N(z; mean, L L') with L = diag(sigma) (I + N), N strictly lower triangular: det L = prod sigma."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__(shape)
        self.latent = vector_only(shape, "full Normal")
        rows, columns = torch.tril_indices(self.latent, self.latent, -1)
        self.below = (rows, columns)

    def forward(self, raw: Tensor) -> Distribution:
        """Return the distribution of raw [..., 2 d + d (d - 1) / 2]: means, log sigmas, then N row by row."""
        d = self.latent
        mean, log_sigma, rest = raw.split([d, d, d * (d - 1) // 2], -1)
        unit = torch.eye(d, dtype=raw.dtype, device=raw.device).expand(*raw.shape[:-1], d, d).clone()
        unit[(..., *self.below)] = rest
        factor = soft_bound(log_sigma).exp().unsqueeze(-1) * unit
        return MultivariateNormal(mean, scale_tril=factor, validate_args=False)


@register_kl(MultivariateNormal, Independent)
def _(p: MultivariateNormal, q: Independent) -> Tensor:
    """KL(N(m, L L') || N(n, diag s^2)) = sum ((L L')_jj + (m - n)_j^2) / 2 s_j^2 + log s_j - log L_jj - 1/2, nats."""
    if not isinstance(q.base_dist, Normal):
        raise NotImplementedError
    loc, scale = q.base_dist.loc, q.base_dist.scale
    diagonal = p.scale_tril.diagonal(dim1=-2, dim2=-1)
    spread = (p.variance + (p.loc - loc).square()) / scale.square()
    return (0.5 * (spread - 1) + scale.log() - diagonal.log()).sum(-1)
