"""The ELBO of single images, each with its Monte Carlo standard error."""

import math

import torch
from torch import Tensor

from vae.model import LatentModel, draw


@torch.no_grad()
def single_elbos(
    model: LatentModel, x: Tensor, samples: int = 32, generator: torch.Generator | None = None
) -> tuple[Tensor, Tensor]:
    """Return the ELBO [B] of each of x [B, ...] in nats, and its standard error [B] over the K samples of q(z|x).

    ELBO = (1/K) sum_k log p(x, z_k) / q(z_k|x), which has no variance if q is the exact posterior. Raises TypeError for
    a model without prior or density of q, ValueError for fewer than two samples.
    """
    if samples < 2:
        raise ValueError(f"a standard error needs at least two samples, not {samples}")
    log_w = draw(model, x, samples, generator=generator).log_w.double()
    return log_w.mean(0), log_w.std(0) / math.sqrt(samples)
