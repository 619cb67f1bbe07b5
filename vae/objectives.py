"""Objectives: free functions from a Draw to one number per example [B], to be climbed, in nats.

An objective's value is the bound it is named after, whatever gradient path the draw took.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from vae.model import Draw

Objective = Callable[[Draw, int], Tensor]


def reconstruction(draw: Draw) -> Tensor:
    """E_q[log p(x|z)] [B]: the autoencoder's objective, no bound on log p(x)."""
    return -draw.distortion


def elbo(draw: Draw, beta: float = 1.0) -> Tensor:
    """E_q[log p(x|z)] - beta KL(q(z|x) || p(z)) [B]; a bound on log p(x) for beta >= 1.

    Source: Kingma & Welling 2014; beta: Higgins et al. 2017. Raises TypeError for a model without a prior.
    """
    if draw.rate is None:
        return -draw.distortion - beta * (draw.log_qz - draw.log_pz).mean(0)
    return -draw.distortion - beta * draw.rate


def iwae(draw: Draw) -> Tensor:
    """L_K = log (1/K) sum_k p(x, z_k) / q(z_k|x) [B], between the ELBO and log p(x). Source: Burda et al. 2016."""
    return torch.logsumexp(draw.log_w, 0) - math.log(len(draw.log_w))


OBJECTIVES: dict[str, Callable[..., Tensor]] = {"reconstruction": reconstruction, "elbo": elbo, "iwae": iwae}


def mask(x: Tensor, generator: torch.Generator | None, rate: float = 0.3) -> Tensor:
    """Return x with a share `rate` of its pixels set to 0 (Vincent et al. 2008)."""
    keep = torch.empty_like(x).uniform_(generator=generator) >= rate
    return x * keep


def noise(x: Tensor, generator: torch.Generator | None, sigma: float = 0.3) -> Tensor:
    """Return x + sigma eps, eps ~ N(0, I)."""
    return x + sigma * torch.empty_like(x).normal_(generator=generator)


CORRUPTIONS: dict[str, Callable[..., Tensor]] = {"mask": mask, "noise": noise}
