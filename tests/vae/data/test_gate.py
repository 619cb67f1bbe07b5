"""What somebody's own arrays may be: the gate before training names the first example that is wrong."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from vae import data
from vae.data import Description, Examples
from vae.data.gate import check

PIXELS = Description("mine", "Mine", "Mine.", (1, 2, 2), (200, 1, 1), "me", classes=("a", "b"))
MASKS = Description("masks", "Masks", "Mine.", (1, 2, 2), (200, 1, 1), "me", levels=1, binary=True)
VECTORS = Description("vectors", "Vectors", "Mine.", (3,), (200, 1, 1), "me")


def images(n=200, top=255):
    return np.random.default_rng(0).integers(0, top + 1, (n, 1, 2, 2)).astype(np.uint8)


def changed(array, i, value):
    array[i, ..., 0] = value
    return array


GOOD = np.zeros(200, np.int64)


@pytest.mark.parametrize(
    ("about", "found", "said"),
    [
        (PIXELS, Examples(images() / 255), "are float64, and uint8 is needed, from 0 to 255"),
        (PIXELS, Examples(images().astype(np.int64)), "are int64"),
        (PIXELS, Examples(images()[:, 0]), r"are \[200, 2, 2\], and its description says \[N, 1, 2, 2\]"),
        (PIXELS, Examples(images(top=1)), "say levels=1 and binary=True"),
        (PIXELS, Examples(images().tolist()), "the images are list"),
        (
            MASKS,
            Examples(changed(images(top=1), 7, 9)),
            "example 7 has a pixel of 9, and its .* levels=1",
        ),
        (VECTORS, Examples(np.zeros((5, 3))), "the vectors are float64, and float32"),
        (VECTORS, Examples(changed(np.zeros((5, 3), np.float32), 3, np.nan)), "example 3 holds NaN"),
        (
            PIXELS,
            Examples(images(), GOOD - (np.arange(200) == 9)),
            "example 9 has the label -1, and .* from 0 to 1",
        ),
        (PIXELS, Examples(images(), GOOD + 2), "example 0 has the label 2"),
        (PIXELS, Examples(images(), GOOD[:50]), r"labels are \[50\] for 200 examples"),
        (PIXELS, Examples(images(), GOOD.astype(float)), "labels are float64"),
        (MASKS, Examples(images(top=1), GOOD + 10**9), "labels go from 0 to 10,000"),
        (PIXELS, Examples(images(), GOOD, {"size": np.zeros(3)}), "the factor size has 3 values for 200"),
    ],
)
def test_wrong_arrays_are_refused_with_the_first_row(about, found, said):
    with pytest.raises(data.DataError, match=said):
        check(about, found)


@settings(deadline=None)
@given(some.integers(1, 255), some.integers(0, 99), some.integers(1, 100))
def test_first_pixel_above_the_levels_is_named(levels, i, more):
    about = Description("mine", "Mine", "Mine.", (1, 1, 3), (100, 1, 1), "me", levels=levels)
    found = np.random.default_rng(i).integers(0, levels + 1, (100, 1, 1, 3)).astype(np.uint8)
    found[0] = levels
    check(about, Examples(found))
    if levels + more <= 255:
        found[i:, 0, 0, 1] = levels + more
        with pytest.raises(data.DataError, match=f"example {i:,} has a pixel of {levels + more}"):
            check(about, Examples(found))


def test_every_embedded_dataset_passes():
    for name in ("digits", "glyphs", "linear-gaussian"):
        for split in ("train", "valid", "test"):
            assert len(data.load(name, split, n=150)) > 0
