"""The width of q(z|x): the ELBO of posteriors that are c times as wide.

At an optimum of distortion + beta rate, a slightly wider q has less rate and beta times as much more distortion. So the
slope -dD/dR at c = 1 is the encoder's effective beta, which can differ from the one in its objective; if it is 1, the
ELBO is stationary at c = 1.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.distributions import Distribution, Independent, Laplace, MultivariateNormal, Normal

from vae.data.batches import Batches
from vae.evaluation.estimate import Estimate
from vae.model import LatentModel
from vae.model.families.sampling import noise

FACTORS = (0.25, 0.35, 0.5, 0.7, 0.84, 1.0, 1.19, 1.41, 2.0, 2.83, 4.0)
STEP = 2**0.25  # factor on c, up and down, for the finite difference of the slope
LEAST = 0.02  # nats by which the rate must change over the step for the slope to be defined


@dataclass(frozen=True)
class Width:
    """ELBO(c) - ELBO(1) in nats per example for each of `factors`, with the same noise; `slope` is -dD/dR at c = 1,
    None if the rate does not depend on q's width, for example if q is the prior."""

    factors: tuple[float, ...]
    gain: tuple[Estimate, ...]
    slope: Estimate | None

    @property
    def best(self) -> int:
        """The index of the factor of the highest ELBO."""
        return max(range(len(self.gain)), key=lambda i: self.gain[i].value)


def _parts(q: Distribution, k: int, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor] | None:
    """Return q's means [B, d], k deviations from them [k, B, d] and its entropy [B]; None if q has no such form."""
    base = q.base_dist if isinstance(q, Independent) else q
    if isinstance(base, Normal):
        away = base.scale * noise(torch.randn, k, base.loc, generator)
    elif isinstance(base, MultivariateNormal):
        away = (base.scale_tril @ noise(torch.randn, k, base.loc, generator).unsqueeze(-1)).squeeze(-1)
    elif isinstance(base, Laplace):
        u = noise(torch.rand, k, base.loc, generator) - 0.5
        away = -base.scale * u.sign() * torch.log1p(-2 * u.abs().clamp_max(0.5 - 1e-7))
    else:
        return None
    entropy: Tensor = q.entropy()
    return base.loc, torch.cat([away, -away]), entropy.double()


@torch.no_grad()
def width(
    model: LatentModel,
    batches: Batches,
    n: int | None = None,
    factors: Sequence[float] = FACTORS,
    k: int = 4,
    seed: int = 0,
    rows: int = 250,
) -> Width | None:
    r"""Return the ELBO of the first n examples under q(z|x) made c times as wide, for every c, with 2 k antithetic z.

    ELBO(c) = E[log p(x|m + c e) + log p(m + c e)] + H(q) + d ln c, with the same e for all c, so that differences have
    little noise; their errors are over the examples. None if q is not Normal or Laplace.
    """
    if model.prior is None:
        raise TypeError("this model has no prior, so no ELBO")
    count = len(batches) if n is None else min(n, len(batches))
    generator = torch.Generator(batches.examples.device).manual_seed(seed)
    every = [1.0, *factors, 1 / STEP, STEP]
    distortion: list[list[Tensor]] = [[] for _ in every]
    rate: list[list[Tensor]] = [[] for _ in every]
    for start in range(0, count, rows):
        part = slice(start, min(start + rows, count))
        given = model.given(batches.given(part))
        assert given.prior is not None
        x, prior = batches.take(part, generator), given.prior()
        found = _parts(given.encode(x), k, generator)
        if found is None:
            return None
        loc, away, entropy = found
        for i, c in enumerate(every):
            z = loc + c * away
            distortion[i].append(-given.decode(z).log_prob(x).double().mean(0))
            rate[i].append(-entropy - loc.shape[1] * math.log(c) - prior.log_prob(z).double().mean(0))
    d, r = torch.stack([torch.cat(v) for v in distortion]), torch.stack([torch.cat(v) for v in rate])
    elbo = -d - r
    gains = tuple(Estimate.of(elbo[i + 1] - elbo[0]) for i in range(len(factors)))
    return Width(tuple(factors), gains, _slope(d[-1] - d[-2], r[-1] - r[-2]))


def _slope(more: Tensor, less: Tensor) -> Estimate | None:
    """Return -mean(more) / mean(less) of per-example changes [N], its error by the delta method."""
    top, bottom, n = more.mean().item(), less.mean().item(), len(more)
    if abs(bottom) < LEAST:
        return None
    value = -top / bottom
    spread = (more + value * less).std().item() / math.sqrt(n) / abs(bottom) if n > 1 else math.nan
    return Estimate(value, spread, n)
