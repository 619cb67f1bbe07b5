"""Annealed importance sampling: an independent estimate of log p(x), for any number of latents.

From a q that is narrower than the posterior the estimate can be many nats too low while its chains agree, since none of
them leaves q's region. So it starts from the prior, too, and the higher of the two lower bounds is kept.
"""

import itertools
import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.distributions import Distribution

from vae.model import LatentModel, from_prior
from vae.model.families import DeltaDistribution

TARGET = 0.65  # the optimal acceptance rate of HMC (Beskos et al. 2013)
DISAGREE = 3.0  # standard errors of a difference beyond which two starts contradict each other


@dataclass(frozen=True)
class Annealed:
    """log p(x) [N] in nats with its standard error [N] over the chains, their effective number and acceptance [N].

    The mean of the weights is unbiased for p(x), so by Jensen the log is below log p(x) on average: a stochastic lower
    bound, whose bias is about -se^2 / 2. Of two starts the higher is kept, and `lower` [N] is the other one's log p(x);
    `disagree` [N] says where the two differ by more than their errors explain, so that at least one `se` is too small.
    """

    log_px: Tensor
    se: Tensor
    ess: Tensor
    acceptance: Tensor
    lower: Tensor | None = None
    disagree: Tensor | None = None

    def higher(self, other: "Annealed") -> "Annealed":
        """Return for each example the higher estimate of two."""
        own = self.log_px >= other.log_px
        log_px, se, ess, acceptance = (
            torch.where(own, getattr(self, name), getattr(other, name))
            for name in ("log_px", "se", "ess", "acceptance")
        )
        apart = (self.log_px - other.log_px).abs()
        errors = torch.hypot(self.se, other.se)
        rounding = 1e-6 * self.log_px.abs()
        lower = torch.minimum(self.log_px, other.log_px)
        return Annealed(log_px, se, ess, acceptance, lower, apart > DISAGREE * errors + rounding)


def ais(
    model: LatentModel,
    x: Tensor,
    chains: int = 16,
    temperatures: int = 100,
    leapfrog: int = 8,
    generator: torch.Generator | None = None,
) -> Annealed:
    """Return log p(x) of examples x [N, ...], in nats: the higher of `anneal` from q(z|x) and from the prior.

    The prior alone where q has no density. Raises TypeError if the model has no prior, ValueError as `anneal` does.
    """
    if model.prior is None:
        raise TypeError("this model has no prior, so log p(x) is undefined")
    with torch.no_grad():
        q = model.encode(x)
    wide = anneal(model, x, model.prior(), chains, temperatures, leapfrog, generator)
    if isinstance(q, DeltaDistribution):
        return wide
    return anneal(model, x, q, chains, temperatures, leapfrog, generator).higher(wide)


def anneal(
    model: LatentModel,
    x: Tensor,
    start: Distribution,
    chains: int = 16,
    temperatures: int = 100,
    leapfrog: int = 8,
    generator: torch.Generator | None = None,
) -> Annealed:
    r"""Return log p(x) of examples x [N, ...] by annealing from `start` to p(x, z), in nats.

    Along f_b = start^(1-b) p(x, z)^b, with b from 0 to 1 spaced closely at both ends, each of the `chains` takes one
    HMC transition per temperature, and log w = sum_t (b_t - b_t-1) (log p(x, z_t) - log start(z_t)). Steps are in
    units of the start's standard deviations; each image's step size adapts to the acceptance TARGET, from
    past transitions only. `start` has batch shape [N], or () for a prior. se = std(w) / mean(w) / sqrt(C).
    Source: Neal 2001; Wu et al. 2017. Raises TypeError if the model has no prior or `start` no density, ValueError for
    less than one chain, temperature or leapfrog step, and if a density is not finite.
    """
    for name, count in (("chains", chains), ("temperatures", temperatures), ("leapfrog steps", leapfrog)):
        if count < 1:
            raise ValueError(f"annealing needs at least one of its {name}, not {count}")
    if model.prior is None:
        raise TypeError("this model has no prior, so log p(x) is undefined")
    prior = model.prior()
    with torch.no_grad():
        z = from_prior(start, chains, len(x), generator)
        scale = start.stddev
    spaced = torch.sigmoid(torch.linspace(-4, 4, temperatures + 1, dtype=torch.float64))
    beta: list[float] = ((spaced - spaced[0]) / (spaced[-1] - spaced[0])).tolist()
    log_w = torch.zeros(z.shape[:2], dtype=torch.float64, device=x.device)
    length = torch.full((len(x),), 0.2, dtype=z.dtype, device=x.device)
    accepted = torch.zeros(len(x), dtype=torch.float64, device=x.device)

    def look(z: Tensor, b: float) -> tuple[Tensor, Tensor, Tensor]:
        """Return log p(x, z) - log start [C, N], log f_b [C, N] and its gradient."""
        with torch.enable_grad():
            z = z.detach().requires_grad_()
            log_start = start.log_prob(z)
            ratio = model.decode(z).log_prob(x) + prior.log_prob(z) - log_start
            value = log_start + b * ratio
            (slope,) = torch.autograd.grad(value.sum(), z)
        return ratio.detach(), value.detach(), slope

    ratio, _, _ = look(z, 0.0)
    for before, now in itertools.pairwise(beta):
        log_w += (now - before) * ratio.double()
        momentum = torch.empty_like(z).normal_(generator=generator)
        old_ratio, old, slope = look(z, now)
        step = length[:, None]
        moved, speed = z, momentum
        for _ in range(leapfrog):
            speed = speed + 0.5 * step * scale * slope
            moved = moved + step * scale * speed
            new_ratio, new, slope = look(moved, now)
            speed = speed + 0.5 * step * scale * slope
        gain = new - old + 0.5 * (_square(momentum) - _square(speed))
        chance = gain.clamp(max=0).exp().nan_to_num(0.0)
        take = torch.empty_like(chance).uniform_(generator=generator) < chance
        z = torch.where(take.unsqueeze(-1), moved, z)
        ratio = torch.where(take, new_ratio, old_ratio)
        rate = chance.mean(0)
        accepted += rate.double() / temperatures
        length = (length * (0.5 * (rate - TARGET)).exp()).clamp(1e-4, 2.0)
    log_sum, log_square = log_w.logsumexp(0), (2 * log_w).logsumexp(0)
    ess = (2 * log_sum - log_square).exp()
    if not log_sum.isfinite().all():
        raise ValueError(
            "a density along the way is not finite: the weights of this model are not numbers, or too large"
        )
    se = ((chains / ess - 1).clamp_min(0) / max(chains - 1, 1)).sqrt()
    return Annealed(log_sum - math.log(chains), se, ess, accepted)


def _square(momentum: Tensor) -> Tensor:
    """Return the squared norm over latents [C, N]."""
    return torch.linalg.vector_norm(momentum, dim=-1).square()
