"""The codes in a lasso: how many of which class, their mean image, and the selection as files."""

import base64
import binascii
import csv
import io
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np
import streamlit as st

from ui.shared import figures, library, messages
from ui.shared.pictures import picture, thumbnail
from ui.words import say, say_n
from vae.geometry.plane import Ground
from vae.page import palette
from vae.runs import Codes, Run, RunError

RECONSTRUCTED = 1000  # at most so many codes are decoded for a mean image


def from_bits(event: Any, n: int) -> np.ndarray | None:
    """Return the indices of a lasso from the bits that a browser sent; None for no lasso, or bits of another form."""
    if not isinstance(event, Mapping) or event.get("n") != n or not isinstance(event.get("bits"), str):
        return None
    try:
        raw = np.frombuffer(base64.b64decode(event["bits"], validate=True), np.uint8)
    except (binascii.Error, ValueError):
        return None
    bits = np.unpackbits(raw, bitorder="little")[:n]
    return np.flatnonzero(bits) if len(bits) == n and bits.any() else None


def counts(index: np.ndarray, codes: Codes) -> list[tuple[str, str, int]]:
    """Return (name, colour, count) of each class on the map, in its order; their counts add up to len(index)."""
    fills = figures.class_colours(codes)
    if codes.labels is None:
        return [("codes", fills[0], len(index))]
    classes = figures.present(codes.labels)
    chosen = codes.labels[index]
    rows = zip(classes, fills, strict=True)
    return [(figures.class_name(codes, k), fill, int(np.count_nonzero(chosen == k))) for k, fill in rows]


def bars(rows: Sequence[tuple[str, str, int]]) -> str:
    """Return counts as horizontal bars in the classes' colours, in HTML: a chart would be mounted again each time."""
    most = max((n for _, _, n in rows), default=0) or 1
    lines = [
        f'<span style="text-align:right">{escape(name)}</span>'
        f'<span style="background:{fill};height:9px;width:{max(100 * n / most, 0.8 if n else 0):.1f}%"></span>'
        f"<span>{n:,}</span>"
        for name, fill, n in rows
    ]
    return (
        '<div style="display:grid;grid-template-columns:max-content 1fr max-content;gap:1px 8px;align-items:center;'
        f'font-size:0.8rem;line-height:1.25;font-variant-numeric:tabular-nums">{"".join(lines)}</div>'
    )


def mean_image(run: Run, index: np.ndarray) -> tuple[np.ndarray, str]:
    """Return a selection's mean image [C, H, W] in [0, 1], and its description in words; raises RunError."""
    real = library.images(run)
    if real is not None:
        total = sum(real[some].sum(0, dtype=np.int64) for some in np.array_split(index, -(-len(index) // 1000)))
        return total / (255.0 * len(index)), say_n("mean of 1 image", "mean of {n:,} images", len(index))
    drawn, caption = index, say_n("mean of 1 reconstruction", "mean of {n:,} reconstructions", len(index))
    if len(index) > RECONSTRUCTED:
        drawn = np.sort(np.random.default_rng(0).choice(index, RECONSTRUCTED, replace=False))
        caption = say("mean of {some:,} of {all:,} reconstructions", some=RECONSTRUCTED, all=len(index))
    # in parts: a thousand images and their hidden layers at once would be the app's largest piece of memory
    parts = np.array_split(drawn, -(-len(drawn) // 100))
    total = sum(_reconstructions(run, some).sum(0) for some in parts)
    return total / len(drawn), caption


def _reconstructions(run: Run, index: np.ndarray) -> np.ndarray:
    """Return the decoded codes [n, C, H, W], each under its own label if the model is conditional."""
    means, labels = run.codes.means[index], run.codes.labels
    if not run.spec.labels or labels is None:
        return library.decode(run, means)
    made = np.empty((len(index), *run.spec.shape), np.float32)
    for label in np.unique(labels[index]):
        made[labels[index] == label] = library.decode(run, means[labels[index] == label], int(label))
    return made


def to_csv(index: np.ndarray, codes: Codes, plane: Ground) -> str:
    """Return the selection as CSV: index, label, plane coordinates, posterior means and scales."""
    latent = codes.means.shape[1]
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    scales = [] if codes.scales is None else [f"scale{i + 1}" for i in range(latent)]
    writer.writerow(["index", "label", "plane_x", "plane_y", *(f"z{i + 1}" for i in range(latent)), *scales])
    u = plane.to_plane(codes.means)
    for i in index:
        label = "" if codes.labels is None else figures.class_name(codes, int(codes.labels[i]))
        numbers = [*u[i], *codes.means[i], *([] if codes.scales is None else codes.scales[i])]
        writer.writerow([int(i), label, *(f"{value:.6g}" for value in numbers)])
    return file.getvalue()


def to_npz(index: np.ndarray, codes: Codes, plane: Ground) -> bytes:
    """Return the selection as .npz: index, labels, classes, plane, means, scales; missing arrays are left out."""
    arrays = {"index": index, "plane": plane.to_plane(codes.means[index]), "means": codes.means[index]}
    if codes.labels is not None:
        arrays |= {"labels": codes.labels[index], "classes": np.array(codes.classes, dtype=np.str_)}
    if codes.scales is not None:
        arrays["scales"] = codes.scales[index]
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def panel(run: Run, plane: Ground, index: np.ndarray) -> None:
    """Show a selection that is not empty."""
    codes = run.codes
    left, right = st.columns([3, 1.2], gap="medium")
    with left:
        if codes.labels is not None:
            st.html(bars(counts(index, codes)))
        with st.container(horizontal=True, gap="small"):
            name = f"{run.name}-selection"
            st.download_button(
                "CSV",
                lambda: to_csv(index, codes, plane),
                f"{name}.csv",
                "text/csv",
                on_click="ignore",
                icon=":material/download:",
                key="selection_csv",
            )
            st.download_button(
                "NPZ",
                lambda: to_npz(index, codes, plane),
                f"{name}.npz",
                "application/octet-stream",
                on_click="ignore",
                icon=":material/download:",
                key="selection_npz",
            )
    with right:
        if len(run.spec.shape) == 3:
            try:
                image, caption = mean_image(run, index)
                frame = palette.DECODER if library.images(run) is None else palette.PRIOR
                pixels, width = thumbnail(image, 112, frame)
                picture(pixels, width, caption)
                st.caption(caption[0].upper() + caption[1:])
            except RunError as error:
                st.caption(say("No mean image: {why}", why=messages.sentence(error)))
