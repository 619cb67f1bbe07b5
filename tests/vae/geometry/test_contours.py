"""Density contours of points: each holds the share of the points that it is named after, and is where theory says."""

import numpy as np
import pytest

from vae.geometry.contours import SHARES, at, bandwidths, contours, density


def within(segments, points):
    """Which points [N, 2] lie inside of the closed lines that segments [S, 4] make up: crossings to the right, odd."""
    count = np.zeros(len(points), int)
    x, y = points.T
    for xa, ya, xb, yb in segments:
        crosses = (ya > y) != (yb > y)
        if crosses.any():
            count[crosses] += x[crosses] < (xb - xa) * (y[crosses] - ya) / (yb - ya) + xa
    return count % 2 == 1


def clusters(n, seed=0):
    rng = np.random.default_rng(seed)
    centres = rng.normal(0, 2.5, (6, 2))
    return centres[rng.integers(0, 6, n)] + rng.normal(0, 0.35, (n, 2))


@pytest.mark.parametrize("n", [300, 4000])
@pytest.mark.parametrize("make", [clusters, lambda n: np.random.default_rng(1).normal(0, 1, (n, 2)) * [3, 0.2]])
def test_each_line_holds_its_share_of_the_points(make, n):
    points = make(n)
    for contour in contours(points):
        assert within(contour.segments, points).mean() == pytest.approx(contour.share, abs=0.02)


def test_contours_of_a_normal_are_chi_squared_circles():
    """Of a normal the lines are circles of the chi squared radius."""
    points = np.random.default_rng(3).normal(0, 1, (60_000, 2))
    for contour in contours(points):
        radius = np.hypot(*contour.segments[:, :2].T)
        assert np.median(radius) == pytest.approx(np.sqrt(-2 * np.log(1 - contour.share)), rel=0.03)


def test_kernel_density_integrates_to_one():
    """The density integrates to one and is the kernel's at a point."""
    points = np.random.default_rng(4).normal(0, 1, (5000, 2))
    grid, low, step = density(points)
    assert grid.sum() * step.prod() == pytest.approx(1, abs=0.003)
    h = bandwidths(points)
    assert h == pytest.approx(5000 ** (-1 / 6), rel=0.05)  # Scott's rule of a standard Normal
    here = np.array([[0.3, -0.4]])
    direct = np.exp(-0.5 * (((here - points) / h) ** 2).sum(1)).mean() / (2 * np.pi * h.prod())
    assert at(grid, low, step, here)[0] == pytest.approx(direct, rel=0.01)


def test_far_outlier_leaves_the_contours():
    """A far outlier leaves the lines as they are and few points are refused."""
    points = clusters(3000)
    before, after = contours(points), contours(np.vstack([points, [[1e4, -1e4]]]))
    for a, b in zip(before, after, strict=True):
        assert b.density == pytest.approx(a.density, rel=0.01)
    with pytest.raises(ValueError, match="at least 10"):
        contours(points[:9])
    assert [c.share for c in before] == list(SHARES)
