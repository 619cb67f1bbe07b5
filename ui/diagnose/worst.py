"""The pictures of the Diagnose page: the worst images, and what the decoder makes of a hole."""

from collections.abc import Sequence

import numpy as np
import streamlit as st

from ui.diagnose import charts
from ui.diagnose.charts import CHART
from ui.shared import library, messages, pictures
from ui.words import phrase, say
from vae import data
from vae.diagnosis.evidence import Evidence
from vae.geometry import plane as planes
from vae.page import palette, vectors
from vae.runs import Run, RunError

TILE = 56  # pixels of a side of the worst images


def worst(run: Run, known: Evidence) -> None:
    """Show the worst images above their reconstructions, in a card of their own."""
    found = known.reconstruction
    lines, many = vectors.lines_of(run), say(data_words(run))
    with st.container(border=True, key="card_worst", gap="xsmall", height="stretch"):
        st.markdown(f"**{say('The worst {examples}', examples=many)}**")
        if found is None:
            st.caption(say("Computing …"))
            return
        codes, examples = run.codes, library.examples_of(run)
        index = np.array([i for i in found.worst if i < len(codes)], dtype=np.int64)
        labels = [int(codes.labels[i]) if run.spec.labels and codes.labels is not None else None for i in index]
        try:
            decoded = [
                library.decode(run, codes.means[i : i + 1], label)[0] for i, label in zip(index, labels, strict=True)
            ]
        except RunError as error:
            messages.failure(error)
            return
        real = [None if examples is None else _drawn(examples[i], lines) for i in index]
        pixels = strip(real, [vectors.as_image(x, lines) for x in decoded])
        low, high = (f"{v:.0f}".replace("-", "−") for v in (found.worst_values[len(index) - 1], found.worst_values[0]))
        what = (
            say("only reconstructions, because the {examples} are not on this machine", examples=many)
            if examples is None
            else say("original above reconstruction")
        )
        pictures.picture(pixels, "stretch", say("The worst {examples}: {what}", examples=many, what=what))
        said = say("The {n} of highest distortion, {low} to {high} nats", n=len(index), low=low, high=high)
        st.caption(f"{said}: {what}.")


def data_words(run: Run) -> str:
    """Return what a run's examples are called: images, rows or series."""
    try:
        return data.describe(run.spec.data).examples
    except data.DataError:
        return phrase("images") if len(run.spec.shape) == 3 else phrase("rows")


def _drawn(example: np.ndarray, lines: vectors.Lines) -> np.ndarray:
    return example / 255.0 if example.ndim == 3 else vectors.as_image(example, lines)


def strip(real: Sequence[np.ndarray | None], decoded: Sequence[np.ndarray]) -> np.ndarray:
    """Return pairs of images [C, H, W] as one strip [h, w, 3] of bytes: the real ones above, a hairline around each."""
    columns = []
    for image, mean in zip(real, decoded, strict=True):
        tiles = [pictures.thumbnail(mean, TILE, palette.DECODER)[0]]
        if image is not None:
            tiles.insert(0, pictures.thumbnail(image, TILE, palette.DISTORTION)[0])
        columns.append(np.concatenate(tiles, 0))
    return np.concatenate(columns, 1)


def holes(run: Run, known: Evidence) -> None:
    """Draw the map of holes; a click on it decodes what lies there."""
    found = known.holes
    assert found is not None
    event = st.plotly_chart(
        charts.holes(found), key="chart_holes", config=CHART, on_select="rerun", selection_mode="points",
        alt=say("log q(z) − log p(z) over the plane; holes, where it is below −2 nats, are outlined."),
    )  # fmt: skip
    points = event.selection.points if len(found.pair) == 2 else []
    at = (float(points[0]["x"]), float(points[0]["y"])) if points else _deepest(known)
    if at is None:
        return
    z = planes.pair(run.spec.latent, *found.pair).to_latent(np.array([at])) if run.spec.latent > 1 else np.array([at])
    try:
        image = library.decode(run, z)[0]
    except RunError as error:
        messages.failure(error)
        return
    x, y, values = np.array(found.x), np.array(found.y), np.array(found.values).reshape(len(found.y), len(found.x))
    value = float(values[np.abs(y - at[1]).argmin(), np.abs(x - at[0]).argmin()])
    with st.container(horizontal=True, vertical_alignment="center", gap="small", wrap=False):
        pixels, side = pictures.thumbnail(vectors.as_image(image, vectors.lines_of(run)), 72)
        pictures.picture(pixels, side, say("Decoded image at z = ({x:.2f}, {y:.2f})", x=at[0], y=at[1]))
        number = f"{value:.1f}".replace("-", "−")
        depth = f"log q − log p = {number} nats"
        if found.kind != "ratio":
            depth = say("{number} spacings from a code", number=number)
        place = f"({at[0]:.2f}, {at[1]:.2f})".replace("-", "−")
        said = say(
            phrase("Decoded at {place}, {depth}.")
            if points
            else phrase("The deepest hole within 2 σ of the prior, decoded: at {place}, {depth}."),
            place=place, depth=depth,
        )  # fmt: skip
        st.caption(f"{said} {say('Click on the map for another place.')}")


def _deepest(known: Evidence) -> tuple[float, float] | None:
    """Return the deepest hole: the lowest ratio within two sigma of N(0, I), or the largest distance to the codes."""
    found = known.holes
    assert found is not None
    if len(found.pair) != 2:
        return None
    x, y = np.meshgrid(found.x, found.y)
    values = np.array(found.values).reshape(x.shape)
    near = x**2 + y**2 <= 4 if found.kind == "ratio" else np.ones_like(x, bool)
    depth = np.where(near, -values if found.kind == "ratio" else values, -np.inf)
    if not near.any():
        return None
    row, column = np.unravel_index(int(depth.argmax()), depth.shape)
    return float(x[row, column]), float(y[row, column])
