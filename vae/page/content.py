"""All that a page without a server knows of its model, as one packet of bytes (ui/page/viewer.js unpacks it)."""

import hashlib
import zlib
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from vae.density import holes
from vae.geometry import plane as planes
from vae.geometry.plane import Bent, Ground
from vae.page import decoder_bytes, scripts
from vae.page.images import fitting
from vae.page.space import map_header, no_densities, space_header
from vae.page.traversals import traverse_header
from vae.page.vectors import described
from vae.runs import Codes, Run
from vae.runs.run import CODES_ONLY

HALF_LARGEST = 65504.0  # of IEEE half precision
MOST_CODES = 20_000  # more are thinned evenly, as on the app's map
LEAST_SIDE = 8  # tiles across an atlas that was made smaller
STYLES = {
    "map": ("js/instrument.css", "explore/bigmap.css", "page/map.css"),
    "card": ("explore/explorer.css",),
    "near": ("js/instrument.css", "page/near.css"),
    "samples": ("js/instrument.css", "page/samples.css"),
    "traverse": ("js/instrument.css", "sample/traverse.css", "page/traverse.css"),
}


@dataclass(frozen=True)
class Content:
    """A packet of bytes for the browser, how many codes and images are in it, and whether it decodes live.

    The codes are one of `every` of all.
    """

    packet: bytes
    codes: int
    images: int
    live: bool
    every: int


def content(
    run: Run,
    *,
    codes: Codes | None = None,
    plane: Ground | None = None,
    images: np.ndarray | None = None,
    draws: np.ndarray | None = None,
    label: int | None = None,
    room: int | None = None,
    half: bool = True,
) -> Content:
    """Return a run's decoder, codes and images for the browser.

    `codes` are those that are shown (None: the run's own), `plane` is the map (None: their default plane), `images`
    are uint8 [N, C, H, W], or vectors [N, D], in the order of the codes, `draws` [K, d] samples of a learned prior,
    `label` is that of a conditional decoder. With `room`, as many images are taken as fit, packed, into so many bytes
    of the whole. `half` stores numbers in 16 bits where they fit.

    Raises RunError for weights or codes that cannot be used, and for a decoder that the browser cannot run where no
    atlas is saved or the plane is another than the atlas's.
    """
    whole = codes if codes is not None else run.codes
    ground = plane if plane is not None else planes.default(whole)
    step = max(1, -(-len(whole) // MOST_CODES))
    codes = whole.every(step)
    if isinstance(ground, Bent):
        ground = replace(ground, means=ground.means[::step], places=ground.places[::step])
    images = None if images is None else images[::step]
    without = no_densities(run.spec) or ("" if codes.scales is not None else "no widths are saved with the codes")
    header, weights = decoder_bytes.of_codes(run) if run.meta.get(CODES_ONLY) else decoder_bytes.pack(run, label)
    numbers: dict[str, np.ndarray] = {"means": codes.means}
    sections: dict[str, bytes] = {}
    if run.meta.get(CODES_ONLY) or decoder_bytes.runnable(run):
        numbers["weights"] = weights
    else:
        tiles, extent = _atlas(run, whole, ground, room)
        sections["tiles"] = zlib.compress(tiles.tobytes(), 9)
        header = {**header, "atlas": {"side": tiles.shape[0], "extent": extent}}
    if codes.scales is not None and not without:
        numbers["scales"] = holes.widths(codes.means, codes.scales)
    if isinstance(ground, Bent):
        numbers["places"] = ground.places
        if ground.inverse is not None:
            numbers["inverse"] = ground.inverse
    if codes.labels is not None:
        sections["labels"] = codes.labels.astype("<i4").tobytes()
    if draws is not None:
        sections["draws"] = draws.astype("<f4").tobytes()
    small = [name for name, array in numbers.items() if half and _fits_half(array)]
    for name, array in numbers.items():
        sections[name] = array.astype("<f2" if name in small else "<f4").tobytes()
    head: dict[str, Any] = {
        "half": small,
        "css": {name: scripts.styles(*files) for name, files in STYLES.items()},
        "map": map_header(codes, ground, run.spec.standard_prior),
        "card": {
            **header,
            "name": run.name,
            **space_header(codes, ground, without),
            **described(run),
            "every": step,
            "unsent": "its image is not in this page",
            "content": hashlib.sha256(b"".join(sections.values())).hexdigest()[:16],
        },
        "traverse": traverse_header(run, codes),
    }
    count = 0
    if images is not None:
        images = images if images.dtype == np.uint8 else images.astype("<f4")
        left = None if room is None else room - len(zlib.compress(scripts.pack(head, sections), 6))
        index, packed = _pictures(images, left)
        count = len(index)
        if count:
            sections["images"] = packed
        if 0 < count < len(codes):
            sections["pictured"] = index.astype("<i4").tobytes()
    return Content(scripts.pack(head, sections), len(codes), count, "weights" in sections, step)


def _pictures(images: np.ndarray, room: int | None) -> tuple[np.ndarray, bytes]:
    if room is not None:
        return fitting(images, room)
    return np.arange(len(images)), zlib.compress(images.tobytes(), 1)


def _fits_half(array: np.ndarray) -> bool:
    """Return whether no number is too large for 16 bits; they keep eleven binary digits."""
    return bool(np.abs(array).max(initial=0.0) < HALF_LARGEST)


def _atlas(run: Run, codes: Codes, ground: Ground, room: int | None) -> tuple[np.ndarray, list[float]]:
    """Return a run's atlas, with fewer tiles where it would take more than half of `room`; raises RunError."""
    tiles, extent = decoder_bytes.atlas_of(run, codes, ground)
    while room is not None and tiles.shape[0] // 2 >= LEAST_SIDE and len(zlib.compress(tiles.tobytes(), 6)) > room / 2:
        tiles = fewer(tiles, tiles.shape[0] // 2)
    return tiles, extent


def fewer(tiles: np.ndarray, side: int) -> np.ndarray:
    """Return an atlas [G, G, ...] of `side` tiles across the same extent, uint8, each between the four nearest."""
    at = np.linspace(0, tiles.shape[0] - 1, side)
    low = np.minimum(at.astype(int), tiles.shape[0] - 2)
    share = (at - low).reshape(-1, *[1] * (tiles.ndim - 1))
    rows = tiles[low] * (1 - share) + tiles[low + 1] * share
    share = share.reshape(1, -1, *[1] * (tiles.ndim - 2))
    return np.asarray((rows[:, low] * (1 - share) + rows[:, low + 1] * share).round().astype(np.uint8))
