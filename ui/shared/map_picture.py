"""A model's map as a small picture: what the model chip and the cards of models show of it."""

import base64
import io
from pathlib import Path

import numpy as np
import streamlit as st

from ui.shared import library
from vae.page import palette
from vae.runs import Run, RunError
from vae.runs.stamp import Stamp

WIDTH, HEIGHT = 96, 64  # pixels; shown at half of it, for screens of double density
MOST = 1500  # codes that are drawn
SPREAD = 0.01  # share of the codes beyond each edge
DOT = 2  # pixels across a code


def is_dark() -> bool:
    """Return whether the visitor's theme is dark."""
    return bool(st.context.theme.type == "dark")


def draw(places: np.ndarray, labels: np.ndarray | None, dark: bool) -> bytes:
    """Return a PNG, transparent where no code is, of codes at places [N, 2] in their classes' colours."""
    from PIL import Image

    some = np.linspace(0, len(places) - 1, min(MOST, len(places))).round().astype(np.int64)
    u = places[some].astype(np.float64)
    low, high = np.quantile(u, SPREAD, axis=0), np.quantile(u, 1 - SPREAD, axis=0)
    scale = min((WIDTH - 4 * DOT) / max(high[0] - low[0], 1e-9), (HEIGHT - 4 * DOT) / max(high[1] - low[1], 1e-9))
    shifted = (u - (low + high) / 2) * scale
    at = np.rint(np.stack([WIDTH / 2 + shifted[:, 0], HEIGHT / 2 - shifted[:, 1]], 1)).astype(np.int64)
    kinds = np.zeros(len(u), np.int64) if labels is None else labels[some].astype(np.int64) % len(palette.CLASSES)
    pairs = [palette.ENCODER] if labels is None else palette.CLASSES
    hues = np.array([[*bytes.fromhex(palette.on(pair, dark)[1:]), 255] for pair in pairs], np.uint8)
    pixels = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    for dx in range(DOT):
        for dy in range(DOT):
            x, y = at[:, 0] + dx, at[:, 1] + dy
            inside = (x >= 0) & (x < WIDTH) & (y >= 0) & (y < HEIGHT)
            pixels[y[inside], x[inside]] = hues[kinds[inside]]
    buffer = io.BytesIO()
    Image.fromarray(pixels).quantize(32).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


@st.cache_resource(max_entries=64, show_spinner=False)
def _address(path: Path, version: Stamp, dark: bool) -> str:
    try:
        run = library.open_run(path.name)
        codes = run.codes
        if not len(codes):
            return ""
        some = codes.every(max(1, len(codes) // MOST))
        made = draw(library.default_plane(run).to_plane(some.means), some.labels, dark)
    except RunError:  # the page that shows the model says why; another visitor may have deleted it meanwhile
        return ""
    return f"data:image/png;base64,{base64.b64encode(made).decode()}"


def address(run: Run) -> str:
    """Return the address of a run's picture for the visitor's theme, "" where its codes cannot be read."""
    return _address(run.path, library.stamp(run.path), is_dark())


def beside(run: Run, text: str) -> str:
    """Return Markdown of a label with the run's picture before it."""
    found = address(run)
    return f"![]({found}) {text}" if found else text
