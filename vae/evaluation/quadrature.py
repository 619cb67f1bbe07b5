"""Exact log p(x) and p(z|x) for one or two latents, by adaptive quadrature around each image's posterior.

The trapezoid rule on a uniform lattice converges faster than any power of the step for smooth densities: at half the
posterior's sigma it is exact to 1e-30. So each image has its own step, chosen from a few dozen shared lattices:
a point is decoded once, and log p(x|z) of all images that need it is one matrix product. Where ReLUs cause kinks in the
density, the error falls only with the square of the step; `tolerance` halves the step until log p(x) converges.
"""

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.distributions import Distribution

from vae.evaluation.likelihood import pairwise_log_prob, prepared
from vae.model import LatentModel, families

POINTS = 1024  # points decoded at a time: their parameters stay in the processor's cache
SIDE = {1: 16, 2: 4}  # points of a tile along an axis
COARSE = {1: 512, 2: 64}  # points of the first lattice along an axis
BLOCK = 4  # bits of a tile's place in its block of neighbours, so that a chunk of sorted tiles is a patch
GROW = 100  # mass of a tile, in tails, above which its neighbours are added
MOST_PAIRS = 2**17  # pairs of image and tile at a time, a limit of memory
FINEST = 32  # limit of the refinement beyond what sigma requires, if `tolerance` is not reached


@dataclass(frozen=True)
class Exact:
    """log p(x) [N] in nats, and p(z|x)'s mean and mode [N, d] and covariance [N, d, d], with error estimates.

    `step` [N] is the lattice's, `sigma` [N] the posterior's (local) along its narrower axis; `outside` [N] estimates
    the mass that refinement left out; `error` [N] the change of log p(x) at the last halving of the step, or a quarter
    of the one before (nan where there was none); `decoded` the number of z decoded for all N.
    """

    log_px: Tensor
    mean: Tensor
    mode: Tensor
    covariance: Tensor
    step: Tensor
    sigma: Tensor
    outside: Tensor
    error: Tensor
    decoded: int


@dataclass(frozen=True)
class _Pairs:
    """Pairs of an image [P] and a tile [P, d] of one lattice that it needs."""

    image: Tensor
    tile: Tensor

    def __len__(self) -> int:
        return len(self.image)


_OFFSET = 2**21  # tiles count from here, so that packed ones are positive
_BITS = 22


def _pack(tile: Tensor) -> Tensor:
    """Return tiles [P, d] as one integer each, sorted by blocks of neighbours."""
    shifted = tile + _OFFSET
    key = torch.zeros(len(tile), dtype=torch.int64, device=tile.device)
    for part in (shifted >> BLOCK).unbind(1):
        key = (key << (_BITS - BLOCK)) | part
    for part in (shifted & (2**BLOCK - 1)).unbind(1):
        key = (key << BLOCK) | part
    return key


def _unpack(key: Tensor, d: int) -> Tensor:
    """Return the tiles [P, d] of packed integers."""
    inner = [(key >> (BLOCK * (d - 1 - i))) & (2**BLOCK - 1) for i in range(d)]
    outer = [(key >> (BLOCK * d + (_BITS - BLOCK) * (d - 1 - i))) & (2 ** (_BITS - BLOCK) - 1) for i in range(d)]
    return torch.stack([(a << BLOCK) + b - _OFFSET for a, b in zip(outer, inner, strict=True)], 1)


def _identity(image: Tensor, tile: Tensor) -> Tensor:
    """Return one integer for each pair: 44 bits of tile below 19 of image."""
    return (image << 44) | _pack(tile)


def _distinct(image: Tensor, tile: Tensor) -> _Pairs:
    """Return the pairs without duplicates."""
    keys = torch.unique(_identity(image, tile))
    return _Pairs(keys >> 44, _unpack(keys & (2**44 - 1), tile.shape[1]))


@dataclass(frozen=True)
class First:
    """The first lattice of every image of one model, decoded once: log p(x|z) and log p(z) at its points z [M, d].

    Decoding it (4,096 points for d = 2) is most of the cost of `exact` for a single image.
    """

    half_width: float
    shift: float
    z: Tensor
    log_px: Callable[[Tensor], Tensor]
    log_pz: Tensor

    @property
    def step(self) -> float:
        """The distance of neighbouring points."""
        return 2 * self.half_width / COARSE[self.z.shape[1]]


@torch.no_grad()
def first(model: LatentModel, shift: float = 0.0) -> First:
    """Return the first lattice, over a window that contains the prior with a margin; raises ValueError for d > 2."""
    prior = two_latents(model)
    like = next(itertools.chain(model.parameters(), model.buffers()))
    field = _Field(model, prior, like.new_empty(0), shift)
    width = 1.5 * _reach(prior, like.device)
    z = field.points(_first_tiles(field), 2 * width / COARSE[field.latent]).flatten(0, 1).to(like.dtype)
    return First(width, shift, z, prepared(model.decode(z)), prior.log_prob(z))


class _Field:
    """log p(x, z) of a model and its examples on lattices of any step."""

    def __init__(
        self, model: LatentModel, prior: Distribution, x: Tensor, shift: float, first: First | None = None
    ) -> None:
        self.model, self.prior, self.x, self.shift, self.first = model, prior, x, shift, first
        self.latent = prior.event_shape[0]
        self.side = SIDE[self.latent]
        axis = torch.arange(self.side, device=x.device)
        self.inner = torch.cartesian_prod(*[axis] * self.latent).reshape(-1, self.latent)
        self.decoded = 0

    def points(self, tile: Tensor, step: float) -> Tensor:
        """Return the points [..., side^d, d] of tiles [..., d], float64."""
        return (tile.unsqueeze(-2) * self.side + self.inner + self.shift).double() * step

    def beginning(self, pairs: _Pairs, step: float) -> Tensor:
        """Return `values` on the whole first lattice; a lattice that is already decoded is reused."""
        if self.first is None or self.first.step != step:
            return self.values(pairs, step)
        images = torch.unique(pairs.image)
        joint = self.first.log_px(self.x[images]) + self.first.log_pz
        return joint.reshape(len(pairs), len(self.inner)).to(self.x.dtype)

    def values(self, pairs: _Pairs, step: float) -> Tensor:
        """Return log p(x, z) [P, side^d] of each pair, decoding each tile once."""
        keys, which = torch.unique(_pack(pairs.tile), return_inverse=True)
        order = which.argsort(stable=True)
        first = torch.searchsorted(which[order], torch.arange(len(keys) + 1, device=which.device))
        tiles = pairs.tile[order[first[:-1]]]
        out = torch.empty(len(pairs), len(self.inner), dtype=self.x.dtype, device=self.x.device)
        size = POINTS // len(self.inner)
        for start in range(0, len(keys), size):
            stop = min(start + size, len(keys))
            here = order[first[start] : first[stop]]
            z = self.points(tiles[start:stop], step).flatten(0, 1).to(self.x.dtype)
            images, local = torch.unique(pairs.image[here], return_inverse=True)
            joint = pairwise_log_prob(self.model.decode(z), self.x[images]) + self.prior.log_prob(z)
            out[here] = joint.unflatten(1, (stop - start, -1))[local, which[here] - start].to(out.dtype)
            self.decoded += len(z)
        return out


def _sum_by(image: Tensor, values: Tensor, n: int) -> Tensor:
    """Return sums [n, ...] of values [P, ...] by image."""
    return values.new_zeros(n, *values.shape[1:]).index_add_(0, image, values)


@dataclass
class _State:
    """The measurements of n images on their current lattice."""

    log_px: Tensor
    narrow: Tensor  # [n], the posterior's sigma in its narrowest direction
    sigma: Tensor  # [n], the smaller of its marginal sigmas along the axes
    weights: Tensor  # [P, side^d], share of the image's mass
    top: Tensor


def _affinity(a: Tensor, b: Tensor, image: Tensor, n: int) -> Tensor:
    """Return -8 log sum a b / sum (a² + b²) / 2 [n] of the roots [P, ...] of densities at points and at neighbours."""
    both = _sum_by(image, (a * b).flatten(1).sum(1, dtype=torch.float64), n)
    apart = _sum_by(image, (a - b).square().flatten(1).sum(1, dtype=torch.float64), n)
    share = (both / (both + apart / 2)).nan_to_num(0.0)  # 0 / 0 where the only point of the mass has no neighbour
    return -8 * share.clamp(math.exp(-30), 1 - 1e-12).log()


def _widths(root: Tensor, image: Tensor, step: float, n: int, cube: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    """Return the posterior's local sigma [n] in its narrowest direction, and the smaller of its marginal ones.

    For a Normal of precision A the affinity of the density and itself moved by v is exp(-v'Av / 8), so that moves
    along the axes and a diagonal tell A. Unlike the second moment, it measures the width of each mode and not
    the distance of modes.
    """
    root = root.unflatten(1, cube)
    along = [
        _affinity(root.narrow(i, 0, cube[0] - 1), root.narrow(i, 1, cube[0] - 1), image, n) / step**2
        for i in range(1, len(cube) + 1)
    ]
    if len(cube) == 1:
        sigma = along[0].rsqrt()
        return sigma, sigma
    diagonal = _affinity(root[:, :-1, :-1], root[:, 1:, 1:], image, n) / step**2
    a, c = along
    b = (diagonal - a - c) / 2
    limit = 0.99 * (a * c).sqrt()
    b = torch.minimum(torch.maximum(b, -limit), limit)
    largest = (a + c) / 2 + ((a - c).square() / 4 + b.square()).sqrt()
    return largest.rsqrt(), (torch.minimum(a, c) / (a * c - b.square())).sqrt()


def _measure(field: _Field, pairs: _Pairs, values: Tensor, step: float, n: int) -> _State:
    """Return log p(x), the posterior's local widths and each point's share of its mass."""
    top = torch.full((n,), -math.inf, dtype=torch.float64, device=values.device)
    top.scatter_reduce_(0, pairs.image, values.amax(1).double(), "amax")
    if top.isnan().any() or (top == math.inf).any():
        raise ValueError(
            "log p(x, z) is not finite on the lattice: the weights of this model are not numbers, or too large"
        )
    # clamped, since an exp that underflows takes several times as long
    root = ((values - top[pairs.image, None].to(values.dtype)) / 2).clamp_min(-80).exp()
    density = root.double().square()
    total = _sum_by(pairs.image, density.sum(1), n)
    log_px = top + total.log() + field.latent * math.log(step)
    narrow, sigma = _widths(root, pairs.image, step, n, (field.side,) * field.latent)
    return _State(log_px, narrow, sigma, density / total[pairs.image, None], top)


def _grow(field: _Field, pairs: _Pairs, step: float, n: int, tail: float) -> tuple[_Pairs, Tensor, _State]:
    """Return the pairs' values, after adding every neighbour of a tile with more than GROW times `tail` of the mass."""
    moves = [m for m in itertools.product((-1, 0, 1), repeat=field.latent) if any(m)]
    around = torch.tensor(moves, device=pairs.image.device)
    values = field.values(pairs, step)
    while True:
        state = _measure(field, pairs, values, step, n)
        edge = state.weights.sum(1) > GROW * tail
        wanted = _distinct(
            pairs.image[edge].repeat_interleave(len(around)), (pairs.tile[edge, None] + around).flatten(0, 1)
        )
        known = torch.isin(_identity(wanted.image, wanted.tile), _identity(pairs.image, pairs.tile))
        if known.all():
            return pairs, values, state
        fresh = _Pairs(wanted.image[~known], wanted.tile[~known])
        values = torch.cat([values, field.values(fresh, step)])
        pairs = _Pairs(torch.cat([pairs.image, fresh.image]), torch.cat([pairs.tile, fresh.tile]))


def _first_tiles(field: _Field) -> Tensor:
    """Return the tiles [T, d] of the first lattice."""
    count = COARSE[field.latent] // field.side
    axis = torch.arange(-(count // 2), count - count // 2, device=field.inner.device)
    return torch.cartesian_prod(*[axis] * field.latent).reshape(-1, field.latent)


def _reach(prior: Distribution, device: torch.device) -> float:
    """Return the largest coordinate of 4,096 of the prior's samples."""
    return families.sample(prior, 4096, torch.Generator(device).manual_seed(0)).abs().max().item()


def _half_width(prior: Distribution, q: Distribution) -> float:
    """Return half the side of a window around the prior's samples and the encoder's posteriors, with a margin."""
    return max(1.5 * _reach(prior, q.mean.device), (q.mean.abs() + 6 * q.stddev).max().item())


def two_latents(model: LatentModel) -> Distribution:
    """Return the prior of a model with one or two latents; raises ValueError for any other model."""
    prior: Distribution | None = model.prior() if model.prior is not None else None
    if prior is None or prior.event_shape[0] > 2:
        raise ValueError("quadrature needs a prior over at most two latents: beyond, use bounds or ais")
    return prior


@torch.no_grad()
def exact(
    model: LatentModel,
    x: Tensor,
    per_sigma: float = 2.0,
    tolerance: float | None = None,
    tail: float = 1e-4,
    shift: float = 0.0,
    half_width: float | None = None,
    rows: int = 1000,
    first: First | None = None,
) -> Exact:
    r"""Return log p(x) = log int p(x|z) p(z) dz [N] and the moments of p(z|x), for d <= 2, in nats.

    log sum_i p(x|z_i) p(z_i) h^d over a lattice of step h <= sigma / per_sigma, sigma the posterior's (local) along
    each axis, and h <= 2 sigma / per_sigma for its sigma in the narrowest direction. The first lattice spans
    [-half_width, half_width]^d (default: the prior and every q(z|x), with a margin), and each finer one the region with
    more than `tail` of the peak's density (for a Normal in two dimensions, `tail` is also the mass outside); it grows,
    even beyond the window, while there is mass at its edge. With `tolerance` the step is halved until log p(x) changes
    by less, at most FINEST-fold. `shift` in [0, 1) moves all lattices by that part of their step: two shifts are two
    independent quadratures. `first` is this model's first lattice of the same shift, if available; it is used unless a
    q(z|x) reaches beyond it. Computed in the model's precision and summed in float64; memory grows with `rows` images
    at a time, not with N. Raises ValueError for d > 2 or without a prior.
    """
    prior = two_latents(model)
    if first is not None and first.shift != shift:
        raise ValueError(f"the first lattice is shifted by {first.shift:g} of its step, not by {shift:g}")
    parts, decoded = [], 0
    for block in x.split(rows):
        search = _Search(_Field(model, prior, block, shift, first), per_sigma, tolerance, tail, half_width)
        parts.append(search.run())
        decoded += search.field.decoded
    log_px, mean, mode, covariance, step, sigma, outside, error = (
        torch.cat(column) for column in zip(*parts, strict=True)
    )
    return Exact(log_px, mean, mode, covariance, step, sigma, outside, error, decoded)


class _Search:
    """The search for the step that each of n images needs, from the first lattice on.

    Level l has the step coarse 2^(-l/2); lattices need not be nested, since each is summed separately.
    """

    def __init__(
        self, field: _Field, per_sigma: float, tolerance: float | None, tail: float, half_width: float | None
    ) -> None:
        self.field, self.per_sigma, self.tolerance, self.tail = field, per_sigma, tolerance, tail
        self.n, self.d = len(field.x), field.latent
        q = field.model.encode(field.x)
        self.guess = q.mean.double()
        if field.first is not None and (q.mean.abs() + 6 * q.stddev).max().item() > field.first.half_width:
            field.first = None
        if half_width is None:
            half_width = field.first.half_width if field.first is not None else _half_width(field.prior, q)
        self.coarse = 2 * half_width / COARSE[self.d]
        self.log_px = torch.full((self.n,), -math.inf, dtype=torch.float64, device=field.x.device)
        self.error = torch.full_like(self.log_px, math.nan)
        self.outside, self.step, self.sigma = (torch.zeros_like(self.log_px) for _ in range(3))
        self.mean, self.mode = (self.log_px.new_zeros(self.n, self.d) for _ in range(2))
        self.covariance = self.log_px.new_zeros(self.n, self.d, self.d)
        self.resolved = torch.zeros(self.n, dtype=torch.bool, device=field.x.device)
        self.waiting: dict[int, list[Tensor]] = {}

    def run(self) -> tuple[Tensor, ...]:
        """Refine until every image is done."""
        device = self.field.x.device
        tiles = _first_tiles(self.field)
        for images in torch.arange(self.n, device=device).split(max(1, MOST_PAIRS // len(tiles))):
            self.visit(0, _Pairs(images.repeat_interleave(len(tiles)), tiles.repeat(len(images), 1)))
        while self.waiting:
            level = min(self.waiting)
            keys = torch.unique(torch.cat(self.waiting.pop(level)))
            # an image's pairs stay together, so that its sums are whole
            ends = torch.searchsorted(keys >> 44, torch.unique(keys >> 44), right=True)
            part = torch.div(ends, MOST_PAIRS, rounding_mode="floor")
            sizes = ends[torch.searchsorted(part, torch.unique(part), right=True) - 1].diff(prepend=ends.new_zeros(1))
            for some in keys.split(sizes.tolist()):
                self.visit(level, _Pairs(some >> 44, _unpack(some & (2**44 - 1), self.d)))
        mass = self.outside.clamp_min(self.tail)
        return self.log_px, self.mean, self.mode, self.covariance, self.step, self.sigma, mass, self.error

    def visit(self, level: int, pairs: _Pairs) -> None:
        """Sum the images of these pairs at a level, and queue those that need a finer level."""
        step = self.coarse * 2 ** (-level / 2)
        if level:
            pairs, values, state = _grow(self.field, pairs, step, self.n, self.tail)
        else:
            values = self.field.beginning(pairs, step)
            state = _measure(self.field, pairs, values, step, self.n)
        here = torch.zeros_like(self.resolved)
        here[pairs.image] = True
        enough = torch.minimum(state.sigma, 2 * state.narrow) / self.per_sigma
        fine = here & (step <= enough)
        # kinks make changes erratic: a quarter of the previous change counts too, one small change is not convergence
        change = torch.fmax((state.log_px - self.log_px).abs(), self.error / 4)
        self.error = torch.where(here & self.resolved, change, self.error)
        settled = fine
        if self.tolerance is not None:
            finest = step <= enough / FINEST
            settled = fine & self.resolved & ((change <= self.tolerance) | finest)
        self.resolved = self.resolved | fine
        self.log_px = torch.where(here, state.log_px, self.log_px)
        self.step, self.sigma = torch.where(here, step, self.step), torch.where(here, state.sigma, self.sigma)
        self.moments(pairs, state, step, here)
        # the density between points of an unresolved lattice can be higher by this; 1.5 for varying curvature
        hidden = 1.5 * self.d * (step / state.narrow).square() / 8
        hidden = torch.where(step <= 2 * state.narrow, torch.zeros_like(hidden), hidden)
        log_share = values.double() - (state.top - hidden)[pairs.image, None]
        keep = log_share >= math.log(self.tail)
        self.outside += torch.where(settled, 0.0, _sum_by(pairs.image, (state.weights * ~keep).sum(1), self.n))
        # once resolved, halve; before, go to the estimated sufficient step, by at most a factor of 4
        aim = torch.where(fine, step / 2, (0.97 * enough).clamp_min(step / 4))
        target = torch.ceil(2 * torch.log2(self.coarse / aim) - 1e-9).long()
        for finer in torch.unique(target[here & ~settled]).tolist():
            chosen = here & ~settled & (target == finer)
            rows = torch.nonzero(chosen[pairs.image]).squeeze(1)
            row, column = torch.nonzero(keep[rows], as_tuple=True)
            row = rows[row]
            centre = (pairs.tile[row] * self.field.side + self.field.inner[column] + self.field.shift).double() * step
            trusted = (step <= 2 * state.narrow)[pairs.image[row]]
            self.send(finer, pairs.image[row], centre, step, torch.where(trusted, log_share[row, column], math.inf))
            seeds = torch.nonzero(chosen).squeeze(1)
            self.send(finer, seeds, self.guess[seeds], step, torch.full_like(self.log_px[seeds], math.inf))

    def send(self, level: int, image: Tensor, centre: Tensor, side: float, log_share: Tensor) -> None:
        """Queue the cells of `side` around the centres [P, d], with density `log_share` there, for a finer level.

        A cell's tile is left out if the density falls below the tail when it decreases from the cell's centre like a
        Normal with the posterior's moments; otherwise cells would add half a side to every radius. (For two modes that
        Normal is wide, and nothing is left out.)
        """
        step = self.coarse * 2 ** (-level / 2)
        size = self.field.side
        ends = [torch.floor((centre + s * side / 2) / step - self.field.shift) for s in (-1, 1)]
        corners = [torch.div(end.long(), size, rounding_mode="floor") for end in ends]
        some, which = torch.unique(image, return_inverse=True)
        precision = torch.linalg.pinv(self.covariance[some], hermitian=True)[which]
        mean = self.mean[image]

        def fall(z: Tensor) -> Tensor:
            away = z - mean
            return 0.5 * (away * (precision * away.unsqueeze(1)).sum(2)).sum(1)

        begin = log_share + fall(centre) - math.log(self.tail)
        for choice in itertools.product((0, 1), repeat=self.d):
            tile = torch.stack([corners[c][:, i] for i, c in enumerate(choice)], 1)
            low = (tile * size + self.field.shift).double() * step
            # the tile's point nearest to the mean, in each coordinate
            nearest = torch.minimum(torch.maximum(mean, low), low + (size - 1) * step)
            wanted = fall(nearest) <= begin
            self.waiting.setdefault(level, []).append(_identity(image[wanted], tile[wanted]))

    def moments(self, pairs: _Pairs, state: _State, step: float, here: Tensor) -> None:
        """Store the means, modes and covariances of the images in `here`."""
        # of each tile the mass, and the first and second moments about its corner, in steps
        inner = self.field.inner.double()
        squares = (inner.unsqueeze(2) * inner.unsqueeze(1)).flatten(1)
        mass, first, second = (state.weights @ torch.cat([torch.ones_like(inner[:, :1]), inner, squares], 1)).split(
            [1, self.d, self.d**2], 1
        )
        corner = (pairs.tile * self.field.side + self.field.shift).double()
        centre = _sum_by(pairs.image, mass * corner + first, self.n)
        away = corner - centre[pairs.image]
        mixed = first.unsqueeze(2) * away.unsqueeze(1)
        around = (mass * away).unsqueeze(2) * away.unsqueeze(1) + mixed + mixed.mT + second.unflatten(1, (self.d, -1))
        spread = _sum_by(pairs.image, around, self.n)
        self.mean[here], self.covariance[here] = step * centre[here], step**2 * spread[here]
        share, place = state.weights.max(1)
        most = torch.zeros_like(self.log_px).scatter_reduce_(0, pairs.image, share, "amax")
        summit = share == most[pairs.image]
        self.mode[pairs.image[summit]] = (corner[summit] + inner[place[summit]]) * step


@torch.no_grad()
def log_px_grid(model: LatentModel, x: Tensor, half_width: float = 8.0, points: int = 400) -> Tensor:
    r"""Return log p(x) [B] of a model with d <= 2 by the trapezoid rule, log sum_ij p(x|z_ij) p(z_ij) h^d, nats.

    The plain rule on one grid over [-half_width, half_width]^d, while `exact` is adaptive: this rule needs a step
    below half of every posterior's sigma. Raises ValueError for d > 2, or if there is mass at the window's edge.
    """
    prior = two_latents(model)
    latent = prior.event_shape[0]
    like = next(model.parameters())
    axis = torch.linspace(-half_width, half_width, points, dtype=like.dtype, device=like.device)
    grid = torch.cartesian_prod(*[axis] * latent).reshape(-1, latent)
    at_rim = (grid.abs() >= half_width * (1 - 1e-12)).any(1)
    total = torch.full((len(x),), -math.inf, dtype=torch.float64, device=x.device)
    rim = total.clone()
    for z, edge in zip(grid.split(POINTS), at_rim.split(POINTS), strict=True):
        joint = (pairwise_log_prob(model.decode(z), x) + prior.log_prob(z)).double()
        total = torch.logaddexp(total, joint.logsumexp(1))
        rim = torch.logaddexp(rim, joint[:, edge].logsumexp(1))
    if (rim - total).max() > math.log(1e-9):
        raise ValueError(f"the window of half width {half_width} cuts the posterior: widen it")
    return total + latent * math.log((axis[1] - axis[0]).item())
