"""What a trained model is worth: bounds on log p(x) with their standard errors, and exact log p(x) on a grid."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from vae.batches import Batches
from vae.model import LatentModel, draw


@dataclass(frozen=True)
class Estimate:
    """A mean over n examples with its standard error, s / sqrt(n)."""

    value: float
    se: float
    n: int

    @classmethod
    def of(cls, values: Tensor) -> "Estimate":
        """Return the estimate of per-example values [N]."""
        values = values.double()
        se = values.std().item() / math.sqrt(len(values)) if len(values) > 1 else math.nan
        return cls(values.mean().item(), se, len(values))


@dataclass(frozen=True)
class Bounds:
    """Per-example values [N], nats: distortion, rate, ELBO, the importance-weighted bound L_K and its ESS of K."""

    distortion: Tensor
    rate: Tensor | None
    elbo: Tensor | None
    log_px: Tensor | None
    ess: Tensor | None
    k: int


@torch.no_grad()
def bounds(
    model: LatentModel, x: Tensor, k: int = 100, generator: torch.Generator | None = None, chunk: int = 50
) -> Bounds:
    r"""Return the bounds of examples x [B, ...] from K samples each, streamed in chunks of samples.

    ELBO = -D - R with D = -(1/K) sum_k log p(x|z_k) and R = KL(q||p) in closed form where torch has one;
    L_K = log (1/K) sum_k w_k, w_k = p(x, z_k) / q(z_k|x); ESS = (sum w)^2 / sum w^2. Source: Burda et al. 2016.
    An autoencoder has distortion only.
    """
    if k < 1:
        raise ValueError(f"K must be at least 1, not {k}")
    if model.prior is None:
        return Bounds(draw(model, x, 1, generator=generator).distortion, None, None, None, None, 1)
    total_px = torch.zeros(len(x), dtype=torch.float64, device=x.device)
    total_kl = total_px.clone()
    log_sum = torch.full_like(total_px, -math.inf)
    log_square = log_sum.clone()
    exact: Tensor | None = None
    for size in [chunk] * (k // chunk) + ([k % chunk] if k % chunk else []):
        sample = draw(model, x, size, generator=generator)
        total_px += sample.log_px.double().sum(0)
        if sample.rate_is_exact:
            exact = sample.rate
        else:
            total_kl += (sample.log_qz - sample.log_pz).double().sum(0)
        log_w = sample.log_w.double()
        log_sum = torch.logaddexp(log_sum, log_w.logsumexp(0))
        log_square = torch.logaddexp(log_square, (2 * log_w).logsumexp(0))
    distortion = -total_px / k
    rate = exact.double() if exact is not None else total_kl / k
    return Bounds(distortion, rate, -distortion - rate, log_sum - math.log(k), (2 * log_sum - log_square).exp(), k)


def evaluate(
    model: LatentModel, batches: Batches, k: int = 100, seed: int = 0, n: int | None = None, rows: int = 50
) -> dict[str, Estimate]:
    """Return distortion, rate, elbo, log_px (L_K) and ess over the first n examples (default all), with errors.

    Binarisation and samples come from `seed`; `rows` examples are held at a time.
    """
    generator = torch.Generator(device=batches.examples.device).manual_seed(seed)
    count = len(batches) if n is None else min(n, len(batches))
    was_training = model.training
    model.eval()
    parts = []
    for start in range(0, count, rows):
        x = batches.take(slice(start, min(start + rows, count)), generator)
        parts.append(bounds(model, x, k, generator))
    model.train(was_training)
    result = {}
    for name in ("distortion", "rate", "elbo", "log_px", "ess"):
        values = [getattr(part, name) for part in parts]
        if all(v is not None for v in values):
            result[name] = Estimate.of(torch.cat(values))
    return result


@torch.no_grad()
def log_px_grid(model: LatentModel, x: Tensor, half_width: float = 8.0, points: int = 400) -> Tensor:
    r"""Return log p(x) [B] of a model with d <= 2 by the trapezoid rule, log sum_ij p(x|z_ij) p(z_ij) h^d, nats.

    The grid covers [-half_width, half_width]^d; for smooth densities the rule converges faster than any power of h,
    once h is below half the posterior's sigma. Raises ValueError for d > 2, or when the window's rim holds mass.
    """
    prior = model.prior() if model.prior is not None else None
    if prior is None or prior.event_shape[0] > 2:
        raise ValueError("the grid needs a prior over at most two latents")
    latent = prior.event_shape[0]
    like = next(model.parameters())
    axis = torch.linspace(-half_width, half_width, points, dtype=like.dtype, device=like.device)
    grid = torch.cartesian_prod(*[axis] * latent).reshape(-1, latent)
    log_joint = []
    for z in grid.split(4096):
        log_joint.append(model.decode(z.unsqueeze(1)).log_prob(x) + prior.log_prob(z).unsqueeze(1))
    values = torch.cat(log_joint)
    total = values.logsumexp(0)
    rim = (grid.abs() >= half_width * (1 - 1e-12)).any(1)
    if rim.any() and (values[rim].logsumexp(0) - total).max() > math.log(1e-9):
        raise ValueError(f"the window of half width {half_width} cuts the posterior: widen it")
    return total + latent * math.log((axis[1] - axis[0]).item())
