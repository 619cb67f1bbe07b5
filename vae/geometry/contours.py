"""Highest-density regions of points on a plane: the smallest areas that contain given shares of them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SHARES = (0.5, 0.8, 0.95)
SIDE = 192  # of the grid
REACH = 4.0  # margin of the grid beyond the outermost points, in bandwidths
TAIL = 0.001  # share of the points on either side that is ignored for the grid's size
Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Contour:
    """The boundary of the region that contains `share` of the points: segments [S, 4] x0, y0, x1, y1 at one density."""

    share: float
    density: float
    segments: NDArray[np.float32]


def bandwidths(points: Numbers) -> Numbers:
    """Return Scott's rule for each axis [2], sigma n^(-1/6), sigma the lesser of deviation and IQR / 1.349.

    The deviation is without the outermost `TAIL` on either side, so that an outlier moves no line.
    """
    first, low, high, last = np.quantile(points, (TAIL, 0.25, 0.75, 1 - TAIL), axis=0)
    deviation = np.clip(points, first, last).std(0)
    spread = np.where(high > low, np.minimum(deviation, (high - low) / 1.349), deviation)
    return np.maximum(spread, 1e-9 * (1 + np.abs(points).max(0))) * len(points) ** (-1 / 6)


def _smooth(counts: Numbers, sigma: Numbers) -> Numbers:
    """Convolve counts [G, G] with a Normal of `sigma` [2] grid steps, by FFT; the grid has room for its tails."""
    spectrum = np.fft.rfft2(counts)
    up, across = np.fft.fftfreq(len(counts)), np.fft.rfftfreq(len(counts))
    damp = [np.exp(-2 * (np.pi * f * s) ** 2) for f, s in zip((up, across), sigma, strict=True)]
    return np.maximum(np.fft.irfft2(spectrum * damp[0][:, None] * damp[1], s=counts.shape), 0)


def _shares(u: Numbers, low: Numbers, step: Numbers) -> tuple[NDArray[np.int64], Numbers, NDArray[np.bool_]]:
    """Return each point's lower grid node [N, 2], its fraction of the cell [N, 2], and whether it lies on the grid."""
    at = (u - low) / step
    node = np.floor(at).astype(np.int64)
    inside: NDArray[np.bool_] = np.all((node >= 0) & (node < SIDE - 1), axis=1)
    return node, at - node, inside


def density(points: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """Return a kernel density of points [N, 2] on a grid [G, G], rows upwards, its corner [2] and steps [2].

    Each point goes to its four nodes by bilinear shares, then the grid is convolved with the kernel. Its integral is
    the share of the points on the grid. Raises ValueError for fewer than 10 points.
    """
    if len(points) < 10:
        raise ValueError(f"a density needs at least 10 points, not {len(points)}")
    width = bandwidths(points)
    low, high = np.quantile(points, TAIL, axis=0) - REACH * width, np.quantile(points, 1 - TAIL, axis=0) + REACH * width
    step = (high - low) / (SIDE - 1)
    node, part, inside = _shares(points, low, step)
    node, part = node[inside], part[inside]
    counts = np.zeros(SIDE * SIDE)
    for up in (0, 1):
        for across in (0, 1):
            share = np.abs(1 - up - part[:, 1]) * np.abs(1 - across - part[:, 0])
            counts += np.bincount((node[:, 1] + up) * SIDE + node[:, 0] + across, share, SIDE * SIDE)
    grid = _smooth(counts.reshape(SIDE, SIDE), (width / step)[::-1])
    return grid / (len(points) * step.prod()), low, step


def at(grid: Numbers, low: Numbers, step: Numbers, points: Numbers) -> Numbers:
    """Return the grid's bilinear value [N] at points [N, 2], 0 off the grid."""
    node, part, inside = _shares(points, low, step)
    values = np.zeros(len(points))
    (i, j), (x, y) = node[inside].T, part[inside].T
    values[inside] = (1 - y) * ((1 - x) * grid[j, i] + x * grid[j, i + 1]) + y * (
        (1 - x) * grid[j + 1, i] + x * grid[j + 1, i + 1]
    )
    return values


def contours(points: Numbers, shares: tuple[float, ...] = SHARES) -> list[Contour]:
    """Return the highest-density regions of points [N, 2]: {u: f(u) >= c}, c the (1 - share) quantile of f(points).

    So a region contains its share of the points for any kernel. Source: Hyndman 1996, section 3.2. Raises
    ValueError for fewer than 10 points.
    """
    grid, low, step = density(points)
    found = at(grid, low, step, points)
    levels = np.quantile(found, [1 - share for share in shares])
    return [
        Contour(share, float(level), _lines(grid, float(level), low, step))
        for share, level in zip(shares, levels, strict=True)
    ]


def _lines(grid: Numbers, level: float, low: Numbers, step: Numbers) -> NDArray[np.float32]:
    """Return where the grid crosses a level, as segments [S, 4]: each cell is cut into two triangles."""
    y, x = np.mgrid[: len(grid) - 1, : len(grid) - 1].reshape(2, -1)
    corners = [(x, y), (x + 1, y), (x + 1, y + 1), (x, y + 1)]
    made = []
    for triangle in ((0, 1, 2), (0, 2, 3)):
        px, py = (np.stack([corners[k][axis] for k in triangle], 1) for axis in (0, 1))
        value = grid[py, px] - level
        above = value > 0
        mixed = above.any(1) & ~above.all(1)
        px, py, value, above = px[mixed], py[mixed], value[mixed], above[mixed]
        # the only corner on its side of the level, and the two edges from it
        lone = np.where(above.sum(1) == 1, above.argmax(1), (~above).argmax(1))
        row = np.arange(len(lone))
        ends = []
        for turn in (1, 2):
            other = (lone + turn) % 3
            t = value[row, lone] / (value[row, lone] - value[row, other])
            ends += [p[row, lone] + t * (p[row, other] - p[row, lone]) for p in (px, py)]
        made.append(np.stack(ends, 1))
    return (np.concatenate(made) * np.tile(step, 2) + np.tile(low, 2)).astype(np.float32)
