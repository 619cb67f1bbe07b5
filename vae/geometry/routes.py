"""Paths through waypoints, of each kind that pages offer, with cumulative lengths and energies."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray

from vae.density.torch_log_q import AggregatePosterior
from vae.geometry import curves
from vae.geometry.geodesic import Graph, Grid, geodesics
from vae.geometry.kinds import KINDS
from vae.geometry.metric import Conformal, Map, Metric, PullBack, energy, lengths, mean
from vae.geometry.scarcity import Scarcity
from vae.model import LatentModel
from vae.runs import Codes

Points = NDArray[np.float64]


@dataclass(frozen=True)
class World:
    """What paths depend on: a decoder's mean, the aggregate posterior (None without densities), and a grid for
    shortest paths (None if d is not 2). `dtype` is the decoder's; curves are relaxed in at most `iterations` steps."""

    decode: Map
    aggregate: AggregatePosterior | None = None
    grid: Grid | None = None
    dtype: torch.dtype = torch.float32
    iterations: int = 100

    def _ground(self, metric: Metric) -> "Ground":
        return metric, None if self.grid is None else Graph(metric, self.grid, self.dtype)

    @cached_property
    def pixels(self) -> "Ground":
        """The pull-back metric of the decoder's mean, and its shortest paths over the grid."""
        return self._ground(PullBack(self.decode))

    @cached_property
    def data(self) -> "Ground":
        """The metric that grows where q(z) is below its median over the codes; raises ValueError without densities."""
        if self.aggregate is None:
            raise ValueError(
                "its aggregate posterior is known only for a Normal q(z|x): choose another kind of path, or another "
                "model"
            )
        return self._ground(Conformal(Scarcity(self.aggregate, self.aggregate.typical())))


Ground = tuple[Metric, Graph | None]


@dataclass(frozen=True)
class Route:
    """A curve [K * S + 1, d] through K + 1 waypoints; `share` [K * S + 1] is each point's share of the way.

    `way` [K * S + 1] is the pixel length before each point (root of summed squares over the values of the decoder's
    mean), `energy` the sum over the K pieces of their energies under the pull-back metric, `line_energy` the line's.
    """

    points: Points
    share: Points
    way: Points
    energy: float
    line_energy: float


def world(
    model: LatentModel, codes: Codes, waypoints: Points, most: int = 2000, side: int = 64, iterations: int = 100
) -> World:
    """Return the World of a model and its saved codes, for paths around waypoints [K + 1, d].

    The aggregate posterior is that of at most `most` codes, evenly chosen; their scales are taken as those of a
    Normal q(z|x). It is None for codes without scales.
    """
    dtype = next(model.parameters()).dtype
    aggregate = None
    if codes.scales is not None:
        chosen = np.unique(np.linspace(0, len(codes) - 1, min(most, len(codes))).round().astype(int))
        aggregate = AggregatePosterior(*(torch.from_numpy(v[chosen]).to(dtype) for v in (codes.means, codes.scales)))
    grid = None
    if waypoints.shape[1] == 2:
        around = np.concatenate([codes.means, waypoints])
        low, high = around.min(0), around.max(0)
        grid = Grid((float(low[0]), float(high[0]), float(low[1]), float(high[1])), side)
    return World(mean(model), aggregate, grid, dtype, iterations)


def line(world: World, a: Points, b: Points, steps: int) -> Points:
    """Return the straight line from a to b [d], [S + 1, d]."""
    return curves.lerp(a, b, np.linspace(0, 1, steps + 1))


def spherical(world: World, a: Points, b: Points, steps: int) -> Points:
    """Return the great circle about 0, near a Normal prior's mass; raises ValueError as `slerp` does."""
    return curves.slerp(a, b, np.linspace(0, 1, steps + 1))


def _least(ground: Ground, world: World, a: Points, b: Points, steps: int) -> Points:
    metric, graph = ground
    start, end = (torch.from_numpy(z[None]).to(world.dtype) for z in (a, b))
    found = geodesics(metric, start, end, steps, world.iterations, graph).curves[0].double().numpy()
    # the ends are exactly the given waypoints
    found[0], found[-1] = a, b
    return found


def geodesic(world: World, a: Points, b: Points, steps: int) -> Points:
    """Return the curve of least energy under the pull-back metric of the decoder's mean."""
    return _least(world.pixels, world, a, b, steps)


def through_data(world: World, a: Points, b: Points, steps: int) -> Points:
    """Return the curve of least energy under a metric that grows where q(z) is low; raises ValueError without one."""
    return _least(world.data, world, a, b, steps)


MAKERS: dict[str, Callable[[World, Points, Points, int], Points]] = {
    "line": line,
    "slerp": spherical,
    "geodesic": geodesic,
    "data": through_data,
}


def pieces(kind: str, world: World, waypoints: Points, steps: int, made: Sequence[Points] = ()) -> Iterator[Points]:
    """Yield the pieces [S + 1, d] of a path of one of KINDS, one between each two successive waypoints [K + 1, d].

    Pieces in `made` are reused, so that a long path can be computed in several calls.
    """
    yield from made
    for a, b in list(pairwise(waypoints))[len(made) :]:
        yield MAKERS[kind](world, a, b, steps)


def checked(waypoints: Points) -> Points:
    """Return waypoints as float64 [K + 1, d]; raises ValueError for fewer than two, or values that are not numbers."""
    waypoints = np.asarray(waypoints, np.float64)
    if waypoints.ndim != 2 or len(waypoints) < 2 or not np.isfinite(waypoints).all():
        raise ValueError(f"a path needs at least two waypoints [K + 1, d] of numbers, not {list(waypoints.shape)}")
    return waypoints


def measured(kind: str, world: World, made: Sequence[Points]) -> Route:
    """Return the path of K pieces [S + 1, d]."""
    found = np.stack(made)
    steps = found.shape[1] - 1
    lines = np.stack([line(world, piece[0], piece[-1], steps) for piece in found])
    metric = PullBack(world.decode)
    with torch.no_grad():
        own, straight = (torch.from_numpy(part).to(world.dtype) for part in (found, lines))
        way = lengths(metric, own).double().flatten().numpy()
        energies = [energy(metric, part).sum().item() for part in (own, straight)]
    points = curves.joined(found)
    share = curves.shares(way if KINDS[kind].in_pixels else curves.steps(points))
    return Route(points, share, np.concatenate([[0.0], np.cumsum(way)]), *energies)


def route(kind: str, world: World, waypoints: Points, steps: int = 24) -> Route:
    """Return the path of one of KINDS through waypoints [K + 1, d], S steps from each to the next.

    Raises ValueError for fewer than two waypoints, ends in opposite directions (great circle), a model without
    densities (through the data), or a decoder that is not finite.
    """
    return measured(kind, world, list(pieces(kind, world, checked(waypoints), steps)))
