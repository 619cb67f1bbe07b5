r"""Missing values: p(x_m|x_o), what a model says of the values of an example that nobody has seen, given the others.

    p(x_m|x_o) = int p(x_m|z) p(z|x_o) dz,   p(z|x_o) = p(x_o|z) p(z) / p(x_o)

The values are independent given z, so that p(x_o|z) is a product over the seen ones, and what is missing leaves no
trace in it. For d <= 2, p(z|x_o) is summed on a grid. Beyond, Markov chains alternate between z and x_m: z is proposed
by q(z|x_o, x_m) and accepted by Metropolis' rule, x_m is drawn from p(x_m|z) (Metropolis-within-Gibbs, Mattei &
Frellsen 2018). They start with a few steps in which every proposal is accepted (Pseudo-Gibbs, Rezende et al. 2014),
from points chosen by importance. Since x_m pins z down where much is missing, each step also moves z in p(z|x_o)
itself.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from vae.evaluation.derivation import as_diagonal_normal, with_posterior
from vae.evaluation.posterior import PosteriorGrid, posterior_grid
from vae.evaluation.quadrature import POINTS, exact
from vae.model import LatentModel
from vae.model.families import marginal, sample

SAMPLES = 16
ROWS = 1000  # examples at a time
CHAINS, GIBBS, STEPS = 32, 10, 300  # chains; first steps that accept all; steps, of which the second half counts
LEAP = 10  # steps from one leap between modes to the next
NUGGET = 1e-4  # of noise, so that points that are equal move too
CANDIDATES = 512  # points among which the chains' first ones are chosen, half of the prior's and half of q's
LEAST = 1e-14  # share of the posterior's mass below which a point of the grid is not decoded


@dataclass(frozen=True)
class Missing:
    """p(x_m|x_o) of one example, with the seen values where they are: they have variance 0.

    `mean`, `variance` and `between` [*shape] are E[x|x_o], Var[x|x_o] and its part Var E[x|z], which the unknown z
    causes (the rest is the noise of p(x|z)). `z` [S, d] are draws of p(z|x_o), `means` [S, *shape] E[x|z] of each, and
    `samples` [S, *shape] draws of p(x_m|x_o). `z_mean` [d] and `z_covariance` [d, d] are the moments of p(z|x_o).
    `log_px` is log p(x_o) in nats, by quadrature where there is a `grid` (d <= 2), else a lower bound in the mean.
    `accepted` are the shares of q's proposals and of steps beside the point that the chains accepted, and `r_hat` their
    largest split-R^, near 1 where they agree; both None by quadrature.
    """

    mean: Tensor
    variance: Tensor
    between: Tensor
    z: Tensor
    means: Tensor
    samples: Tensor
    z_mean: Tensor
    z_covariance: Tensor
    log_px: float
    grid: PosteriorGrid | None
    accepted: tuple[float, float] | None
    r_hat: float | None


class _Seen(nn.Module):
    """The decoder z -> p(x_o|z)."""

    def __init__(self, decoder: nn.Module, seen: Tensor) -> None:
        super().__init__()
        self.decoder, self.seen = decoder, seen

    def forward(self, z: Tensor) -> Distribution:
        return marginal(self.decoder(z), self.seen)


@dataclass(frozen=True)
class _Case:
    """A model with one example x [*shape], and which of its values are seen."""

    model: LatentModel
    x: Tensor
    seen: Tensor
    generator: torch.Generator

    @property
    def values(self) -> Tensor:
        """The seen values [1, S]."""
        return self.x[self.seen][None]

    def log_seen(self, p: Distribution, z: Tensor) -> Tensor:
        """Return log p(x_o|z) + log p(z) [C] of points z [C, d], whose p(x|z) is p."""
        return marginal(p, self.seen).log_prob(self.values) + self.model.prior().log_prob(z)  # type: ignore[misc]

    def complete(self, values: Tensor) -> Tensor:
        """Return values [..., *shape] with the seen ones in their places."""
        return torch.where(self.seen, self.x.to(values.dtype), values)


@torch.no_grad()
def missing(
    model: LatentModel,
    x: Tensor,
    seen: Tensor,
    samples: int = SAMPLES,
    seed: int = 0,
    chains: int = CHAINS,
    steps: int = STEPS,
) -> Missing:
    """Return what the model says of the values of x [*shape] where `seen` (bool, [*shape]) is False.

    The values of x there are ignored. Raises ValueError for an autoencoder, which has no p(z|x), and for shapes that
    differ.
    """
    if model.prior is None:
        raise ValueError("an autoencoder has no prior, so no p(z|x) that seen values could decide")
    if x.shape != seen.shape:
        raise ValueError(f"the example has shape {list(x.shape)}, and what is seen of it {list(seen.shape)}")
    prior = model.prior()
    generator = torch.Generator(x.device).manual_seed(seed)
    # what is missing is filled in by the decoder, so that no value of it is used
    filled = torch.where(seen, x, model.decode(prior.mean.reshape(1, -1)).mean[0])
    case = _Case(model, filled, seen, generator)
    if prior.event_shape[0] <= 2:
        return _by_quadrature(case, samples)
    return _by_chains(case, samples, chains, steps)


@torch.no_grad()
def log_seen(model: LatentModel, x: Tensor, seen: Tensor) -> Tensor:
    """Return log p(x_o) [N] of examples x [N, *shape] in nats, by quadrature; log p(x) less it is log p(x_m|x_o).

    In all of them the values are missing where `seen` [*shape] is False. Raises ValueError for more than two latents
    and without a prior.
    """
    blocks = x.split(ROWS)
    return torch.cat([exact(_partial(model, block, seen), block[:, seen]).log_px for block in blocks])


def _partial(model: LatentModel, x: Tensor, seen: Tensor) -> LatentModel:
    """Return the model of the seen values of examples x [N, *shape]; its q(z|x) is that of the whole examples."""
    part = LatentModel(model.prior, _Seen(model.decoder, seen), model.encoder)  # type: ignore[arg-type]
    return with_posterior(part, as_diagonal_normal(model.encode(x)))


def _by_quadrature(case: _Case, samples: int) -> Missing:
    grid = posterior_grid(_partial(case.model, case.x[None], case.seen), case.values)
    z = torch.cartesian_prod(*grid.axes).reshape(-1, len(grid.axes))
    weight = grid.log_density.flatten().softmax(0)
    kept = weight > LEAST
    z, weight = z[kept], weight[kept]
    z_mean = weight @ z
    moments = _Moments(case)
    for points, some in zip(z.split(POINTS), weight.split(POINTS), strict=True):
        moments.add(case.model.decode(points.to(case.x.dtype)), some)
    chosen = z[torch.multinomial(weight, samples, replacement=True, generator=case.generator)]
    steps = torch.stack([axis[1] - axis[0] for axis in grid.axes])
    # anywhere in its cell: the grid's points alone would be seen as a lattice
    jitter = torch.rand(chosen.shape, generator=case.generator, dtype=chosen.dtype, device=chosen.device) - 0.5
    away = z - z_mean
    covariance = (away * weight[:, None]).T @ away
    drawn = (chosen + jitter * steps).to(case.x.dtype)
    return moments.missing(drawn, z_mean, covariance, grid.log_px, grid, None, None)


def _by_chains(case: _Case, samples: int, chains: int, steps: int) -> Missing:
    """Return the same by Markov chains: at each step one proposal of q(z|x_o, x_m), and one beside the point itself."""
    model, generator = case.model, case.generator
    prior = model.prior()  # type: ignore[misc]
    z, log_px = _start(case, chains)
    p = model.decode(z)
    moments, kept = _Moments(case), []
    accepted = torch.zeros(2, dtype=torch.float64, device=z.device)
    counted = steps // 2
    for step in range(steps):
        x = case.complete(sample(p, 1, generator)[0])
        q = model.encode(x)
        proposed = sample(q, 1, generator)[0]
        other, log_pz = model.decode(proposed), prior.log_prob(proposed)
        ratio = other.log_prob(x) + log_pz - q.log_prob(proposed)
        ratio = ratio - p.log_prob(x) - prior.log_prob(z) + q.log_prob(z)
        take = _accept(ratio, generator) | (step < GIBBS)
        log_seen = torch.where(take, case.log_seen(other, proposed), case.log_seen(p, z))
        z = torch.where(take[:, None], proposed, z)
        z, moved = _differences(case, z, log_seen, 1.0 if step % LEAP == 0 else None)
        p = model.decode(z)
        if step >= steps - counted:
            accepted += torch.stack([take.double().mean(), moved]) / counted
            kept.append(z)
            moments.add(p, torch.full((chains,), 1 / (chains * counted), dtype=torch.float64, device=z.device))
    course = torch.stack(kept).double()  # [T, C, d]
    every = course.flatten(0, 1)
    some = torch.linspace(0, chains - 1, samples).long()
    return moments.missing(
        kept[-1][some], every.mean(0), torch.cov(every.T).reshape(every.shape[1], -1), log_px, None,
        (float(accepted[0]), float(accepted[1])), r_hat(course),
    )  # fmt: skip


def _accept(log_ratio: Tensor, generator: torch.Generator) -> Tensor:
    u = torch.rand(log_ratio.shape, generator=generator, device=log_ratio.device, dtype=log_ratio.dtype)
    return u.log() < log_ratio


def _differences(case: _Case, z: Tensor, log_seen: Tensor, factor: float | None) -> tuple[Tensor, Tensor]:
    """Return the chains' points z [C, d] after a step of p(z|x_o) itself, without x_m, and the share that moved.

    `log_seen` [C] are log p(x_o, z) before it.
    Each half of the chains proposes z + g (a - b) with two points a, b of the other half, so that the steps are as long
    and as tilted as p(z|x_o) is; g = 2.38 / sqrt(2 d), or `factor` (1 leaps between modes). Source: ter Braak 2006.
    """
    half, d = len(z) // 2, z.shape[1]
    gamma = 2.38 / math.sqrt(2 * d) if factor is None else factor
    moved = torch.zeros((), dtype=torch.float64, device=z.device)
    z = z.clone()
    for mine, others in ((slice(0, half), slice(half, None)), (slice(half, None), slice(0, half))):
        now, pool = z[mine], z[others]
        chosen = torch.rand(len(now), len(pool), generator=case.generator, device=z.device).topk(2).indices
        noise = NUGGET * torch.randn(now.shape, generator=case.generator, device=z.device, dtype=z.dtype)
        proposed = now + gamma * (pool[chosen[:, 0]] - pool[chosen[:, 1]]) + noise
        ratio = case.log_seen(case.model.decode(proposed), proposed) - log_seen[mine]
        take = _accept(ratio, case.generator)
        z[mine] = torch.where(take[:, None], proposed, now)
        moved = moved + take.double().sum() / len(z)
    return z, moved


def _start(case: _Case, chains: int) -> tuple[Tensor, float]:
    """Return points z [C, d] chosen by importance, and the importance-weighted bound on log p(x_o).

    The candidates are half of p(z) and half of q(z|x) with the gaps filled: the prior's half keeps the weights bounded
    where q, which has seen no gaps, is wrong.
    """
    prior, q = case.model.prior(), case.model.encode(case.x[None])  # type: ignore[misc]
    half = CANDIDATES // 2
    z = torch.cat([sample(prior, half, case.generator).reshape(half, -1), sample(q, half, case.generator)[:, 0]])
    log_q = torch.cat([q.log_prob(part[:, None])[:, 0] for part in z.split(POINTS)])
    log_px = torch.cat([case.log_seen(case.model.decode(part), part) for part in z.split(128)])
    log_w = (log_px - torch.logaddexp(prior.log_prob(z), log_q) + math.log(2)).double()
    chosen = torch.multinomial(log_w.softmax(0), chains, replacement=True, generator=case.generator)
    return z[chosen], float(log_w.logsumexp(0) - math.log(len(z)))


class _Moments:
    """Running E[x|x_o], Var E[x|z] and E Var[x|z] by weighted points z."""

    def __init__(self, case: _Case) -> None:
        self.case = case
        self.reference = case.x.double()  # squares are taken about it, where they are small
        self.total, self.first, self.second, self.within = 0.0, *(torch.zeros_like(self.reference) for _ in range(3))

    def add(self, p: Distribution, weight: Tensor) -> None:
        """Add p(x|z) of points [P] with their weights [P]."""
        away = p.mean.double() - self.reference
        self.first += torch.einsum("p,p...->...", weight, away)
        self.second += torch.einsum("p,p...->...", weight, away.square())
        self.within += torch.einsum("p,p...->...", weight, p.variance.double())
        self.total += float(weight.sum())

    def missing(
        self, z: Tensor, z_mean: Tensor, z_covariance: Tensor, log_px: float, grid: PosteriorGrid | None,
        accepted: tuple[float, float] | None, r_hat: float | None,
    ) -> Missing:  # fmt: skip
        """Return what was found, with images of the draws z [S, d]."""
        case, first = self.case, self.first / self.total
        hidden = ~case.seen
        between = (self.second / self.total - first.square()).clamp(min=0) * hidden
        mean = case.complete(self.reference + first)
        variance = between + self.within / self.total * hidden
        p = case.model.decode(z)
        means = case.complete(p.mean)
        drawn = case.complete(sample(p, 1, case.generator)[0])
        return Missing(mean, variance, between, z, means, drawn, z_mean, z_covariance, log_px, grid, accepted, r_hat)


def r_hat(course: Tensor) -> float:
    """Return the largest split-R^ of chains [T, C, d] over the dimensions: 1 where all halves of all chains agree.

    Source: Gelman et al. 2013, section 11.4. Raises ValueError for fewer than four steps.
    """
    half = len(course) // 2
    if half < 2:
        raise ValueError("R^ needs at least four steps")
    parts = torch.cat([course[:half], course[half : 2 * half]], 1).double()
    within = parts.var(0).mean(0)
    between = parts.mean(0).var(0)
    ratio = ((half - 1) / half + between / within).sqrt()
    return float(torch.where(within > 0, ratio, torch.ones_like(ratio)).max())
