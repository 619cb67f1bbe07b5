"""The kinds of path through waypoints that pages offer, each a curve with the measure in which it is walked evenly."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from vae.geometry import curves
from vae.geometry.density import Aggregate, Scarcity
from vae.geometry.geodesic import Grid, geodesics
from vae.geometry.kinds import KINDS
from vae.geometry.metric import Conformal, Map, Metric, PullBack, energy, lengths, mean
from vae.model import LatentModel
from vae.runs import Codes

Points = NDArray[np.float64]


@dataclass(frozen=True)
class World:
    """What a path can be led by: a decoder's mean, the aggregate posterior (None without densities), and a grid to
    look for ways round obstacles (None where d is not 2). `dtype` is the decoder's."""

    decode: Map
    aggregate: Aggregate | None = None
    grid: Grid | None = None
    dtype: torch.dtype = torch.float32


@dataclass(frozen=True)
class Route:
    """A curve [K * S + 1, d] through K + 1 waypoints; `share` [K * S + 1] of it lies before each point.

    `way` [K * S + 1] is the pixel length before each point (root of summed squares over the values of the decoder's
    mean), `energy` the sum over the K pieces of their energies under the pull-back metric, `line_energy` the line's.
    """

    points: Points
    share: Points
    way: Points
    energy: float
    line_energy: float


def world(model: LatentModel, codes: Codes, waypoints: Points, most: int = 2000, side: int = 64) -> World:
    """Return what a model and its saved codes say of the latent space around waypoints [K + 1, d].

    The aggregate posterior is that of at most `most` codes, evenly among all; None where none have scales.
    """
    dtype = next(model.parameters()).dtype
    aggregate = None
    if codes.scales is not None:
        chosen = np.unique(np.linspace(0, len(codes) - 1, min(most, len(codes))).round().astype(int))
        aggregate = Aggregate(*(torch.from_numpy(v[chosen]).to(dtype) for v in (codes.means, codes.scales)))
    grid = None
    if waypoints.shape[1] == 2:
        around = np.concatenate([codes.means, waypoints])
        low, high = around.min(0), around.max(0)
        grid = Grid((float(low[0]), float(high[0]), float(low[1]), float(high[1])), side)
    return World(mean(model), aggregate, grid, dtype)


def line(world: World, waypoints: Points, steps: int) -> Points:
    """Return straight lines."""
    return curves.through(waypoints, curves.lerp, steps)


def spherical(world: World, waypoints: Points, steps: int) -> Points:
    """Return great circles about 0, which stay where a Normal prior has its mass; raises ValueError, see `slerp`."""
    return curves.through(waypoints, curves.slerp, steps)


def _least(metric: Metric, world: World, waypoints: Points, steps: int) -> Points:
    z = torch.from_numpy(np.asarray(waypoints, np.float64)).to(world.dtype)
    found = geodesics(metric, z[:-1], z[1:], steps, grid=world.grid).curves.double().numpy()
    # at the waypoints as they were given, to the last digit
    found[:, 0], found[:, -1] = waypoints[:-1], waypoints[1:]
    return curves.joined(found)


def geodesic(world: World, waypoints: Points, steps: int) -> Points:
    """Return curves of least energy under the pull-back metric of the decoder's mean."""
    return _least(PullBack(world.decode), world, waypoints, steps)


def through_data(world: World, waypoints: Points, steps: int) -> Points:
    """Return curves of least energy under a metric that grows where q(z) is low; raises ValueError without densities.

    The level below which q(z) counts as low is its median over the codes.
    """
    if world.aggregate is None:
        raise ValueError(
            "nothing says where its aggregate posterior is, which is known of Normal q(z|x) alone: choose another kind "
            "of path, or another model"
        )
    cost = Scarcity(world.aggregate, world.aggregate.typical())
    return _least(Conformal(cost), world, waypoints, steps)


MAKERS: dict[str, Callable[[World, Points, int], Points]] = {
    "line": line,
    "slerp": spherical,
    "geodesic": geodesic,
    "data": through_data,
}


def route(kind: str, world: World, waypoints: Points, steps: int = 24) -> Route:
    """Return the path of one of KINDS through waypoints [K + 1, d], S steps from each to the next.

    Raises ValueError where there is none: fewer than two waypoints, ends in opposite directions for a great circle, no
    densities, a decoder that is not finite.
    """
    waypoints = np.asarray(waypoints, np.float64)
    if waypoints.ndim != 2 or len(waypoints) < 2 or not np.isfinite(waypoints).all():
        raise ValueError(f"a path needs at least two waypoints [K + 1, d] of numbers, not {list(waypoints.shape)}")
    points = MAKERS[kind](world, waypoints, steps)
    pixels = PullBack(world.decode)
    with torch.no_grad():
        pieces = [
            torch.from_numpy(p).to(world.dtype).unfold(0, steps + 1, steps).mT
            for p in (points, line(world, waypoints, steps))
        ]
        own, straight = (energy(pixels, piece).sum().item() for piece in pieces)
        way = lengths(pixels, pieces[0]).double().flatten().numpy()
    share = curves.shares(way if KINDS[kind].in_pixels else curves.steps(points))
    return Route(points, share, np.concatenate([[0.0], np.cumsum(way)]), own, straight)
