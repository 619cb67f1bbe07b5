"""Images on a page with the model's own pixels: enlarged by whole factors, framed, never recompressed."""

import base64
import io
from typing import Literal

import numpy as np
import streamlit as st

from vae.page import palette


def thumbnail(image: np.ndarray, side: int, frame: str = palette.DECODER) -> tuple[np.ndarray, int]:
    """Return an image [C, H, W] in [0, 1] as bytes [h, w, 3] with a frame in its role's colour, and the width to show.

    Pixels stay pixels: they are enlarged by whole numbers, twice as much as is shown, for screens of double density.
    """
    times = max(1, round(side / max(image.shape[1:])))
    pixels = (
        np.rint(np.clip(image, 0, 1) * 255)
        .astype(np.uint8)
        .transpose(1, 2, 0)
        .repeat(2 * times, 0)
        .repeat(2 * times, 1)
    )
    if pixels.shape[2] != 3:
        pixels = pixels[:, :, :1].repeat(3, 2)
    framed = np.empty((pixels.shape[0] + 4, pixels.shape[1] + 4, 3), np.uint8)
    framed[:] = tuple(bytes.fromhex(palette.still(frame)[1:]))
    framed[2:-2, 2:-2] = pixels
    return framed, image.shape[2] * times + 2


def picture(pixels: np.ndarray, width: int | Literal["stretch"], alt: str = "") -> None:
    """Show bytes [h, w, 3] as they are, within the page.

    Given an array, Streamlit makes a lossy file of it, which is gone as soon as the page shows another: a browser that
    asks for it a moment later gets an error.
    """
    st.image(_png(pixels), width=width, alt=alt)


def address(image: np.ndarray, side: int) -> str:
    """Return the address of an image [C, H, W] in [0, 1], enlarged to about `side` pixels, for a label."""
    return _png(thumbnail(image, side, palette.PRIOR)[0])


def _png(pixels: np.ndarray) -> str:
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", compress_level=6)
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"
