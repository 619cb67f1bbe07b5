"""Image files as one array: each is decoded when its row is asked for, under guard, and brought to one size."""

import io
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from vae.data.own import limits
from vae.data.own.content import Choice, OwnDataError

FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP")
SIDES = (16, 28, 32, 48, 64, 96, 128)
USUAL = 64  # pixels of a side, if the images have different sizes or are large
LOOKED = 200  # files whose size is read to find the size of all
LARGEST_KEPT = 128  # pixels of a side up to which images that have one size keep it
BROKEN = (
    UnidentifiedImageError,
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    OverflowError,
    Image.DecompressionBombError,
)
Open = Callable[[], bytes]


@dataclass(frozen=True)
class Size:
    """What every image becomes: height, width, and 1 channel (grey) or 3 (colour); `crop` keeps the middle square."""

    height: int
    width: int
    channels: int


def opened(content: bytes, name: str) -> Image.Image:
    """Return an image whose pixels are not decoded yet; raises OwnDataError for what is none, or too large."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = Image.open(io.BytesIO(content), formats=FORMATS)
    except Image.DecompressionBombError:
        image = None
    except UnidentifiedImageError as error:
        raise OwnDataError(f"{name} is no image that can be read. Remove it or save it again as PNG.") from error
    except BROKEN as error:
        raise OwnDataError(f"{name} is damaged: {str(error)[:80]}. Remove it or save it again.") from error
    if image is None or image.width * image.height > limits.PIXELS:
        raise OwnDataError(
            f"{name} says that it has more than {limits.PIXELS // limits.MB} million pixels. Make it smaller."
        )
    return image


def pixels(content: bytes, name: str, size: Size) -> NDArray[np.uint8]:
    """Return an image's pixels uint8 [H, W, C] at a size; what is transparent becomes white."""
    image = opened(content, name)
    try:
        if image.format == "JPEG":
            image.draft(None, (4 * size.width, 4 * size.height))
        image.load()
        image = ImageOps.exif_transpose(image)
    except (*BROKEN, MemoryError) as error:
        raise OwnDataError(f"{name} is damaged: {str(error)[:80]}. Remove it or save it again.") from error
    if image.mode.startswith("I") or image.mode == "F":  # 16 bits and more
        values = np.asarray(image, np.float64)
        top = 65535 if image.mode.startswith("I") else max(1.0, float(values.max(initial=1.0)))
        image = Image.fromarray(np.clip(values * (255 / top), 0, 255).astype(np.uint8))
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    image = image.convert("L" if size.channels == 1 else "RGB")
    wanted = (size.width, size.height)
    if image.size != wanted:
        image = ImageOps.fit(image, wanted, Image.Resampling.BOX if image.size > wanted else Image.Resampling.BICUBIC)
    return np.asarray(image, np.uint8).reshape(size.height, size.width, size.channels)


class Pictures:
    """Image files as an array uint8 [N, H, W, C] that is decoded by parts; `files` are names and what reads them."""

    def __init__(self, files: Sequence[tuple[str, Open]], size: Size) -> None:
        self.files, self.size = files, size
        self.shape = (len(files), size.height, size.width, size.channels)
        self.dtype = np.dtype(np.uint8)

    def __getitem__(self, rows: Any) -> NDArray[np.uint8]:
        chosen = self.files[rows]
        made = np.empty((len(chosen), *self.shape[1:]), np.uint8)
        for k, (name, read) in enumerate(chosen):
            made[k] = pixels(read(), name, self.size)
        return made


def sizes(files: Sequence[Open]) -> list[tuple[int, int, bool]]:
    """Return width, height and whether it is coloured, of each image that can be read."""
    found = []
    for read in files:
        try:
            image = opened(read(), "")
            width, height = image.size
            small = np.asarray(image.convert("RGB").resize((32, 32)), np.int16)
        except (OwnDataError, *BROKEN):
            continue
        found.append((width, height, bool(np.ptp(small, axis=2).max() > 8)))
    if not found:
        raise OwnDataError("None of the images can be read. Save them again as PNG or JPEG.")
    return found


def sizing(found: list[tuple[int, int, bool]], chosen: Any) -> tuple[list[Choice], Size]:
    """Return what was found out on size and colour, and what every image becomes."""
    counted = Counter((width, height) for width, height, _ in found)
    (width, height), most = counted.most_common(1)[0]
    same, coloured = len(counted) == 1, sum(colour for *_, colour in found)
    keep = same and max(width, height) <= LARGEST_KEPT
    offered = {f"{side}x{side}": f"{side} × {side}" for side in SIDES}
    if max(width, height) <= limits.SIDE:
        offered = {f"{height}x{width}": f"{height} × {width}"} | offered
    value = _asked(chosen, "size", offered) or (f"{height}x{width}" if keep else f"{USUAL}x{USUAL}")
    if same:
        reason = f"all {len(found):,} that were looked at are {height} × {width}"
    else:
        reason = (
            f"{len(counted):,} sizes; the most frequent one, {height} × {width}, is that of {most / len(found):.0%}"
        )
    if value != f"{height}x{width}":
        reason = f"{reason}; the middle of each is cut out and made smaller or larger"
    high, wide = (int(part) for part in value.split("x"))
    colours = {"grey": "grey", "colour": "colour"}
    colour = _asked(chosen, "colours", colours) or ("colour" if coloured > len(found) * 0.02 else "grey")
    seen = f"{coloured:,} of {len(found):,} images that were looked at are coloured"
    return [
        Choice("size", "Size", value, offered, None, reason),
        Choice("colours", "Colours", colour, colours, None, seen),
    ], Size(high, wide, 1 if colour == "grey" else 3)


def _asked(chosen: Any, name: str, offered: dict[str, str]) -> str:
    asked = chosen.get(name)
    return asked if asked in offered else ""
