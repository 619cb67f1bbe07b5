"""What a trained model is worth: bounds on log p(x) with their standard errors, and exact log p(x) on a grid."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.distributions import Distribution

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


WINDOW, DEPTH = 8.0, 25.0  # the first window's half width, and how many nats below the summit the mass ends
COARSE = (64, 32, 32, 32, 32)  # points an axis of the looks that close the window in, at most
FINER = (1, 2, 4)  # times the points that were asked for, until they suffice
Q_REACH, Q_POINTS = 7.0, 49  # standard deviations and points an axis of the grid on which q(z|x) is averaged over
CUT, TOLERANCE = 1e-6, 1e-3  # the share of mass at the rim, and nats, that a grid may be wrong by


@dataclass(frozen=True)
class PosteriorGrid:
    """log p(z|x) of one example on a grid, and log p(x), ELBO and gap = KL(q(z|x) || p(z|x)) by quadrature, nats.

    `axes` are d tensors [P], `log_density` is [P] or [P, P] with z1 first, `q` is q(z|x) with batch shape [1].
    """

    axes: tuple[Tensor, ...]
    log_density: Tensor
    log_px: float
    elbo: float
    gap: float
    q: Distribution


def _log_integral(log_values: Tensor, axes: tuple[Tensor, ...], every: int = 1) -> Tensor:
    """Return the log of the trapezoid rule's integral of exp(log_values) [P] * d, taking every n-th point."""
    kept = log_values[(slice(None, None, every),) * log_values.ndim]
    cell = sum(math.log(every * float(axis[1] - axis[0])) for axis in axes)
    return kept.reshape(-1).logsumexp(0) + cell


@torch.no_grad()
def posterior_grid(model: LatentModel, x: Tensor, half_width: float | None = None, points: int = 96) -> PosteriorGrid:
    r"""Return p(z|x) of one example x [1, ...] for d <= 2 on [-half_width, half_width]^d, by the trapezoid rule.

    log p(x) = log sum_i p(x, z_i) h^d on the grid, and ELBO = sum_j q(z_j|x) [log p(x, z_j) - log q(z_j|x)] g^d on one
    over q(z|x) itself. Without a half width the window closes in on what lies within 25 nats of the summit, and the
    points an axis are doubled, twice at most, where they do not suffice. Raises ValueError for d > 2, where the window
    cuts off mass, and where log p(x) would change by 1e-3 with every other point left out.
    """
    prior = model.prior() if model.prior is not None else None
    if prior is None or prior.event_shape[0] > 2:
        raise ValueError("the grid needs a prior over at most two latents")
    q = model.encode(x)
    latent = prior.event_shape[0]
    like = next(model.parameters())

    def grid(low: Tensor, high: Tensor, count: int) -> tuple[tuple[Tensor, ...], Tensor, Tensor]:
        """Return axes, points [count^d, d] and log p(x, z) [count] * d of a window."""
        ends = zip(low.tolist(), high.tolist(), strict=True)
        axes = tuple(torch.linspace(a, b, count, dtype=like.dtype, device=like.device) for a, b in ends)
        z = torch.cartesian_prod(*axes).reshape(-1, latent)
        parts = [model.decode(part).log_prob(x) + prior.log_prob(part) for part in z.split(1024)]
        return axes, z, torch.cat(parts).double().reshape((count,) * latent)

    high = torch.full((latent,), half_width or WINDOW, dtype=torch.float64)
    low = -high
    for count in COARSE if half_width is None else ():
        axes, z, values = grid(low, high, count)
        near = z[(values > values.max() - DEPTH).reshape(-1)].double().cpu()
        step, width = (high - low) / (count - 1), high - low
        low, high = torch.maximum(low, near.amin(0) - step), torch.minimum(high, near.amax(0) + step)
        if ((high - low) / width).min() > 0.7:
            break
    for times in FINER if half_width is None else FINER[:1]:
        axes, _, values = grid(low, high, times * points)
        log_px = _log_integral(values, axes)
        enough = (_log_integral(values, axes, 2) - log_px).abs() < TOLERANCE
        if enough:
            break
    inside = values[(slice(1, -1),) * latent]
    if _log_integral(inside, axes) - log_px < math.log1p(-CUT):
        raise ValueError("the window cuts off mass: widen it")
    if not enough:
        raise ValueError(f"{len(axes[0])} points an axis are too coarse: take more, or a narrower window")

    mean, reach = q.mean[0].double().cpu(), Q_REACH * q.stddev[0].double().cpu()
    _, z, q_values = grid(mean - reach, mean + reach, Q_POINTS)
    log_q = q.log_prob(z).double().reshape(q_values.shape)
    weight = torch.softmax(log_q.reshape(-1), 0).reshape(q_values.shape)
    elbo = (weight * (q_values - log_q)).sum()
    return PosteriorGrid(axes, values - log_px, log_px.item(), elbo.item(), (log_px - elbo).item(), q)
