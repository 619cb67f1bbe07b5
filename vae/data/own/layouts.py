"""How the axes of an array are read: as images, series or vectors. Each reading is tried on the values.

A reading is judged by its roughness: the mean squared difference of neighbours, over that of two places taken at random
within one example. It is near 1 where neighbours have nothing to do with each other, and small for a true layout.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vae.data.own import limits

Array = NDArray[Any]
CHANNELS = (1, 3, 4)
SMALLEST_SIDE = 5  # of an image that is read out of a flat row
SHORTEST, MOST_LINES = 8, 16  # values of a series, and lines of one
SMOOTH, SMOOTH_PIXELS = 0.6, 0.8  # below this roughness neighbours belong together
IMAGE, SERIES, VECTOR = "images", "series", "vectors"


@dataclass(frozen=True)
class Layout:
    """One reading of an array: `arrange` brings rows [n, ...] to `shape`, [C, H, W] of images or [D] of vectors.

    `lines` [C, T] says how the D values of a series are C lines of T values.
    """

    name: str
    title: str
    form: str
    shape: tuple[int, ...]
    arrange: Callable[[Array], Array]
    lines: tuple[int, int] | None = None


def rows_last(shape: Sequence[int], labels: Sequence[int]) -> bool:
    """Return whether an array has its examples along the last axis, as MATLAB has; `labels` are known lengths."""
    if len(shape) < 3 or shape[0] in labels:
        return False
    return shape[-1] in labels or (len(shape) == 4 and shape[2] in CHANNELS and shape[3] > max(shape[:3]))


def layouts(shape: Sequence[int]) -> list[Layout]:
    """Return the readings of rows of this shape (one example's), those of the usual order first."""
    shape = tuple(int(k) for k in shape)
    size = math.prod(shape)
    found: list[Layout] = []
    if len(shape) == 3:
        a, b, c = shape
        if c in CHANNELS:  # of four channels the last is transparency, which is left out
            shape_last = (min(c, 3), a, b)
            found.append(Layout("NHWC", f"images, {a} × {b}, channels last", IMAGE, shape_last, _last_to_first))
        if a in CHANNELS:
            shape_first = (min(a, 3), b, c)
            found.append(Layout("NCHW", f"images, {b} × {c}, channels first", IMAGE, shape_first, lambda x: x[:, :3]))
    elif len(shape) == 2:
        a, b = shape
        found.append(Layout("NHW", f"images, {a} × {b}, grey", IMAGE, (1, a, b), lambda x: x[:, None]))
        if b <= MOST_LINES and a >= SHORTEST:
            found.append(Layout("NTC", f"series of {b} lines, {a} steps", SERIES, (size,), _lines_first, (b, a)))
        if a <= MOST_LINES and b >= SHORTEST:
            found.append(
                Layout(
                    "NCT", f"series of {a} lines, {b} steps", SERIES, (size,), lambda x: x.reshape(len(x), -1), (a, b)
                )
            )
    elif len(shape) == 1:
        found += _flat(size)
        if size >= SHORTEST:
            found.append(Layout("series", f"series of {size} steps", SERIES, (size,), lambda x: x, (1, size)))
    found = [one for one in found if one.form != IMAGE or max(one.shape[1:]) <= limits.SIDE]
    if size <= limits.VALUES:
        found.append(Layout("vector", f"vectors of {size:,} values", VECTOR, (size,), lambda x: x.reshape(len(x), -1)))
    return found


def _last_to_first(x: Array) -> Array:
    return np.moveaxis(x, -1, 1)[:, :3]


def _lines_first(x: Array) -> Array:
    return np.moveaxis(x, -1, 1).reshape(len(x), -1)


def _flat(size: int) -> list[Layout]:
    """Return the readings of a flat row as a square image."""
    grey, colour = math.isqrt(size), math.isqrt(size // 3)
    found = []
    if grey * grey == size and grey >= SMALLEST_SIDE:
        one = (1, grey, grey)
        found.append(
            Layout("flat", f"flat images, {grey} × {grey}, grey", IMAGE, one, lambda x: x.reshape(len(x), *one))
        )
    if 3 * colour * colour == size and colour >= SMALLEST_SIDE:
        shape, title = (3, colour, colour), f"flat images, {colour} × {colour}, colour"
        planes = f"{title}, channels first"
        found.append(Layout("flat planes", planes, IMAGE, shape, lambda x: x.reshape(len(x), *shape)))
        found.append(
            Layout(
                "flat pixels",
                f"{title}, channels last",
                IMAGE,
                shape,
                lambda x: _last_to_first(x.reshape(len(x), colour, colour, 3)),
            )
        )
    return found


def roughness(layout: Layout, rows: Array) -> float:
    """Return how rough a sample [n, ...] is in a layout, about 1 where neighbours have nothing in common."""
    x = np.asarray(layout.arrange(np.asarray(rows)), np.float64)
    if layout.form == VECTOR:
        return 1.0
    if layout.form == SERIES:
        assert layout.lines is not None
        x = x.reshape(len(x), *layout.lines)
        steps = [np.diff(x, axis=2)]
        apart = x.var(axis=2)
    else:
        steps = [np.diff(x, axis=axis) for axis in (2, 3) if x.shape[axis] > 1]
        apart = x.var(axis=(2, 3))
    base = 2 * float(apart.mean())
    if not steps or not base > 0:
        return 1.0
    return float(np.mean([np.mean(step**2) for step in steps])) / base


def pixel_like(rows: Array) -> bool:
    """Return whether values could be pixels: bytes, whole numbers from 0 to 255, or between 0 or -1 and 1."""
    values = np.asarray(rows)
    if values.dtype.kind in "bu" and values.dtype.itemsize == 1:
        return True
    low, high = float(values.min(initial=0)), float(values.max(initial=0))
    whole = bool((values == np.round(values)).all())
    return (low >= 0 and high <= 1) or (whole and low >= 0 and high <= 65535) or (low == -1 and high <= 1)


def choose(offered: list[Layout], rows: Array) -> tuple[Layout, float, str]:
    """Return the layout that fits a sample best, how many times better than the next one, and why in words."""
    rough = {one.name: roughness(one, rows) for one in offered}
    pixels, flat = pixel_like(rows), np.asarray(rows).ndim == 2

    def score(one: Layout) -> float:
        if one.form == VECTOR:
            return SMOOTH_PIXELS if pixels else SMOOTH
        # a row of pixels is smooth as a series too, and real numbers that form a square need not be an image
        if one.form == SERIES:
            return rough[one.name] * (3.0 if pixels else 1.0)
        return rough[one.name] * (1.0 if pixels or not flat else 3.0)

    order = sorted(offered, key=score)
    best = order[0]
    margin = score(order[1]) / max(score(best), 1e-6) if len(order) > 1 else math.inf
    if best.form == VECTOR:
        return best, margin, "neighbouring values have little in common"
    return best, margin, f"neighbouring values differ by {rough[best.name]:.0%} of what distant ones do"
