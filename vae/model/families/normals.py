"""Densities of many points under many Normals as two matrix products."""

import math
from collections.abc import Callable

import torch
from torch import Tensor


def log_normals(mean: Tensor, scale: Tensor, dtype: torch.dtype = torch.float64) -> Callable[[Tensor], Tensor]:
    """Return log N(z; m_c, diag s_c^2) [..., C] as a function of z [..., d], for means and scales [C, d], in nats.

    -sum_j (z_j^2 w_cj - 2 z_j m_cj w_cj + m_cj^2 w_cj) / 2 - sum_j log s_cj - (d / 2) log 2 pi with w = s^-2: about the
    means' centre, where the expanded squares are small, and in float64, in which they lose nothing. A lesser `dtype` is
    for a picture or a path.
    """
    mean, scale = mean.to(dtype), scale.to(dtype)
    centre = mean.mean(0).detach()
    mean = mean - centre
    weight = scale.square().reciprocal()
    linear = (mean * weight).T
    constant = -0.5 * (mean.square() * weight).sum(1) - scale.log().sum(1) - 0.5 * mean.shape[1] * math.log(2 * math.pi)

    def log_prob(z: Tensor) -> Tensor:
        away = z.reshape(-1, z.shape[-1]).to(dtype) - centre
        found = torch.addmm(torch.addmm(constant, away, linear), away.square(), weight.T, alpha=-0.5)
        return found.reshape(*z.shape[:-1], len(mean))

    return log_prob
