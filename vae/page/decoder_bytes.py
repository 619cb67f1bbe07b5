"""A run's decoder as bytes for the browser: its layers as JSON, its weights as float32 (see decoder.js)."""

import hashlib
import io
from typing import Any

import numpy as np

from vae.geometry import plane as planes
from vae.geometry.plane import Ground, Plane
from vae.page.vectors import lines_of
from vae.runs import Codes, Run, RunError
from vae.spec import layers as networks

ATLAS_REMEDY = "The browser cannot run this decoder, and no atlas of it is saved: run `python -m vae atlas {}`."


def runnable(run: Run) -> bool:
    """Return whether decoder.js can run the run's decoder."""
    return networks.in_browser(run.spec.decoder_layers())


def pack(run: Run, label: int | None = None) -> tuple[dict[str, Any], np.ndarray]:
    """Return the decoder's header and its weights, float32 [total]; raises RunError if they cannot be used.

    A conditional decoder is packed under one label (None: the one that Explore shows).

    The header holds layers, mean, shape, latent, and `tensors`: name -> [offset, length] in floats. The mean of a
    family with two parts is the first of them, so no layer is cut off.
    """
    return _packed(run, *run.decoder(label), run.spec.likelihood_kind.mean)


def of_codes(run: Run) -> tuple[dict[str, Any], np.ndarray]:
    """Return the same for codes without a model: each point of the map is shown as its own numbers."""
    weights = {"0.weight": np.ones(1, np.float32), "0.bias": np.zeros(1, np.float32)}
    return _packed(run, [{"kind": "affine", "in": 1, "out": 1}], weights, "identity")


def _packed(
    run: Run, layers: list[dict[str, Any]], weights: dict[str, np.ndarray], mean: str
) -> tuple[dict[str, Any], np.ndarray]:
    tensors: dict[str, list[int]] = {}
    parts, offset = [], 0
    for name, array in weights.items():
        tensors[name] = [offset, array.size]
        parts.append(np.ascontiguousarray(array, dtype="<f4").reshape(-1))
        offset += array.size
    flat = np.concatenate(parts) if parts else np.zeros(0, "<f4")
    header = {
        "id": hashlib.sha256(flat.tobytes() + run.spec.to_json().encode()).hexdigest()[:16],
        "layers": layers,
        "mean": mean,
        "shape": list(run.spec.shape),
        "lines": lines_of(run),
        "latent": run.spec.latent,
        "tensors": tensors,
    }
    return header, flat


def atlas(run: Run) -> tuple[np.ndarray, list[float]]:
    """Return the tiles uint8 [G, G, C, H, W], rows upwards, and their extent x0, x1, y0, y1, or raise RunError."""
    try:
        content = (run.path / "atlas.npz").read_bytes()
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            tiles, extent = file["tiles"], file["extent"]
    except FileNotFoundError as error:
        raise RunError(ATLAS_REMEDY.format(run.name)) from error
    except Exception as error:  # numpy and zipfile have no common base class for damage
        raise RunError(f"{run.name}/atlas.npz is damaged: {error}. Run `python -m vae atlas {run.name}`.") from error
    side = tiles.shape[0] if tiles.ndim else 0
    fits = side >= 2 and tiles.dtype == np.uint8 and tiles.shape == (side, side, *run.spec.shape)
    if not fits or extent.shape != (4,) or not (extent[0] < extent[1] and extent[2] < extent[3]):
        raise RunError(f"{run.name}/atlas.npz does not fit spec.json. Run `python -m vae atlas {run.name}`.")
    return tiles, [float(v) for v in extent]


def atlas_of(run: Run, codes: Codes, plane: Ground) -> tuple[np.ndarray, list[float]]:
    """Return the atlas of a run on a plane; raises RunError for another plane than the default one."""
    tiles, extent = atlas(run)
    default = planes.default(codes)
    if not isinstance(plane, Plane) or not (
        np.allclose(plane.origin, default.origin) and np.allclose(plane.basis, default.basis)
    ):
        titles = " and ".join(title.replace("<sub>", "").replace("</sub>", "") for title in default.titles)
        raise RunError(
            f"The browser cannot run the decoder of {run.name}, and its atlas holds only the plane of {titles}. "
            "Choose that plane."
        )
    return tiles, extent
