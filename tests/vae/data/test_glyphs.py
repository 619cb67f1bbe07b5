"""Glyphs: each factor does what its name and unit say, and nothing else."""

import subprocess
import sys
import zlib

import numpy as np
import pytest

from vae.data import glyphs

EACH = np.arange(len(glyphs.CLASSES))


def ink(images: np.ndarray) -> np.ndarray:
    return images[:, 0] / 255.0


def centroid(images: np.ndarray) -> np.ndarray:
    weight = ink(images)
    rows, columns = np.mgrid[:28, :28]
    total = weight.sum((1, 2))
    return np.stack([(weight * columns).sum((1, 2)) / total, (weight * rows).sum((1, 2)) / total], 1)


@pytest.mark.parametrize("axis, factor", enumerate(["x", "y"]))
def test_position_moves_the_centroid_by_as_many_pixels(axis, factor):
    before, after = (centroid(glyphs.render(EACH, **{factor: value})) for value in (-0.8, 1.3))
    moved = after - before
    assert np.abs(moved[:, axis] - 2.1).max() < 0.05 and np.abs(moved[:, 1 - axis]).max() < 0.03


def test_a_whole_step_moves_every_pixel():
    here, there = glyphs.render(EACH, x=-1.0), glyphs.render(EACH, x=1.0)
    assert np.abs(np.roll(here, 2, axis=3).astype(int) - there).max() <= 1


def test_size_is_a_capitals_height_and_leaves_the_stroke():
    stems = glyphs.CLASSES.index("H")
    for size in (11, 13.5, 17):
        for thickness in (1.4, 3.4):
            image = ink(glyphs.render(stems, size=size, thickness=thickness))[0]
            assert image.sum(0).max() == pytest.approx(size, abs=0.05)
            assert image[10].sum() == pytest.approx(2 * thickness, abs=0.05)


def test_thickness_is_the_width_of_a_stem():
    stem = glyphs.CLASSES.index("T")
    for thickness in (1.4, 2.0, 2.7, 3.4):
        row = ink(glyphs.render(stem, size=16, thickness=thickness))[0, 16]
        assert row.sum() == pytest.approx(thickness, abs=0.03)


def test_slant_shears_to_the_right_by_its_tangent():
    stem = glyphs.CLASSES.index("T")
    for degrees in (-15.0, 8.0, 15.0):
        image = ink(glyphs.render(stem, slant=degrees, size=16))[0]
        middle = [(image[r] * np.arange(28)).sum() / image[r].sum() for r in (10, 20)]
        assert (middle[0] - middle[1]) / 10 == pytest.approx(np.tan(np.deg2rad(degrees)), abs=0.02)


def test_no_glyph_touches_the_border_and_none_is_faint():
    images = glyphs.render(*glyphs.draw(5_000, np.random.default_rng(3)).values())
    assert not images[..., [0, -1], :].any() and not images[..., [0, -1]].any()
    assert images.reshape(len(images), -1).max(1).min() > 200


def test_classes_are_far_apart_beside_the_factors_noise():
    typical = ink(glyphs.render(EACH)).reshape(len(EACH), -1)
    apart = np.square(typical[:, None] - typical).sum(-1) + 1e9 * np.eye(len(EACH))
    assert apart.min() > 25


def test_factors_are_uniform_and_independent():
    factors = glyphs.draw(20_000, np.random.default_rng(0))
    assert tuple(factors) == ("class", *glyphs.RANGES)
    for name, (low, high) in glyphs.RANGES.items():
        assert low <= factors[name].min() and factors[name].max() <= high
        assert abs(factors[name].mean() - (low + high) / 2) < 4 * (high - low) / np.sqrt(12 * 20_000)
    correlation = np.corrcoef(np.stack(list(factors.values()))) - np.eye(6)
    assert np.abs(correlation).max() < 4.5 / np.sqrt(20_000)
    assert np.bincount(factors["class"].astype(int), minlength=10).min() > 1_800


def test_the_same_in_every_process_and_in_any_batch():
    code = (
        "import zlib, numpy as np; from vae.data import glyphs;"
        "print(zlib.crc32(glyphs.render(*glyphs.draw(600, np.random.default_rng(5)).values()).tobytes()))"
    )
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    factors = list(glyphs.draw(600, np.random.default_rng(5)).values())
    images = glyphs.render(*factors)
    assert int(other) == zlib.crc32(images.tobytes())
    assert (glyphs.render(*(f[290:310] for f in factors)) == images[290:310]).all()


def test_an_unknown_class_is_refused():
    with pytest.raises(IndexError, match="0 to 9"):
        glyphs.render([3, 10])
