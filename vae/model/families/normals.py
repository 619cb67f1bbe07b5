"""Log densities of points under many Normals, and the logarithm of a sum of densities."""

import math
from collections.abc import Callable

import torch
from torch import Tensor


def log_normals(mean: Tensor, scale: Tensor) -> Callable[[Tensor], Tensor]:
    """Return log N(z; m_c, diag s_c^2) [..., C] as a function of z [..., d], for means m and scales s [C, d], in nats.

    -sum_j (z_j^2 w_cj - 2 z_j m_cj w_cj + m_cj^2 w_cj) / 2 - sum_j log s_cj - (d / 2) log 2 pi with w = s^-2 are two
    matrix products. The squares cancel, so they are taken about the centre of the means, where they are small, and in
    float64, which is also the result's dtype.
    """
    mean, scale = mean.double(), scale.double()
    centre = mean.mean(0).detach()
    mean = mean - centre
    weight = scale.square().reciprocal()
    linear = (mean * weight).T
    constant = -0.5 * (mean.square() * weight).sum(1) - scale.log().sum(1) - 0.5 * mean.shape[1] * math.log(2 * math.pi)

    def log_prob(z: Tensor) -> Tensor:
        away = z.reshape(math.prod(z.shape[:-1]), z.shape[-1]).double() - centre
        found = torch.addmm(torch.addmm(constant, away, linear), away.square(), weight.T, alpha=-0.5)
        return found.reshape(*z.shape[:-1], len(mean))

    return log_prob


def log_sum_exp(values: Tensor, dim: int = -1) -> Tensor:
    """Return log sum exp(values) along a dimension, like torch.logsumexp, but faster if most terms are tiny.

    An exp that underflows takes ten times as long as any other, in torch.logsumexp and in its gradient, and far from
    most components of a mixture nearly all do; log_softmax avoids them. The sum is max - log softmax at the maximum. At
    least one value along the dimension must be finite.
    """
    top, where = values.max(dim, keepdim=True)
    return (top - values.log_softmax(dim).gather(dim, where)).squeeze(dim)
