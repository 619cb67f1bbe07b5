"""p(z|x) of one example on a grid, to be drawn, with log p(x), ELBO and gap."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.distributions import Distribution

from vae.evaluation.likelihood import pairwise_log_prob
from vae.evaluation.quadrature import POINTS, exact, two_latents
from vae.model import LatentModel

PER_SIGMA = 4.0  # points per sigma of the integrals
TAIL = 1e-12
REACH = 8.0  # standard deviations of q(z|x) that its expectations cover
CUT = 1e-6  # posterior mass that a window may leave out
FINER = (1, 2, 4)  # limit of the refinement, as a factor on the requested points


@dataclass(frozen=True)
class PosteriorGrid:
    """log p(z|x) of one example in a window, and log p(x), ELBO and gap = KL(q(z|x) || p(z|x)) by quadrature, nats.

    `axes` are d tensors [P], `log_density` is [P] or [P, P] with z1 first, `q` is q(z|x) with batch shape [1], `inside`
    the posterior mass within the window.
    """

    axes: tuple[Tensor, ...]
    log_density: Tensor
    log_px: float
    elbo: float
    gap: float
    q: Distribution
    inside: float


@torch.no_grad()
def posterior_grid(
    model: LatentModel, x: Tensor, half_width: float | None = None, points: int = 96, widths: float = 6.0
) -> PosteriorGrid:
    """Return p(z|x) of one example x [1, ...] for d <= 2 on [-half_width, half_width]^d, to be drawn.

    Without a half width, the window is the posterior's mean +- `widths` standard deviations. The density is normalised
    by the adaptive quadrature, not by the window's sum, so that it is right for any window. The points per axis are
    doubled, twice at most, until their step is below the posterior's (local) sigma. Raises ValueError for d > 2, if the
    points are still too coarse, and if a requested window cuts off mass.
    """
    found = exact(model, x, per_sigma=PER_SIGMA, tail=TAIL)
    prior, q = two_latents(model), model.encode(x)

    def log_joint(axes: tuple[Tensor, ...]) -> tuple[Tensor, Tensor]:
        """Return the points z [P^d, d] of a window, and log p(x, z) [P^d]."""
        z = torch.cartesian_prod(*axes).reshape(-1, len(axes)).to(x.dtype)
        parts = [pairwise_log_prob(model.decode(part), x)[0] + prior.log_prob(part) for part in z.split(POINTS)]
        return z, torch.cat(parts).double()

    def window(mean: Tensor, reach: Tensor, count: int) -> tuple[Tensor, ...]:
        unit = torch.linspace(-1, 1, count, dtype=torch.float64, device=x.device)
        return tuple(unit * r + m for m, r in zip(mean.double(), reach.double(), strict=True))

    mean, reach = found.mean[0], widths * found.covariance[0].diagonal().sqrt()
    if half_width is not None:
        mean, reach = torch.zeros_like(mean), torch.full_like(reach, half_width)
    wanted = 2 * reach.max().item() / found.sigma.item() + 1
    enough = [times * points for times in FINER if times * points >= wanted]
    if not enough:
        raise ValueError(f"{points} points an axis are too coarse: take more, or a narrower window")
    axes = window(mean, reach, enough[0])
    density = (log_joint(axes)[1] - found.log_px).unflatten(0, (enough[0],) * len(axes))
    inside = density.exp().sum().item() * math.prod((axis[1] - axis[0]).item() for axis in axes)
    if half_width is not None and inside < 1 - CUT:
        raise ValueError("the window cuts off mass: widen it")
    z, joint = log_joint(window(q.mean[0], REACH * q.stddev[0], int(2 * REACH * PER_SIGMA) + 1))
    log_q = q.log_prob(z.unsqueeze(1))[:, 0].double()
    log_px, elbo = found.log_px.item(), (log_q.softmax(0) * (joint - log_q)).sum().item()
    return PosteriorGrid(axes, density, log_px, elbo, log_px - elbo, q, min(inside, 1.0))
