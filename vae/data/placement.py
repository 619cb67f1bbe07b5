"""How the images of a dataset were centred and scaled, measured: what is drawn by hand is placed as they were.

MNIST's digits fill a box of 20 pixels and have their centre of mass in the middle of 28 x 28 (LeCun et al. 1998). The
same is measured here of any data with a plain background: the mean extent, and the centre that varies least.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST = 500  # images that are measured
INK = 0.25  # of the largest deviation from the background, above which a pixel is drawn
PALE = 0.3  # by which decoded strokes, which are means of many, may be paler than the data's
PLAIN = 0.08  # standard deviation of the border, of the whole range, up to which the background is plain


@dataclass(frozen=True)
class Placement:
    """Where drawings lie in images of a dataset, in pixels.

    `box` is the mean length of the longer side of what is drawn; `row` and `column` are where its centre is, from the
    image's upper left corner, the pixel at the corner having its centre at 0.5; `mass`: it is the centre of mass, not
    that of the extent. `pen` is the mean width of a stroke; `paper` the background's value in [0, 1], `ink` that of
    strokes. `plain`: whether there is a plain background; without one a drawing stays where it is drawn.
    """

    box: float
    row: float
    column: float
    mass: bool
    pen: float
    paper: float
    ink: float
    plain: bool

    def header(self) -> dict[str, Any]:
        """Return the same as JSON's types."""
        return asdict(self)


def measure(images: NDArray[Any]) -> Placement:
    """Return the placement of images [N, C, H, W], uint8 from 0 to 255 or floats from 0 to 1."""
    few = images[np.unique(np.linspace(0, len(images) - 1, min(len(images), MOST)).round().astype(int))]
    grey = few.astype(np.float64).mean(1) / (255 if few.dtype == np.uint8 else 1)
    height, width = grey.shape[1:]
    border = np.concatenate([grey[:, 0], grey[:, -1], grey[:, :, 0], grey[:, :, -1]], 1)
    paper = float(np.median(border))
    plain = float(np.sqrt(np.square(border - paper).mean())) <= PLAIN or float((border == paper).mean()) > 0.5
    strokes = np.abs(grey - paper)
    most = strokes.max((1, 2), keepdims=True)
    drawn = strokes > INK * np.maximum(most, 1e-9)
    some = drawn.any((1, 2))
    middle = (height / 2, width / 2)
    if not plain or not some.any() or few.shape[1] != 1:
        usual = max(1.0, min(height, width) / 10)
        return Placement(0.8 * min(height, width), *middle, False, usual, paper, float(paper < 0.5), False)
    strokes, drawn, grey = strokes[some], drawn[some], grey[some]
    boxes = np.stack([_ends(drawn.any(2)), _ends(drawn.any(1))], 1)  # [N, 2, 2]: rows and columns, first and end
    extent = (boxes[..., 1] - boxes[..., 0]).max(1)
    by_box = boxes.mean(2)
    total = strokes.sum((1, 2))
    at = [(strokes.sum(2 - axis) * (np.arange(n) + 0.5)).sum(1) / total for axis, n in ((0, height), (1, width))]
    by_mass = np.stack(at, 1)
    mass = bool(by_mass.std(0).sum() < by_box.std(0).sum())
    centre = (by_mass if mass else by_box).mean(0)
    deviation = float(np.median((grey - paper)[drawn & (strokes > 0.9 * strokes.max((1, 2), keepdims=True))]))
    ink = float(np.clip(paper + deviation, 0, 1))
    if few.dtype != np.uint8 and abs(ink - round(ink)) < PALE:
        ink = float(round(ink))
    pen = _pen(strokes)
    return Placement(float(extent.mean()), float(centre[0]), float(centre[1]), mass, pen, paper, ink, True)


def _ends(some: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the first and the end (one past the last) of the true values of each row [N, n], as [N, 2]."""
    return np.stack([some.argmax(1), some.shape[1] - some[:, ::-1].argmax(1)], 1)


def _pen(strokes: NDArray[np.float64]) -> float:
    """Return the mean width of strokes [N, H, W]: a stroke of length L and width w has area L w and edges of 2 L."""
    most = strokes.max((1, 2))
    padded = np.pad(strokes / most[:, None, None], ((0, 0), (1, 1), (1, 1)))
    down, across = np.diff(padded, axis=1)[:, :, :-1], np.diff(padded, axis=2)[:, :-1]
    edges = np.sqrt(np.square(down) + np.square(across)).sum((1, 2))
    area = (strokes / most[:, None, None]).sum((1, 2))
    return float(np.clip(np.mean(2 * area / edges), 1, max(1.0, min(strokes.shape[1:]) / 4)))
