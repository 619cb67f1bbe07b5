"""Vectors as pictures: bars up and down from 0, or lines where they are series. ui/js/vectors.js draws the same."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from vae import data
from vae.runs import Run

WIDTH, HEIGHT = 72, 48
LEAST = 3.0  # the axis reaches so far up and down at least: three deviations of standardised data
PAPER, AXIS = 250, 200
INKS = (40, 130, 180)  # of bars and of the first lines of a series

Lines = tuple[int, int] | None


def lines_of(run: Run) -> Lines:
    """Return how a run's vectors are C lines of T steps, [C, T]; None for images and vectors of another kind."""
    if len(run.spec.shape) == 3:
        return None
    try:
        found = data.describe(run.spec.data).lines
    except data.DataError:
        return None
    return found if found is not None and (found[0] * found[1],) == tuple(run.spec.shape) else None


def drawn_shape(run: Run) -> list[int]:
    """Return the shape [C, H, W] of a run's examples as they are drawn: images as they are, vectors as pictures."""
    return list(run.spec.shape) if len(run.spec.shape) == 3 else [1, HEIGHT, WIDTH]


def as_image(values: NDArray[Any], lines: "Lines") -> NDArray[Any]:
    """Return an image [C, H, W] in [0, 1] as it is, and a vector [D] as one, [1, HEIGHT, WIDTH]."""
    return values if values.ndim == 3 else picture(values, lines)[None] / 255.0


def described(run: Run) -> dict[str, Any]:
    """Return what one example is called, and the columns of a row, so that the card shows it in its own units."""
    try:
        about = data.describe(run.spec.data)
    except data.DataError:
        return {}
    rows = about.lines is None and len(about.columns) > 0 and about.shape == run.spec.shape
    return {"example": about.example, "columns": [dict(column) for column in about.columns] if rows else None}


def pictures(values: NDArray[np.floating], lines: Lines) -> NDArray[np.uint8]:
    """Return vectors [N, D] as greys uint8 [N, 1, HEIGHT, WIDTH]."""
    made = np.zeros((len(values), 1, HEIGHT, WIDTH), np.uint8)
    for k, x in enumerate(values):
        made[k, 0] = picture(x, lines)
    return made


def picture(values: NDArray[np.floating], lines: Lines = None) -> NDArray[np.uint8]:
    """Return a vector [D], or a series of C lines with T steps each, as greys uint8 [HEIGHT, WIDTH]."""
    x = np.asarray(values, np.float64).reshape(-1)
    limit, most = LEAST, float(np.abs(x).max(initial=0))
    while limit < most and limit < 1e30:
        limit *= 2
    made = np.full((HEIGHT, WIDTH), PAPER, np.uint8)

    def row(v: NDArray[np.floating]) -> NDArray[np.int64]:
        return np.floor((limit - v) / (2 * limit) * (HEIGHT - 1) + 0.5).astype(np.int64)

    y = np.arange(HEIGHT)[:, None]
    zero = row(np.zeros(1))
    made[zero[0]] = AXIS
    if lines is not None:
        count, steps = lines
        t = np.arange(WIDTH) / (WIDTH - 1) * (steps - 1)
        for c in reversed(range(count)):
            line = row(np.interp(t, np.arange(steps), x[c * steps : (c + 1) * steps]))
            before = np.concatenate([line[:1], line[:-1]])
            made[(y >= np.minimum(line, before)) & (y <= np.maximum(line, before))] = INKS[c % len(INKS)]
        return made
    first = np.arange(WIDTH) * len(x) // WIDTH
    after = (np.arange(WIDTH) + 1) * len(x) // WIDTH
    tall = np.array([max(x[a : max(a + 1, b)], key=abs) for a, b in zip(first, after, strict=True)])
    top = row(tall)
    ink = (y >= np.minimum(top, zero)) & (y <= np.maximum(top, zero))
    if len(x) <= WIDTH / 4:
        ink[:, :-1] &= after[:-1] == first[:-1]  # the column between two bars stays empty
    made[ink] = INKS[0]
    return made
