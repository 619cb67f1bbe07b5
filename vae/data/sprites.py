"""dSprites' factors drawn by formula: every shape, scale, orientation and position, without a download.

The factors and their order are those of dSprites (Matthey et al. 2017); the drawings are this project's own. Positions
advance by exactly one pixel, so each of the 737,280 images is one of 720 stamps pasted at a whole offset, and moving a
sprite is moving its pixels, exactly. Unlike dSprites' orientations, whose first and last coincide, the 40 here are
2 pi k / 40. The square looks the same after a quarter turn and the ellipse after half a turn: no representation can
tell those orientations apart.
"""

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vae.data.dataset import SPLITS, Description, Examples
from vae.data.sources import DrawnSource

FACTORS = ("shape", "scale", "orientation", "x", "y")
SIZES = (3, 6, 40, 32, 32)
CLASSES = ("square", "ellipse", "heart")
SIDE = 64
STAMP = 33  # with 32 offsets it covers exactly the 64 pixels: nothing is ever clipped
COUNT = int(np.prod(SIZES))
_PERIOD = (10, 20, 40)  # number of orientations after which a shape repeats exactly, by its symmetry
_SAMPLES = 5  # subsamples per pixel, an odd number, so that no pixel is exactly half covered


def _inside(shape: int, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return whether points (pixels from the centre, y upwards) lie in a shape at scale 1; areas are similar."""
    if shape == 0:
        return np.maximum(np.abs(x), np.abs(y)) <= 10.97
    if shape == 1:
        return (x / 15.47) ** 2 + (y / 7.93) ** 2 <= 1
    # The heart: a circle plus a square root, turned about its centre. Its cleft is still visible at scale 0.5, unlike
    # that of the sextic curve.
    x, y = x / 11.37, y / 11.37 + 0.23
    return x**2 + (y - 0.8 * np.sqrt(np.abs(x))) ** 2 <= 1


@cache
def stamps() -> NDArray[np.uint8]:
    """Return the 720 stamps, uint8 {0, 1} of shape [3, 6, 40, 33, 33], read-only and cached."""
    step = (np.arange(STAMP * _SAMPLES) + 0.5) / _SAMPLES - STAMP / 2
    right, up = step[None, :], -step[:, None]
    made = np.empty((*SIZES[:3], STAMP, STAMP), np.uint8)
    for shape, period in enumerate(_PERIOD):
        for turn in range(period):
            angle = 2 * np.pi * turn / SIZES[2]
            x = np.cos(angle) * right + np.sin(angle) * up
            y = np.cos(angle) * up - np.sin(angle) * right
            for scale in range(SIZES[1]):
                factor = 0.5 + 0.1 * scale
                fine = _inside(shape, x / factor, y / factor)
                covered = fine.reshape(STAMP, _SAMPLES, STAMP, _SAMPLES).sum((1, 3))
                made[shape, scale, turn::period] = covered > _SAMPLES**2 // 2
    made.flags.writeable = False
    return made


def factors(indices: ArrayLike) -> dict[str, NDArray[np.int64]]:
    """Return the factors of flat indices, each int64 [n]: the last one, y, runs fastest, as in dSprites.

    `scale` k is 0.5 + 0.1 k of the largest, `orientation` k is 2 pi k / 40 counter-clockwise, `x` counts pixels to the
    right and `y` pixels down. Raises IndexError outside [0, 737280).
    """
    index = np.asarray(indices, np.int64).reshape(-1)
    if index.size and (index.min() < 0 or index.max() >= COUNT):
        raise IndexError(f"sprites have indices 0 to {COUNT - 1}, not {index.min()} to {index.max()}")
    return {name: values.astype(np.int64) for name, values in zip(FACTORS, np.unravel_index(index, SIZES), strict=True)}


def images(indices: ArrayLike) -> NDArray[np.uint8]:
    """Return the sprites of flat indices, uint8 {0, 1} of shape [n, 1, 64, 64]; raises IndexError as `factors` does."""
    shape, scale, orientation, x, y = factors(indices).values()
    out = np.zeros((len(x), SIDE, SIDE), np.uint8)
    windows = np.lib.stride_tricks.sliding_window_view(out, (STAMP, STAMP), axis=(1, 2), writeable=True)
    for start in range(0, len(x), 1000):  # a block's stamps fit in the processor's cache
        part = slice(start, start + 1000)
        chosen = stamps()[shape[part], scale[part], orientation[part]]
        windows[np.arange(start, start + len(chosen)), y[part], x[part]] = chosen
    return out[:, None]


@cache
def _shares() -> dict[str, NDArray[np.int64]]:
    """Return the splits' indices: 80, 10 and 10 per cent of one fixed permutation of all sprites."""
    order = np.random.default_rng(COUNT).permutation(COUNT)
    tenth = COUNT // 10
    return {"test": order[:tenth], "valid": order[tenth : 2 * tenth], "train": order[2 * tenth :]}


class Sprites(DrawnSource):
    """Binary images of sprites: n of those in the split."""

    about = Description(
        name="sprites",
        title="Sprites",
        sentence="Squares, ellipses and hearts over dSprites' five factors, 737,280 black-and-white images drawn here.",
        example="shape",
        examples="small shapes",
        shape=(1, SIDE, SIDE),
        sizes=(60_000, 4_000, 4_096),
        source="this project; factors of L. Matthey et al. 2017 (dSprites)",
        classes=CLASSES,
        factors=FACTORS,
        levels=1,
        binary=True,
        settings={
            "encoder": {"kind": "conv", "channels": [8, 16, 32, 32], "hidden": 128},
            "size": 10_000,
            "learning_rate": 0.003,  # at 0.001 the 1,200 steps of a first run end in a collapsed posterior
        },
    )

    def draw(self, split: str, n: int, seed: int) -> Examples:
        """Return n sprites of a split, or the whole split if it has fewer."""
        index = np.random.default_rng([seed, SPLITS.index(split)]).permutation(_shares()[split])[:n]
        known = factors(index)
        return Examples(images(index), known["shape"], dict(known), index)

    def train_size(self, size: int | None = None) -> int:
        """Return the requested number, or the size of the whole split if it is smaller."""
        return self.about.sizes[0] if size is None else min(size, COUNT - 2 * (COUNT // 10))
