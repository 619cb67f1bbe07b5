"""Geodesics: curves of least energy under a metric, found coarsely on a grid, then relaxed by L-BFGS."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vae.geometry import curves
from vae.geometry.metric import Metric, energy, lengths
from vae.model import optimisers

# half of a node's sixteen neighbours (edges have no direction); with only eight, paths at 22° are 8 % too long
NEIGHBOURS = ((0, 1), (1, 0), (1, 1), (1, -1), (1, 2), (2, 1), (1, -2), (2, -1))
MEMORY = 20  # past steps from which L-BFGS estimates the curvature


@dataclass(frozen=True)
class Grid:
    """A square grid of side x side nodes over a window (x0, x1, y0, y1) of a latent space of two dimensions."""

    window: tuple[float, float, float, float]
    side: int = 64

    def nodes(self) -> NDArray[np.float64]:
        """Return the nodes [side, side, 2], rows upwards."""
        x0, x1, y0, y1 = self.window
        return np.stack(np.meshgrid(np.linspace(x0, x1, self.side), np.linspace(y0, y1, self.side)), -1)

    def nearest(self, z: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the indices [R] of the nodes nearest to points z [R, 2], which can lie outside the grid."""
        x0, x1, y0, y1 = self.window
        low, span = np.array([x0, y0]), np.array([x1 - x0, y1 - y0])
        column, row = np.clip(np.rint((z - low) / span * (self.side - 1)), 0, self.side - 1).astype(np.int64).T
        return np.asarray(row * self.side + column)


@dataclass(frozen=True)
class Geodesics:
    """R curves [R, S + 1, d] of least energy, their energies [R], and those of the straight lines [R]."""

    curves: Tensor
    energy: Tensor
    line_energy: Tensor


def straight(a: Tensor, b: Tensor, steps: int) -> Tensor:
    """Return the lines [R, S + 1, d] from a to b [R, d]."""
    t = torch.linspace(0, 1, steps + 1, dtype=a.dtype, device=a.device).unsqueeze(-1)
    return (1 - t) * a.unsqueeze(1) + t * b.unsqueeze(1)


class Graph:
    """A grid as a graph: the length of an edge is that of the step under a metric."""

    @torch.no_grad()
    def __init__(self, metric: Metric, grid: Grid, dtype: torch.dtype) -> None:
        from scipy.sparse import coo_array

        self.metric, self.grid = metric, grid
        nodes = torch.from_numpy(grid.nodes()).to(dtype)
        lifted = torch.stack([metric.lift(row) for row in nodes])
        number = np.arange(grid.side**2).reshape(grid.side, grid.side)
        tails, heads, weights = [], [], []
        for down, right in NEIGHBOURS:
            rows = slice(0, grid.side - down), slice(down, grid.side)
            columns = slice(max(0, -right), grid.side - max(0, right)), slice(max(0, right), grid.side + min(0, right))
            weights.append(metric.squares(lifted[rows[0], columns[0]], lifted[rows[1], columns[1]]).sqrt().flatten())
            tails.append(number[rows[0], columns[0]].ravel())
            heads.append(number[rows[1], columns[1]].ravel())
        # in a sparse matrix a weight of 0 means that there is no edge
        weight = torch.cat(weights).double().clamp(min=1e-12).cpu().numpy()
        edges = (np.concatenate(tails), np.concatenate(heads))
        self.matrix = coo_array((weight, edges), (grid.side**2, grid.side**2)).tocsr()

    @torch.no_grad()
    def shortest(self, a: Tensor, b: Tensor, steps: int) -> Tensor:
        """Return the shortest paths [R, S + 1, 2] from a to b [R, 2], in equally long steps (Dijkstra's algorithm)."""
        from scipy.sparse.csgraph import dijkstra

        starts, ends = (end.double().cpu().numpy() for end in (a, b))
        first, last = self.grid.nearest(starts), self.grid.nearest(ends)
        _, before = dijkstra(self.matrix, directed=False, indices=first, return_predecessors=True)
        flat, found = self.grid.nodes().reshape(-1, 2), []
        for k in range(len(starts)):
            way, node = [], last[k]
            while node != first[k] and node >= 0:
                way.append(flat[node])
                node = before[k, node]
            # the ends replace the nodes nearest to them
            corners = np.stack([starts[k], *way[:0:-1], ends[k]])
            own = lengths(self.metric, torch.from_numpy(corners).to(a)).double().cpu().numpy()
            places = curves.at(corners, curves.shares(own), np.linspace(0, 1, steps + 1))
            found.append(torch.from_numpy(places).to(a))
        return torch.stack(found)


def relax(metric: Metric, start: Tensor, iterations: int, tolerance: float = 1e-12) -> Tensor:
    """Return the curves [R, S + 1, d] of locally least energy that are reached from `start`, with fixed ends.

    L-BFGS in the coordinates in which the energy of a flat space is |c|^2 S / 2 (the modes of a string, each over the
    root of its stiffness): a flat space takes one step, whatever S, and others few. It stops after so many iterations,
    or when a step changes less than `tolerance`.
    """
    inner = start.shape[1] - 2
    if inner < 1:
        return start
    beside = torch.ones(inner - 1, dtype=torch.float64)
    string = 2 * torch.eye(inner, dtype=torch.float64) - torch.diag(beside, 1) - torch.diag(beside, -1)
    stiffness, modes = torch.linalg.eigh(string)
    modes = (modes / stiffness.sqrt()).to(start)
    c = torch.zeros_like(start[:, 1:-1]).requires_grad_()

    def curve() -> Tensor:
        return torch.cat([start[:, :1], start[:, 1:-1] + modes @ c, start[:, -1:]], 1)

    optimiser = optimisers.LBFGS(
        [c],
        max_iter=iterations,
        tolerance_grad=tolerance,
        tolerance_change=tolerance,
        history_size=MEMORY,
        line_search_fn="strong_wolfe",
    )

    def closure() -> Tensor:
        total = energy(metric, curve()).sum()
        # only the curve needs a gradient, not the model's weights
        (c.grad,) = torch.autograd.grad(total, c)
        return total

    optimiser.step(closure)
    return curve().detach()


def geodesics(
    metric: Metric, a: Tensor, b: Tensor, steps: int = 24, iterations: int = 100, graph: Graph | None = None
) -> Geodesics:
    """Return R curves of least energy from a to b [R, d] in S steps; none has more energy than the straight line.

    Relaxed from the line and, if a `graph` is given (two dimensions), from the shortest path over it; the best of these
    and the line itself is returned. It can be a local minimum.
    Raises ValueError if the metric is not finite between the ends.
    """
    line = straight(a, b, steps)
    starts = [line] if graph is None else [line, graph.shortest(a, b, steps)]
    relaxed = relax(metric, torch.cat(starts), iterations).unflatten(0, (len(starts), len(a)))
    tried = torch.cat([line.unsqueeze(0), relaxed])
    with torch.no_grad():
        energies = torch.stack([energy(metric, each) for each in tried])
    if not torch.isfinite(energies[0]).all():
        raise ValueError("the metric is not finite along the straight line: choose ends nearer to the data")
    best = torch.where(energies.isfinite(), energies, math.inf).argmin(0)
    rows = torch.arange(len(a))
    return Geodesics(tried[best, rows], energies[best, rows], energies[0])
