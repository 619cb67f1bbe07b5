"""The gap log p(x) - ELBO, split into the encoder's amortisation gap and the posterior family's approximation gap.

log p(x) = ELBO(q) + KL(q || p(z|x)), and the amortisation gap ELBO(q*) - ELBO(q) is the part of that KL due to the
encoder, where q* is the best q of the same family for that image; the rest is due to the family. Source: Cremer, Li &
Duvenaud 2018.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.distributions import Distribution, Independent, Normal, kl_divergence

from vae.evaluation.quadrature import exact
from vae.model import LatentModel
from vae.model.priors import normal

Rule = tuple[Tensor, Tensor]
VALUES = 2**18  # decoded values at a time: of convolutions, which need several times as many, they stay in the cache
RADIUS = 8.0  # radius of a lattice in sigmas: 1e-14 of a Normal lies beyond
FINEST = 64.0  # points per sigma


def gauss_hermite(d: int, n: int) -> Rule:
    """Return nodes u [n^d, d] and weights [n^d] whose sum is E f(u), u ~ N(0, I_d), exact for degrees below 2 n."""
    x, w = np.polynomial.hermite_e.hermegauss(n)
    node, weight = torch.from_numpy(x), torch.from_numpy(w / math.sqrt(2 * math.pi))
    u = torch.cartesian_prod(*[node] * d).reshape(-1, d)
    return u, torch.cartesian_prod(*[weight] * d).reshape(-1, d).prod(1)


def lattice(d: int, per_sigma: float, shift: float | Tensor = 0.0, radius: float = RADIUS) -> Rule:
    """Return nodes and weights of the trapezoid rule for E f(u), u ~ N(0, I_d), of step 1 / per_sigma.

    `shift` moves the lattice by that part of its step, [d] by one part for each axis.
    """
    count = math.ceil(radius * per_sigma)
    axis = torch.arange(-count, count + 1, dtype=torch.float64)
    u = (torch.cartesian_prod(*[axis] * d).reshape(-1, d) + shift) / per_sigma
    square = u.square().sum(1)
    u, square = u[square <= radius**2], square[square <= radius**2]
    return u, (-0.5 * square).exp() * (2 * math.pi * per_sigma**2) ** (-d / 2)


def even(d: int, n: int, seed: int = 0) -> Rule:
    """Return n evenly spread nodes (scrambled Sobol) for any d, made exact for quadratics, with weights 1 / n.

    Their mean is 0 and their covariance the identity, as the standard Normal's. Raises ValueError unless n > d.
    """
    if n <= d:
        raise ValueError(f"{d} dimensions need more than {n} nodes")
    u = torch.quasirandom.SobolEngine(d, scramble=True, seed=seed).draw(n, dtype=torch.float64)
    u = torch.special.ndtri(u.clamp(1e-9, 1 - 1e-9))
    u = u - u.mean(0)
    factor = torch.linalg.cholesky(u.T @ u / n)
    return torch.linalg.solve_triangular(factor, u.T, upper=False).T, torch.full((n,), 1 / n, dtype=torch.float64)


def rule(d: int) -> Rule:
    """Return the nodes for refining q: 10^d Gauss-Hermite nodes for d <= 2, else 128 evenly spread ones."""
    return gauss_hermite(d, 10) if d <= 2 else even(d, 2 ** math.ceil(math.log2(max(128, 2 * d))))


def means_and_scales(q: Distribution) -> tuple[Tensor, Tensor]:
    """Return means and scales [N, d] of a Normal with independent dimensions; raises TypeError for another family."""
    if not (isinstance(q, Independent) and isinstance(q.base_dist, Normal)):
        raise TypeError("the gap can be split where q(z|x) is a Normal with independent dimensions, as a VAE's is")
    return q.base_dist.loc, q.base_dist.scale


def _prior(model: LatentModel) -> Distribution:
    if model.prior is None:
        raise TypeError("this model has no prior, so log p(x) and every gap are undefined")
    prior: Distribution = model.prior()
    return prior


def log_joint(model: LatentModel, x: Tensor, z: Tensor) -> Tensor:
    """Return log p(x|z) + log p(z) [K, N] for x [N, ...] and z [K, N, d], in nats."""
    return model.decode(z).log_prob(x) + _prior(model).log_prob(z)


@dataclass(frozen=True)
class Refined:
    """The course of refining q for each image: means and scales [T + 1, N, d], ELBO [T + 1, N] in nats."""

    loc: Tensor
    scale: Tensor
    elbo: Tensor

    @property
    def q(self) -> Distribution:
        """The best q of each image."""
        return normal(self.loc[-1], self.scale[-1])


def refine(
    model: LatentModel, x: Tensor, steps: int = 30, nodes: Rule | None = None, start: Distribution | None = None
) -> Refined:
    r"""Maximise the ELBO of each image x [N, ...] over its own q = N(m, diag s^2), from `start` (default: the encoder).

    Natural-gradient steps with f = log p(x, z): s^-2 <- (1 - r) s^-2 - r E[d^2 f], m <- m + r s^2 E[df], where E[d^2
    f]_ii = E[u_i df_i] / s_i (Stein) needs first derivatives only (Khan & Rue 2023, eq. 10). With r = 1 one step
    reaches a Gaussian model's optimum. Expectations are sums over fixed nodes (default `rule`), so the steps are
    deterministic; if an image's ELBO would fall, the step is rejected and its r halved. Raises TypeError for another
    family.
    """
    with torch.no_grad():
        loc, scale = (v.clone() for v in means_and_scales(model.encode(x) if start is None else start))
    u, weight = (v.to(loc) for v in (nodes or rule(loc.shape[1])))
    constant = 0.5 * loc.shape[1] * (1 + math.log(2 * math.pi))

    def look(m: Tensor, s: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the ELBO [N], E[df] and E[d^2 f]_ii [N, d]."""
        elbo, slope, bend = [], [], []
        rows = max(1, VALUES // (len(u) * x[0].numel()))
        for image, mm, ss in zip(x.split(rows), m.split(rows), s.split(rows), strict=True):
            with torch.enable_grad():
                z = (mm + ss * u.unsqueeze(1)).requires_grad_()
                f = log_joint(model, image, z)
                (g,) = torch.autograd.grad(f.sum(), z)
            elbo.append(torch.einsum("k,kn->n", weight.double(), f.detach().double()))
            slope.append(torch.einsum("k,knd->nd", weight, g))
            bend.append(torch.einsum("k,kd,knd->nd", weight, u, g) / ss)
        return torch.cat(elbo) + (s.double().log().sum(1) + constant), torch.cat(slope), torch.cat(bend)

    elbo, slope, bend = look(loc, scale)
    rate = torch.ones_like(loc[:, :1])
    path = [(loc, scale, elbo)]
    for _ in range(steps):
        precision = scale.square().reciprocal()
        # where log p is not concave, q must not become wider without limit
        target = torch.maximum(-bend, 0.1 * precision)
        new_scale = ((1 - rate) * precision + rate * target).rsqrt()
        new_loc = loc + rate * new_scale.square() * slope
        tried = look(new_loc, new_scale)
        better = (tried[0] > elbo) & new_loc.isfinite().all(1) & new_scale.isfinite().all(1)
        rows = better.unsqueeze(1)
        loc, scale = torch.where(rows, new_loc, loc), torch.where(rows, new_scale, scale)
        elbo = torch.where(better, tried[0], elbo)
        slope, bend = torch.where(rows, tried[1], slope), torch.where(rows, tried[2], bend)
        rate = torch.where(rows, (2 * rate).clamp(max=1), rate / 2)
        path.append((loc, scale, elbo))
    means, scales, elbos = (torch.stack(column) for column in zip(*path, strict=True))
    return Refined(means, scales, elbos)


@torch.no_grad()
def expectation(
    f: Callable[[Tensor, Tensor], Tensor],
    x: Tensor,
    loc: Tensor,
    scale: Tensor,
    tolerance: float = 1e-5,
    shift: float = 0.0,
) -> Tensor:
    """Return E f(x, z) [N], z ~ N(loc, diag scale^2), d <= 2, by the trapezoid rule on a lattice around each q.

    `f` takes images [B, ...] and z [K, B, d] to [K, B]. The lattice, of a step of half of q's sigma at first, is made
    twice as fine until the image's value changes by no more than `tolerance`, at most FINEST points per sigma. Kinks
    make changes erratic, so a quarter of the previous change counts too: one small change is not convergence.
    """
    d = loc.shape[1]
    value = torch.full((len(x),), math.nan, dtype=torch.float64, device=x.device)
    before = torch.zeros_like(value)
    left = torch.arange(len(x), device=x.device)
    per_sigma = 2.0
    while len(left) and per_sigma <= FINEST:
        u, weight = (v.to(x.device) for v in lattice(d, per_sigma, shift))
        found = torch.zeros(len(left), dtype=torch.float64, device=x.device)
        rows = max(1, VALUES // (1024 * x[0].numel()))
        for part in torch.arange(len(left), device=x.device).split(rows):
            index = left[part]
            for nodes, w in zip(u.split(1024), weight.split(1024), strict=True):
                z = loc[index] + scale[index] * nodes.to(loc.dtype).unsqueeze(1)
                found[part] += torch.einsum("k,kn->n", w, f(x[index], z).double())
        change = (found - value[left]).abs()
        settled = torch.maximum(change, before[left] / 4) <= tolerance
        value[left], before[left] = found, change.nan_to_num(0.0)
        left, per_sigma = left[~settled], 2 * per_sigma
    return value


@dataclass(frozen=True)
class Split:
    """Per-image values [N] in nats: log p(x) = elbo + amortisation + approximation.

    `kl` is KL(q || p(z|x)) from its own integrals, so that `residual` = elbo + kl - log_px measures the error of
    the quadratures and is not 0 by construction. `outside` [N] is the mass that log p(x) leaves out.
    """

    log_px: Tensor
    elbo: Tensor
    best: Tensor
    kl: Tensor
    outside: Tensor
    path: Refined

    @property
    def amortisation(self) -> Tensor:
        """ELBO(q*) - ELBO(q)."""
        return self.best - self.elbo

    @property
    def approximation(self) -> Tensor:
        """log p(x) - ELBO(q*)."""
        return self.log_px - self.best

    @property
    def residual(self) -> Tensor:
        """ELBO + KL(q || p(z|x)) - log p(x)."""
        return self.elbo + self.kl - self.log_px


def split(model: LatentModel, x: Tensor, steps: int = 30, tolerance: float = 1e-5, tail: float = 1e-7) -> Split:
    r"""Return the gap of each image x [N, ...] and its two parts, for d <= 2, every integral to about `tolerance` nats.

    elbo = E_q[log p(x|z)] - KL(q||p), the rate in closed form where torch has one; kl = E_q[log q - log p(x, z)] + log
    p(x) all with other nodes: q's lattice moved by half a step, the posterior's by 0.37 of one. q* is the better of two
    optimisations, from the encoder (`path`) and from the posterior's mode; it can be a local optimum, so
    `approximation` is an upper bound. Raises TypeError where q is no diagonal Normal, ValueError for d > 2.
    """
    found = exact(model, x, tolerance=tolerance, tail=tail)
    again = exact(model, x, tolerance=tolerance, tail=tail, shift=0.37)
    prior = _prior(model)
    with torch.no_grad():
        q = model.encode(x)
    path = refine(model, x, steps)
    # from the encoder's q the optimisation may reach only a lower local maximum
    sigma = found.sigma.unsqueeze(1).expand_as(found.mode).to(x.dtype)
    summit = normal(found.mode.to(x.dtype), sigma)
    other = refine(model, x, steps, start=summit)

    def elbo(distribution: Distribution) -> Tensor:
        loc, scale = means_and_scales(distribution)
        log_px = expectation(lambda x, z: model.decode(z).log_prob(x), x, loc, scale, tolerance)
        try:
            return log_px - kl_divergence(distribution, prior).double()
        except NotImplementedError:
            log_pz = expectation(lambda x, z: prior.log_prob(z), x, loc, scale, tolerance)
            return log_px + log_pz + distribution.entropy().double()

    with torch.no_grad():
        encoder = elbo(q)
        # the optimisation used fewer nodes: if it only gained by their error, the encoder's q is the better one
        best = torch.maximum(torch.maximum(elbo(path.q), elbo(other.q)), encoder)
        loc, scale = means_and_scales(q)
        cross = expectation(lambda x, z: log_joint(model, x, z), x, loc, scale, tolerance, shift=0.5)
        kl = -q.entropy().double() - cross + again.log_px
    return Split(found.log_px, encoder, best, kl, torch.maximum(found.outside, again.outside), path)
