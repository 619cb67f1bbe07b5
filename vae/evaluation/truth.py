"""log p(x), p(z|x) and KL(q || p(z|x)) of one image, for one or two latents, fast enough for interaction.

`gaps.split` measures the same for many images and to any tolerance, in seconds. This module finds the posterior on a
first lattice that is decoded once for all images, then sums it on two lattices in the posterior's own coordinates,
which are refined until they agree. If they do not agree, or miss a distant mode, the adaptive quadrature is used.
"""

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.distributions import Distribution, kl_divergence

from vae.evaluation.doubling import doubling, joined
from vae.evaluation.gaps import lattice, means_and_scales
from vae.evaluation.likelihood import pairwise_log_prob
from vae.evaluation.quadrature import Exact, First, exact, first, two_latents
from vae.model import LatentModel

SHIFT = 0.37  # shift, in steps, between the two adaptive quadratures
REACH = 5.5  # radius of the grid, in standard deviations
PER_SIGMA = 1.75  # points per standard deviation of the coarsest lattice: enough for a Normal to 1e-20
COUNT = 2 * round(REACH * PER_SIGMA) + 1
FIRST, LAST = 1, 4  # levels: from a picture of 42 points an axis to 7 points per sigma and twin
AGREE = 6e-4  # nats by which the identity's two sides may differ
SEEN = 4e-3  # nats within which they must agree with the coarse first lattice, which contains every mode
LOCATE = 2.0  # points per sigma of the adaptive quadrature that finds the posterior
# points per sigma of the adaptive quadrature that is used instead; the next if two of them disagree
FINE, FINE_TAIL = (4.0, 8.0), 1e-6
Q_REACH = 7.0  # radius of expectations under q, in its standard deviations: 6e-10 of E u^2 lies beyond, per axis
Q_PER_SIGMA = 1.75  # points of the coarsest lattice
Q_LAST = 5  # ten points per sigma and twin
BEYOND = 0.01  # what lies beyond Q_REACH is less than this part of the last sigma before it, for powers up to the tenth
ROUNDING = 8  # units in the last place that a sum may be off
PICTURE = (48, 96, 192)  # points per axis of a grid with several modes; the next if it sums to less than WHOLE
WHOLE = 0.995


@dataclass(frozen=True)
class Lattices:
    """The two first lattices of a model, decoded once for all images."""

    one: First
    other: First

    @classmethod
    def of(cls, model: LatentModel) -> "Lattices":
        """Return the lattices of a model with at most two latents; raises ValueError for any other model."""
        return cls(first(model), first(model, SHIFT))


@dataclass(frozen=True)
class Truth:
    """The identity ELBO + KL(q || p(z|x)) = log p(x) of one image, each term from different nodes, in nats.

    `log_density` [P] or [P, P] is log p(z|x) at z_ij = corner + i basis_1 + j basis_2, i along its first axis; `basis`
    [d, d] holds the steps in its rows. `inside` is the sum of that density over the grid, 1 if no mass is cut off and
    the two quadratures agree. `elbo` = -(`distortion` + `rate`). `mean`, `covariance`
    and `mode` are p(z|x)'s. `elbo_error` and `log_px_error` bound the errors of `elbo` and `log_px`: the difference of
    two quadratures without common nodes, what lies beyond their reach, and rounding.
    """

    log_px: float
    elbo: float
    distortion: float
    rate: float
    kl: float
    mean: Tensor
    covariance: Tensor
    mode: Tensor
    corner: Tensor
    basis: Tensor
    log_density: Tensor
    inside: float
    adaptive: bool
    elbo_error: float
    log_px_error: float

    @property
    def residual(self) -> float:
        """ELBO + KL - log p(x): the difference of the quadratures, at most `kl_error`."""
        return self.elbo + self.kl - self.log_px

    @property
    def kl_error(self) -> float:
        """A bound of the error of `kl`, whose integrals are those of the ELBO and of log p(x)."""
        return self.elbo_error + self.log_px_error


def _joint(model: LatentModel, prior: Distribution, x: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
    """Return log p(x|z) and log p(z) [M] of points z [M, d] (float64) and one image x [1, ...]."""
    parts = []
    for part in z.to(x.dtype).split(512):  # a block's parameters stay in the processor's cache
        parts.append((pairwise_log_prob(model.decode(part), x)[0].double(), prior.log_prob(part).double()))
    log_px, log_pz = zip(*parts, strict=True)
    return torch.cat(log_px), torch.cat(log_pz)


def _both(model: LatentModel, prior: Distribution, x: Tensor, z: Tensor) -> Tensor:
    """Return log p(x, z) [M]."""
    log_px, log_pz = _joint(model, prior, x, z)
    return log_px + log_pz


class _Sum:
    """One integral over two lattices that share no node: two values, which can be refined level by level."""

    def __init__(
        self,
        look: Callable[[Tensor], Sequence[Tensor]],
        total: Callable[[list[Tensor]], Tensor],
        d: int,
        first: int,
        last: int,
    ) -> None:
        self._levels, self._total = itertools.islice(doubling(look, d), first, last + 1), total
        self._before = 0.0
        self.refine()

    def refine(self) -> bool:
        """Go to the next level; return False if there is none."""
        twins = next(self._levels, None)
        if twins is not None:
            self._before = self.gap if hasattr(self, "twins") else 0.0
            self.twins = twins
            self.one, self.other = self._total(twins.one), self._total(twins.other)
        return twins is not None

    @property
    def gap(self) -> float:
        """The difference of the two values, summed over their parts."""
        return (self.one - self.other).abs().sum().item()

    @property
    def apart(self) -> float:
        """A bound of either value's error by the nodes: kinks make the gap erratic, so a quarter of the last counts."""
        return max(self.gap, self._before / 4)


def _rounding(x: Tensor, *values: float) -> float:
    """Return the usual size of the rounding error of a sum of these values in x's dtype."""
    return ROUNDING * torch.finfo(x.dtype).eps * (1 + sum(abs(v) for v in values))


def _expectation(model: LatentModel, prior: Distribution, x: Tensor, q: Distribution) -> _Sum:
    """Return E_q[log p(x|z)] and E_q[log p(z)] under a q with independent dimensions, and a bound of the rest [3].

    The rest lies beyond Q_REACH. It is BEYOND times what the nodes in the last sigma before it contribute.
    """
    loc, scale = (v[0].double() for v in means_and_scales(q))

    def look(shifts: Tensor) -> list[Tensor]:
        rules = [lattice(len(loc), Q_PER_SIGMA, shift, Q_REACH) for shift in shifts]
        u = torch.cat([nodes for nodes, _ in rules]).to(loc.device)
        log_px, log_pz = _joint(model, prior, x, loc + scale * u)
        rim = u.square().sum(1) > (Q_REACH - 1) ** 2
        terms = torch.stack([log_px, log_pz, BEYOND * rim * (log_px.abs() + log_pz.abs()), u.new_ones(len(u))])
        parts = terms.split([len(weight) for _, weight in rules], 1)
        return [part @ weight.to(loc.device) for part, (_, weight) in zip(parts, rules, strict=True)]

    def total(found: list[Tensor]) -> Tensor:
        sums = torch.stack(found).sum(0)
        return sums[:3] / sums[3]

    return _Sum(look, total, len(loc), 0, Q_LAST)


def _rate(q: Distribution, prior: Distribution, log_pz: float) -> float:
    try:
        return float(kl_divergence(q, prior).item())
    except NotImplementedError:
        return float(-q.entropy().item() - log_pz)


@torch.no_grad()
def elbo(model: LatentModel, x: Tensor, q: Distribution) -> tuple[float, float]:
    """Return distortion and rate of one image x [1, ...] under a diagonal Normal q, d <= 2, in nats.

    The rate is in closed form if torch has one. Raises TypeError for another q, ValueError for d > 2.
    """
    prior = two_latents(model)
    expected = _expectation(model, prior, x, q)
    while expected.gap >= AGREE / 3 and expected.refine():
        pass
    log_px, log_pz, _ = expected.one.tolist()
    return -log_px, _rate(q, prior, log_pz)


def _integral(model: LatentModel, prior: Distribution, x: Tensor, corner: Tensor, basis: Tensor) -> _Sum:
    """Return log p(x) by lattices of COUNT points per axis from `corner` [d], with the steps in the rows of `basis`."""
    d = len(corner)
    index = torch.arange(COUNT, dtype=torch.float64)
    cells = torch.cartesian_prod(*[index] * d).reshape(-1, d)

    def look(shifts: Tensor) -> Sequence[Tensor]:
        z = corner + (cells + shifts[:, None]).flatten(0, 1).to(corner.device) @ basis
        return _both(model, prior, x, z).reshape(-1, *[COUNT] * d).unbind(0)

    def total(found: list[Tensor]) -> Tensor:
        return torch.stack(found).flatten().logsumexp(0) - math.log(len(found)) + torch.linalg.slogdet(basis)[1]

    return _Sum(look, total, d, FIRST, LAST)


def _log_sum(joint: Tensor, basis: Tensor) -> float:
    return (joint.flatten().logsumexp(0) + torch.linalg.slogdet(basis)[1]).item()


def _rim(joint: Tensor) -> float:
    """Return the share of a lattice's sum that lies within a posterior's sigma of its edge."""
    width = round(PER_SIGMA * len(joint) / COUNT)
    inner = joint[(slice(width, -width),) * joint.dim()].flatten().logsumexp(0)
    return -torch.expm1(inner - joint.flatten().logsumexp(0)).clamp_max(0).item()


def _own(found: Exact) -> tuple[Tensor, Tensor]:
    """Return corner [d] and basis [d, d] of a lattice in the posterior's own coordinates."""
    values, vectors = torch.linalg.eigh(found.covariance[0])
    basis = (vectors * (values.clamp_min(1e-12).sqrt() / PER_SIGMA)).T
    return found.mean[0] - (COUNT - 0.5) / 2 * basis.sum(0), basis


def _upright(found: Exact, count: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return points [count^d, d], corner and basis of an axis-parallel grid of six standard deviations each way."""
    reach = 6.0 * found.covariance[0].diagonal().sqrt()
    corner, basis = found.mean[0] - reach, torch.diag(2 * reach / (count - 1))
    index = torch.arange(count, dtype=torch.float64, device=corner.device)
    return corner + torch.cartesian_prod(*[index] * len(corner)).reshape(-1, len(corner)) @ basis, corner, basis


@torch.no_grad()
def truth(model: LatentModel, x: Tensor, q: Distribution | None = None, lattices: Lattices | None = None) -> Truth:
    """Return log p(x), ELBO, KL and p(z|x) of an image x [1, ...] for a diagonal Normal q (default: encoder's), d <= 2.

    KL(q || p(z|x)) = -H(q) - E_q[log p(x, z)] + log p(x) by a lattice of q and one of the posterior that are shifted
    against those of the ELBO and of log p(x), so that `residual` shows their error. Raises TypeError for a q of another
    family, ValueError for d > 2 or without a prior.
    """
    prior = two_latents(model)
    q = model.encode(x) if q is None else q
    means_and_scales(q)
    lattices = lattices or Lattices.of(model)
    found = exact(model, x, LOCATE, first=lattices.one)
    corner, basis = _own(found)
    d = len(corner)
    expected, integral = _expectation(model, prior, x, q), _integral(model, prior, x, corner, basis)
    while expected.gap + integral.gap >= AGREE and max(expected, integral, key=lambda each: each.gap).refine():
        pass
    log_px, again = integral.one.item(), integral.other.item()
    joint = joined(integral.twins)
    basis = basis * (COUNT / len(joint))
    # the coarse quadrature has seen every mode; what this lattice leaves out falls off over its last sigma
    apart = max(integral.apart, abs(log_px - found.log_px.item())) + _rim(joint)
    settled = integral.gap < AGREE / 2 or expected.gap + integral.gap < AGREE
    adaptive = not settled or abs(log_px - found.log_px.item()) > SEEN
    if adaptive:
        for fine in FINE:
            found = exact(model, x, fine, tail=FINE_TAIL, first=lattices.one)
            log_px = found.log_px.item()
            again = exact(model, x, fine, tail=FINE_TAIL, shift=SHIFT, first=lattices.other).log_px.item()
            apart = abs(log_px - again) + found.outside.item()
            if abs(log_px - again) < AGREE / 2:
                break
        for count in PICTURE:
            z, corner, basis = _upright(found, count)
            joint = _both(model, prior, x, z).reshape([count] * d)
            if abs(math.exp(_log_sum(joint, basis) - again) - 1) < 1 - WHOLE:
                break
    while expected.gap + abs(log_px - again) >= AGREE and expected.refine():
        pass
    (bound, outer, rest), cross = expected.one.tolist(), expected.other[:2].sum().item()
    rate = _rate(q, prior, outer)
    rounding = _rounding(x, bound, rate)
    return Truth(
        log_px,
        bound - rate,
        -bound,
        rate,
        -q.entropy().item() - cross + again,
        found.mean[0],
        found.covariance[0],
        found.mode[0],
        corner,
        basis,
        joint - again,
        math.exp(_log_sum(joint, basis) - again),
        adaptive,
        expected.apart + rest + rounding,
        apart + _rounding(x, log_px),
    )
