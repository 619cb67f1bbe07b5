"""The card beside the map: it decodes, in the browser, the point under the pointer."""

import hashlib
import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from ui.decode import decoder
from ui.explore.bigmap import spoken
from ui.shared import figures, geometry, library, parcels, values
from ui.shared.components import pack, source, styles
from ui.shared.pictures import thumbnail
from ui.words import phrase, say
from ui.words.speaking import language
from vae.density import holes
from vae.geometry.plane import Bent, Ground
from vae.page import palette
from vae.page.space import no_densities, serialise, space_header
from vae.page.vectors import described
from vae.runs import Codes, Run


@dataclass(frozen=True)
class Pin:
    """The pinned point z, d numbers."""

    z: tuple[float, ...]


NO_WIDTHS = phrase("no widths are saved with the codes")
SOURCE = source("explore/explorer.js")
CSS = styles("explore/explorer.css")
_component = st.components.v2.component("latent_explorer", html="<div></div>", css=CSS, js=SOURCE)


def content(
    run: Run,
    codes: Codes,
    plane: Ground,
    images: np.ndarray | None,
    label: int | None = None,
    *,
    apart: bool = False,
    every: int = 1,
) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Return the header and sections of a Space (see space.js): decoder or atlas, codes, images.

    `apart`: the codes are in the browser already (see geometry.py), and the images are too many to send. `every`: codes
    and images are one of so many of the data's.
    """
    runnable = decoder.runnable(run)
    header, weights = decoder.pack(run, label)
    labels = codes.labels if codes.labels is not None else np.full(len(codes), -1)
    sections: dict[str, bytes] = {}
    if not apart:
        sections = {"means": codes.means.astype("<f4").tobytes(), "labels": labels.astype("<i4").tobytes()}
    without = no_densities(run.spec) or ("" if codes.scales is not None else NO_WIDTHS)
    if codes.scales is not None and not without and not apart:
        # as wide as the population's q(z) needs them: the browser sums them up, and draws none
        sections["scales"] = holes.widths(codes.means, codes.scales).astype("<f4").tobytes()
    if images is not None and not apart:
        sections["images"] = zlib.compress(images.tobytes(), 1)
    if runnable:
        sections["weights"] = weights.tobytes()
    else:
        tiles, extent = decoder.atlas_of(run, codes, plane)
        sections["tiles"] = zlib.compress(tiles.tobytes(), 1)
        header = {**header, "atlas": {"side": tiles.shape[0], "extent": extent}}
    placed = None
    if isinstance(plane, Bent):
        if apart:
            placed = values.packed(run.name, {"places": plane.places.astype("<f4").tobytes()})[0]  # the map sends them
        else:
            sections["places"] = plane.places.astype("<f4").tobytes()
        if plane.inverse is not None:
            sections["inverse"] = plane.inverse.astype("<f4").tobytes()
    places = geometry.identities(run) if apart else []
    known, about = space_header(codes, plane, say(without)), described(run)
    header = {
        **header,
        "geometry": places,
        "places": placed,
        "unsent": say("{count:,} images are too many to send; pin a point to see its own", count=len(codes))
        if apart and images is not None
        else "",
        # what a change of plane leaves as it is: the browser then keeps its decoder
        "content": hashlib.sha256(
            b"".join([f"{header['id']} {places} {placed}".encode(), *sections.values()])
        ).hexdigest()[:16],
        "name": run.name,
        **known,
        "plane": spoken(known["plane"]),
        "split": say(codes.split),
        "every": every,
        "data": run.spec.data,
        **about,
        **({"example": say(about["example"])} if about else {}),
    }
    return header, sections


def payload(
    run: Run,
    codes: Codes,
    plane: Ground,
    images: np.ndarray | None,
    chart_key: str,
    label: int | None = None,
    *,
    apart: bool = False,
    every: int = 1,
) -> bytes:
    """Return all that the card needs; `chart_key` is the Streamlit key of its map."""
    header, sections = content(run, codes, plane, images, label, apart=apart, every=every)
    return pack({**header, "chart": chart_key}, sections)


@st.cache_resource(max_entries=6, show_spinner=False)
def _payload(
    path: Path,
    version: object,
    plane: str,
    has_images: bool,
    chart_key: str,
    label: int | None,
    apart: bool,
    language: str,
    _make: Callable[[], bytes],
) -> bytes:
    return _make()


def kept_payload(
    run: Run,
    codes: Codes,
    plane: Ground,
    images: np.ndarray | None,
    chart_key: str,
    label: int | None = None,
    *,
    apart: bool = False,
    every: int = 1,
) -> bytes:
    """Return the payload, the same bytes until the run's files change; raises RunError for unusable weights."""
    version = (library.stamp(run.path), _atlas_stamp(run.path))
    ground = json.dumps(serialise(plane))
    return _payload(
        run.path,
        version,
        ground,
        images is not None,
        chart_key,
        label,
        apart,
        language(),
        lambda: payload(run, codes, plane, images, chart_key, label, apart=apart, every=every),
    )


def explorer(
    run: Run,
    plane: Ground,
    *,
    chart_key: str,
    codes: Codes,
    images: np.ndarray | None = None,
    pin: Pin | None = None,
    label: int | None = None,
    key: str,
) -> Pin | None:
    """Mount the card beside the chart of `chart_key`, and return what is pinned now.

    `images` are uint8 [N, C, H, W] in the order of the codes. `pin` is what the page's address says; the card reads the
    address itself, so that a pin changes no byte of the payload. The map has sent the codes where they
    are many. Raises RunError for weights that cannot be used.
    """
    apart = geometry.apart(codes)
    sent = kept_payload(run, codes, plane, images, chart_key, label, apart=apart)
    with st.container(key=key):
        result = _component(
            data=parcels.placed(sent), key=f"{key}_{run.name}", height="content", on_pin_change=lambda: None
        )
    event = result.get("pin")
    now = _pin(event.get("z"), run.spec.latent) if isinstance(event, Mapping) else pin
    if apart and images is not None and now is not None and len(run.spec.shape) == 3:
        _nearest_image(codes, images, now)
    return now


def nearest(codes: Codes, z: tuple[float, ...]) -> int:
    """Return the number of the code whose mean is nearest to z."""
    return int(np.square(codes.means - np.array(z, np.float32)).sum(1).argmin())


def _nearest_image(codes: Codes, images: np.ndarray, pin: Pin) -> None:
    """Show the pin's nearest image, where the images are too many to send to the browser."""
    i = nearest(codes, pin.z)
    label = "" if codes.labels is None else f" ({figures.class_name(codes, int(codes.labels[i]))})"
    pixels, width = thumbnail(images[i] / 255, 112, palette.PRIOR)
    with st.container(key="nearest_image"):
        caption = say("Real image nearest to the pin, {image}", image=f"{say(codes.split)} #{i}{label}")
        st.image(pixels, width=width, alt=caption)
        st.caption(caption)


def _atlas_stamp(path: Path) -> int:
    file = path / "atlas.npz"
    return file.stat().st_mtime_ns if file.is_file() else 0


def _pin(z: Any, latent: int) -> Pin | None:
    """Return the pin of a browser's message; anything else in the message is ignored."""
    if not isinstance(z, list) or len(z) != latent:
        return None
    if not all(isinstance(v, int | float) and not isinstance(v, bool) and abs(v) < 1e3 for v in z):
        return None
    return Pin(tuple(float(v) for v in z))
