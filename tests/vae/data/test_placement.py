"""How images were centred and scaled, measured: MNIST's own rule comes out, and drawings' as they were made."""

from itertools import pairwise

import numpy as np
import pytest
from node import evaluate

from vae import data
from vae.data.placement import measure


def strokes(rng, n=40, side=28, box=16, pen=3.0, shift=(1.5, -0.5), noise=0.0):
    """Bars of a known width and length around a known centre."""
    rows, columns = np.mgrid[:side, :side] + 0.5
    found = []
    for _ in range(n):
        cy, cx = side / 2 + shift[0] + noise * rng.normal(), side / 2 + shift[1] + noise * rng.normal()
        inside = (np.abs(rows - cy) < box / 2) & (np.abs(columns - cx) < pen / 2)
        found.append(inside)
    return (np.stack(found)[:, None] * 255).astype(np.uint8)


def test_mnists_rule_is_measured(mnist_root, monkeypatch):
    monkeypatch.setenv("LATENT_DATA", str(mnist_root))
    found = measure(data.load("mnist", "test").images)
    assert found.plain and found.mass and found.paper == 0 and found.ink > 0.95
    assert found.box == pytest.approx(20, abs=0.7)
    assert (found.row, found.column) == pytest.approx((14.5, 14.5), abs=0.1)
    assert 2 < found.pen < 4


def test_digits_fill_their_eight_rows():
    found = data.load("digits", "test")
    placement = measure((found.images.astype(np.uint16) * 255 // found.levels).astype(np.uint8))
    assert placement.plain and placement.box == pytest.approx(8, abs=0.3)
    assert (placement.row, placement.column) == pytest.approx((4, 4), abs=0.4)


@pytest.mark.parametrize("dark", [False, True])
def test_known_strokes_are_measured(dark):
    images = strokes(np.random.default_rng(0), box=16, pen=4, shift=(2, -1))
    found = measure(255 - images if dark else images)
    assert found.box == 16 and found.plain
    assert (found.row, found.column) == (16, 13)
    assert found.pen == pytest.approx(4, rel=0.25)
    assert (found.paper, found.ink) == ((1, 0) if dark else (0, 1))


def test_photographs_have_no_plain_background():
    rng = np.random.default_rng(0)
    assert not measure(rng.integers(0, 256, (20, 1, 16, 16)).astype(np.uint8)).plain
    assert not measure(rng.integers(0, 256, (20, 3, 16, 16)).astype(np.uint8)).plain


def reference(lines, data_of, height, width):
    """A drawing placed by its bounding box and its centre of mass, at eight times the resolution, then averaged."""
    times, margin = 8, 40
    points = np.concatenate(lines)
    low, high = points.min(0), points.max(0)
    scale = (data_of.box - data_of.pen) / (high - low).max()
    lines = [(np.asarray(line) - (low + high) / 2) * scale for line in lines]
    size = np.array([width, height]) + 2 * margin
    ys, xs = (np.mgrid[: size[1] * times, : size[0] * times] + 0.5) / times
    centre = np.array([data_of.column, data_of.row]) + margin

    def raster(shift):
        found = np.zeros(xs.shape, bool)
        for line in lines:
            for a, b in pairwise(line):
                a, b = a + shift, b + shift
                d = b - a
                t = np.clip(((xs - a[0]) * d[0] + (ys - a[1]) * d[1]) / (d @ d), 0, 1)
                found |= np.hypot(xs - a[0] - t * d[0], ys - a[1] - t * d[1]) < data_of.pen / 2
        return found

    first = raster(centre)
    mass = np.array([xs[first].mean(), ys[first].mean()])
    if data_of.mass:
        first = raster(centre + centre - mass)
    small = first.reshape(size[1], times, size[0], times).mean((1, 3))
    return small[margin : margin + height, margin : margin + width]


def test_a_drawing_is_placed_as_the_reference_does():
    rng = np.random.default_rng(3)
    for mass in (True, False):
        lines = [rng.uniform(0.3, 0.6, (6, 2)), rng.uniform(0.35, 0.5, (4, 2))]
        about = measure(strokes(rng, box=20, pen=3, shift=(0, 0)))
        about = type(about)(20.0, 14.0, 14.0, mass, 3.0, 0.0, 1.0, True)
        made = evaluate(
            """async ({lines, data}) => {
                const { drawnImage } = await use("draw/placing.js");
                const at = (f) => Array.from(drawnImage(lines.map((l) => l.map(f)), data, [1, 28, 28]));
                return [at((p) => p), at(([x, y]) => [0.2 * x + 0.7, 0.2 * y + 0.1])];
            }""",
            {"lines": [line.tolist() for line in lines], "data": about.header()},
        )
        one, small = (np.array(image).reshape(28, 28) for image in made)
        expected = reference(lines, about, 28, 28)
        # where edges of two strokes meet, shares are the larger one's, not the sum
        apart = np.abs(one - expected)
        assert np.quantile(apart, 0.98) < 0.15 and apart.mean() < 0.01
        # neither size nor place on the canvas matters
        assert np.abs(one - small).max() < 1e-3
        if mass:
            total = one.sum()
            assert (one * (np.arange(28) + 0.5)).sum() / total == pytest.approx(14, abs=0.05)
            assert (one.T * (np.arange(28) + 0.5)).sum() / total == pytest.approx(14, abs=0.05)
        extent = [np.flatnonzero(one.max(axis) > 0.25) for axis in (0, 1)]
        assert max(e[-1] - e[0] + 1 for e in extent) == pytest.approx(20, abs=1)
