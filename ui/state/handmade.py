"""An example made by hand, a drawing or a row: it is the image of every page until another one is picked.

It is in the address as a whole: its shape, its values, and its code z, which is also the pinned point. It is shown as
long as that point is pinned; a link to another model of the same shape keeps it.
"""

import base64
import binascii
import math
import zlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ui.state import texts
from ui.state.field import Field, remember
from ui.state.subject import Subject
from ui.state.texts import Point
from ui.words import say

LEVELS = 15  # a drawing's grey levels in the address, beside 0: half a byte each
LONGEST = 6_000  # characters of an address that browsers and chats pass on
LARGEST = 2**18  # values of an example, which a damaged text could ask for


@dataclass(frozen=True)
class Handmade:
    """An example: its shape [C, H, W] of pixels in [0, 1] or [D] of numbers, its values, and its code z."""

    shape: tuple[int, ...]
    values: tuple[float, ...]
    z: Point

    @cached_property
    def array(self) -> NDArray[np.float32]:
        """The values in their shape."""
        return np.array(self.values, np.float32).reshape(self.shape)

    @property
    def number(self) -> int:
        """A number below 0 that stands for it where pages count images from 0: another one has another number."""
        return -1 - zlib.crc32(self.array.tobytes()) % 1_000_000

    @property
    def pixels(self) -> bool:
        """Whether it is a drawing, not a row."""
        return len(self.shape) == 3


def make(values: NDArray[np.floating], z: Point) -> Handmade:
    """Return an example of values in their shape, pixels rounded to the levels of the address."""
    if values.ndim == 3:
        rounded = _levels(np.rint(np.clip(values, 0, 1) * LEVELS).reshape(-1))
    else:
        rounded = tuple(float(np.float32(f"{v:.6g}")) for v in values)
    return Handmade(values.shape, rounded, tuple(round(v, texts.DECIMALS) + 0.0 for v in z))


def _levels(levels: NDArray[Any]) -> tuple[float, ...]:
    """Return grey levels from 0 to LEVELS as values in [0, 1]."""
    return tuple(float(v) for v in (levels / LEVELS).astype(np.float32))


def text(found: Handmade | None) -> str:
    """Return an example as text, "1x28x28_CODE_0.5,1.25"; "" for none."""
    if found is None:
        return ""
    if found.pixels:
        levels = np.rint(found.array.reshape(-1) * LEVELS).astype(np.uint8)
        levels = np.append(levels, np.zeros(levels.size % 2, np.uint8))
        body = base64.urlsafe_b64encode(zlib.compress((levels[::2] << 4 | levels[1::2]).tobytes(), 9)).decode()
    else:
        body = ",".join(f"{v:.6g}" for v in found.values)
    return f"{'x'.join(map(str, found.shape))}~{body}~{texts.point_text(found.z)}"


def parse(written: str, subject: Subject) -> Handmade | None:
    """Return the example of a text, None for a text of another form; `text` is the inverse."""
    parts = written.split("~")
    sizes = [texts.whole(part) for part in parts[0].split("x")]
    shape = tuple(n for n in sizes if n)
    count = math.prod(shape)
    if len(parts) != 3 or len(shape) != len(sizes) or len(shape) not in (1, 3) or count > LARGEST:
        return None
    z = texts.rounded(parts[2])
    if z is None:
        return None
    if len(shape) == 1:
        try:
            values = [float(v) for v in parts[1].split(",")]
        except ValueError:
            return None
        if len(values) != count or not all(math.isfinite(v) for v in values):
            return None
        return Handmade(shape, tuple(float(np.float32(v)) for v in values), tuple(z))
    half = (count + 1) // 2
    try:
        unpacker = zlib.decompressobj()
        packed = unpacker.decompress(base64.urlsafe_b64decode(parts[1]), half + 1)
    except (ValueError, binascii.Error, zlib.error):
        return None
    if len(packed) != half:
        return None
    both = np.frombuffer(packed, np.uint8)
    levels = np.stack([both >> 4, both & 15], 1).reshape(-1)[:count]
    return Handmade(shape, _levels(levels), tuple(z))


def _refused(written: str, subject: Subject) -> str:
    return say("The drawing of the link cannot be read. Draw it again, or ask for the link once more.")


HANDMADE: Field[Handmade | None] = Field(
    "own", ("explore", "theory", "paths", "sample"), None, parse, text, _refused
)  # fmt: skip


def linked(found: Handmade) -> bool:
    """Return whether an example is short enough to be in the address."""
    return len(text(found)) <= LONGEST


def fits(found: Handmade, shape: tuple[int, ...], pin: Point | None) -> bool:
    """Return whether an example is the image of a model of that shape, with that pinned point."""
    return found.shape == shape and (pin is None or texts.point_text(pin) == texts.point_text(found.z))


def written(found: Handmade | None) -> dict[str, str]:
    """Save an example in the session, and return what the address says of it: nothing of one that is too long."""
    said = remember({HANDMADE: found}, Subject())
    return said if found is None or linked(found) else {HANDMADE.name: ""}
