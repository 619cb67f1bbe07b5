"""Sprites: dSprites' order, exact translations, exact symmetries."""

import hashlib

import numpy as np
import pytest

from vae.data import sprites


def flat(**chosen: int) -> int:
    return int(np.ravel_multi_index([chosen.get(f, 0) for f in sprites.FACTORS], sprites.SIZES))


def centroid(image: np.ndarray) -> np.ndarray:
    return np.argwhere(image).mean(0)[::-1]


def test_order_is_dsprites():
    assert sprites.COUNT == 737_280
    assert [v[0] for v in sprites.factors([737_279]).values()] == [2, 5, 39, 31, 31]
    for step, factor in ((1, "y"), (32, "x"), (1024, "orientation"), (40_960, "scale"), (245_760, "shape")):
        assert [int(v[0]) for v in sprites.factors([step]).values()] == [int(f == factor) for f in sprites.FACTORS]
    index = np.random.default_rng(0).integers(0, sprites.COUNT, 500)
    assert (np.ravel_multi_index(list(sprites.factors(index).values()), sprites.SIZES) == index).all()


@pytest.mark.parametrize("shape", range(3))
def test_position_factors_move_the_sprite_by_one_pixel(shape):
    """A step in x moves every pixel by one right and in y by one down."""
    here = sprites.images([flat(shape=shape, scale=3, orientation=7, x=4, y=9)])[0, 0]
    right = sprites.images([flat(shape=shape, scale=3, orientation=7, x=5, y=9)])[0, 0]
    down = sprites.images([flat(shape=shape, scale=3, orientation=7, x=4, y=10)])[0, 0]
    assert (np.roll(here, 1, axis=1) == right).all() and (np.roll(here, 1, axis=0) == down).all()
    assert np.allclose(centroid(right) - centroid(here), [1, 0])
    assert np.allclose(centroid(down) - centroid(here), [0, 1])


def test_nothing_is_clipped():
    corners = [flat(shape=s, scale=5, orientation=o, x=x, y=y) for s in range(3) for o in range(40)
               for x in (0, 31) for y in (0, 31)]  # fmt: skip
    ink = sprites.images(corners).sum((1, 2, 3)).reshape(-1, 4)
    assert (ink == ink[:, :1]).all()
    stamps = sprites.stamps()
    assert not stamps[..., [0, -1], :].any() and not stamps[..., [0, -1]].any()


def test_equal_orientations_are_those_of_the_symmetry_group():
    """Orientations that look alike are exactly those of the symmetry group."""
    for shape, distinct in enumerate((10, 20, 40)):
        for scale in range(6):
            turned = sprites.stamps()[shape, scale]
            assert len({s.tobytes() for s in turned}) == distinct
            assert (turned[0] == turned[distinct % 40]).all()


def test_orientation_turns_counter_clockwise():
    heart = sprites.stamps()[2, 5]
    assert np.abs(np.rot90(heart[0]).astype(int) - heart[10]).mean() < 0.005  # rot90 is counter-clockwise
    assert np.abs(np.rot90(heart[0], -1).astype(int) - heart[10]).mean() > 0.05
    assert heart[0][:16].sum() > heart[0][17:].sum()  # upright: lobes above, tip below


def test_shapes_differ_and_scale_grows_them_with_its_square():
    area = sprites.stamps().sum((-1, -2)).astype(float)
    assert (np.diff(area, axis=1) > 0).all()
    assert area[:, 5].mean(1) / area[:, 0].mean(1) == pytest.approx([4, 4, 4], rel=0.05)
    upright = sprites.stamps()[:, 5, 0].astype(int)
    assert all((upright[a] != upright[b]).sum() > 60 for a, b in ((0, 1), (0, 2), (1, 2)))


def test_the_centre_does_not_move_with_scale_or_orientation():
    where = np.array([centroid(s) for s in sprites.stamps()[:2].reshape(-1, 33, 33)])
    assert np.abs(where - 16).max() < 0.35


def test_values_shape_and_bad_indices():
    made = sprites.images(np.arange(0, sprites.COUNT, 9_973))
    assert made.dtype == np.uint8 and made.shape[1:] == (1, 64, 64) and set(np.unique(made)) == {0, 1}
    assert sprites.images([]).shape == (0, 1, 64, 64)
    for bad in (-1, 737_280):
        with pytest.raises(IndexError, match="0 to 737279"):
            sprites.images([bad])


def test_the_drawings_are_the_same_on_every_machine():
    assert hashlib.sha256(sprites.stamps().tobytes()).hexdigest()[:16] == "49e2c4c3f96ffd36"
