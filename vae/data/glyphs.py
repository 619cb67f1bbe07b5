"""Grey characters with known factors: class, slant, size, thickness and position, drawn without a download.

Each character of the bundled font becomes a signed distance field once. An image is that field, sheared, scaled and
moved, with a threshold for the thickness. So every factor is continuous, and edges are always anti-aliased.
"""

from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vae.data.dataset import SPLITS, Description, Examples
from vae.data.sources import DrawnSource

FONT = Path(__file__).parent / "fonts" / "DejaVuSans-subset.ttf"
CLASSES = tuple("ACEHJLPSTX")
SIDE = 28
RANGES = {  # ranges of uniform distributions, chosen so that no character touches the border
    "slant": (-15.0, 15.0),  # degrees, to the right
    "size": (11.0, 17.0),  # height of a capital letter, pixels
    "thickness": (1.4, 3.4),  # width of a vertical stroke, pixels
    "x": (-2.0, 2.0),  # pixels right of the middle
    "y": (-2.0, 2.0),  # pixels below the middle
}
_FIELD = 160  # pixels of a distance field's side
_CAPITAL = 96  # pixels of a capital letter's height in it
_STROKE = 0.135  # DejaVu Sans: a stem's width over a capital's height


def _distance(feature: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return each pixel's exact distance to the nearest True, [h, w] (Felzenszwalb & Huttenlocher 2012)."""
    rows, columns = (((np.arange(k)[:, None] - np.arange(k)) ** 2).astype(np.float32) for k in feature.shape)
    cost = np.where(feature, np.float32(0), np.float32(1e9))
    cost = np.stack([(row + cost.T).min(1) for row in rows])
    return np.asarray(np.sqrt(np.stack([(column + cost).min(1) for column in columns], 1)))


@cache
def fields() -> NDArray[np.float32]:
    """Return the classes' signed distances, positive inside, over a capital's height: [10, 160, 160], read-only."""
    from PIL import Image, ImageDraw, ImageFont

    def height(size: int) -> int:
        box = ImageFont.truetype(FONT, size, layout_engine=ImageFont.Layout.BASIC).getbbox("H")
        return int(box[3] - box[1])

    font = ImageFont.truetype(FONT, round(1000 * _CAPITAL / height(1000)), layout_engine=ImageFont.Layout.BASIC)
    made = np.empty((len(CLASSES), _FIELD, _FIELD), np.float32)
    for k, letter in enumerate(CLASSES):
        left, top, right, bottom = font.getbbox(letter)
        canvas = Image.new("L", (_FIELD, _FIELD))
        corner = ((_FIELD - left - right) / 2, (_FIELD - top - bottom) / 2)  # J hangs low in the font, but not here
        ImageDraw.Draw(canvas).text(corner, letter, fill=255, font=font)
        ink = np.asarray(canvas) >= 128
        # Half a pixel less on either side: the edge runs between two pixels' centres, not through one.
        made[k] = np.where(ink, _distance(~ink) - 0.5, 0.5 - _distance(ink)) / _CAPITAL
    made.flags.writeable = False
    return made


def draw(n: int, rng: np.random.Generator) -> dict[str, NDArray[np.float64]]:
    """Return n draws of the factors, each float64 [n], independent and uniform: class 0 to 9, then RANGES.

    The first m of n draws are the m draws of the same generator, so a subset is the beginning of the whole.
    """
    unit = rng.random((n, 1 + len(RANGES)))
    ranged = {name: low + (high - low) * unit[:, k] for k, (name, (low, high)) in enumerate(RANGES.items(), 1)}
    return {"class": np.floor(unit[:, 0] * len(CLASSES)), **ranged}


def render(
    label: ArrayLike,
    slant: ArrayLike = 0.0,
    size: ArrayLike = 16.0,
    thickness: ArrayLike = 2.2,
    x: ArrayLike = 0.0,
    y: ArrayLike = 0.0,
) -> NDArray[np.uint8]:
    """Return characters, uint8 of shape [n, 1, 28, 28]; units as in RANGES, arguments [n] or one for all.

    Raises IndexError for a label that is not a class.
    """
    arguments = [np.atleast_1d(np.asarray(a, np.float32)) for a in (label, slant, size, thickness, x, y)]
    columns = [a[:, None, None] for a in np.broadcast_arrays(*arguments)]
    out = np.empty((len(columns[0]), 1, SIDE, SIDE), np.uint8)
    for start in range(0, len(out), 250):  # a block's arrays fit in the processor's cache
        out[start : start + 250, 0] = _cut(*(c[start : start + 250] for c in columns))
    return out


def _cut(
    label: NDArray[np.float32],
    slant: NDArray[np.float32],
    size: NDArray[np.float32],
    thickness: NDArray[np.float32],
    x: NDArray[np.float32],
    y: NDArray[np.float32],
) -> NDArray[np.uint8]:
    """Return [n, 28, 28] from arguments [n, 1, 1]: sample the field bilinearly, then threshold it by thickness."""
    index = label.astype(np.int64)
    if index.size and (index.min() < 0 or index.max() >= len(CLASSES)):
        raise IndexError(f"glyphs have the classes 0 to {len(CLASSES) - 1}, not {index.min()} to {index.max()}")
    middle = np.arange(SIDE, dtype=np.float32) - (SIDE - 1) / 2
    down = middle[:, None] - y
    right = middle[None, :] - x + np.tan(np.deg2rad(slant)) * down
    font = (size - thickness) / (1 - _STROKE)  # the height which, grown to this thickness, becomes the wanted size
    zoom = _CAPITAL / font
    last = np.float32(_FIELD - 1.001)  # beyond the field all is background, and so is its border
    u = np.clip(zoom * right + (_FIELD - 1) / 2, 0, last)
    v = np.clip(zoom * down + (_FIELD - 1) / 2, 0, last)
    left, top = u.astype(np.int64), v.astype(np.int64)
    du, dv = u - left, v - top
    flat = fields().reshape(-1)
    corner = (index * _FIELD + top) * _FIELD + left
    above = flat[corner] * (1 - du) + flat[corner + 1] * du
    below = flat[corner + _FIELD] * (1 - du) + flat[corner + _FIELD + 1] * du
    inside = font * (above * (1 - dv) + below * dv)  # pixels of the image from here to the edge of the font's stroke
    grown = inside + (thickness - _STROKE * font) / 2
    return np.asarray(np.rint(255 * np.clip(grown + 0.5, 0, 1)), np.uint8)


class Glyphs(DrawnSource):
    """Grey letters with uniform factors."""

    about = Description(
        name="glyphs",
        title="Glyphs",
        sentence="Grey letters with known slant, size, thickness and position, drawn here.",
        example="letter",
        examples="letters",
        shape=(1, SIDE, SIDE),
        sizes=(10_000, 1_000, 2_000),
        source="this project; font DejaVu Sans",
        classes=CLASSES,
        factors=("class", *RANGES),
        rate=6.3,
    )

    def draw(self, split: str, n: int, seed: int) -> Examples:
        """Return n letters of a split."""
        factors = draw(n, np.random.default_rng([seed, SPLITS.index(split), 1]))
        labels = factors["class"].astype(np.int64)
        return Examples(render(*factors.values()), labels, {**factors, "class": labels})
