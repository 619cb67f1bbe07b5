"""Images of one dataset as those of another: size, channels, levels, and what is no image."""

import numpy as np
import pytest

from vae import data
from vae.data import DataError
from vae.data.resized import resized


def test_glyphs_become_digits_of_eight_pixels_with_sixteen_levels():
    glyphs, digits = data.load("glyphs", "test", n=20), data.describe("digits")
    found = resized(glyphs, digits)
    assert found.images.shape == (20, 1, 8, 8) and found.levels == digits.levels == 16 and found.images.max() <= 16
    shares = glyphs.images.mean((1, 2, 3)) / 255
    assert found.images.mean((1, 2, 3)) / 16 == pytest.approx(shares, abs=0.03)  # as much ink as before


def test_colours_levels_and_size_are_the_others():
    digits = data.load("digits", "test", n=5)
    grown = resized(digits, data.describe("cifar10"))
    assert grown.images.shape == (5, 3, 32, 32) and (grown.images[:, 0] == grown.images[:, 2]).all()
    assert set(np.unique(resized(digits, data.describe("sprites")).images)) == {0, 1}
    assert (resized(digits, data.describe("digits")).images == digits.images).all()
    back = resized(resized(digits, data.describe("cifar10")), data.describe("digits"))
    assert np.abs(back.images.astype(int) - digits.images).mean() < 2


def test_rows_are_refused():
    with pytest.raises(DataError, match="linear-gaussian holds no images"):
        resized(data.load("linear-gaussian", "test", n=3), data.describe("digits"))
    with pytest.raises(DataError, match="linear-gaussian holds no images"):
        resized(data.load("digits", "test", n=3), data.describe("linear-gaussian"))
