"""What the browser knows of a model's latent space: the headers of the map and of the card beside it (space.js)."""

from dataclasses import replace
from typing import Any

import numpy as np

from vae.density import holes
from vae.density.holes import HOLE, STRAYS
from vae.geometry.plane import Bent, Ground, Plane
from vae.page import outline, palette
from vae.runs import Codes
from vae.spec import Spec

TRIED, AMONG, CLEAR = 50, 20_000, 20  # codes tried as the first to be decoded, among how many, and their nearest ones
OUTLINED = 50_000  # codes, evenly over all, that say where the first view and the glyphs lie: to a hundredth of a sigma


def serialise(plane: Ground) -> dict[str, Any]:
    """Return what the browser needs to know of a map besides the places of a bent one."""
    if isinstance(plane, Bent):
        extent = None if plane.extent is None else plane.extent.tolist()
        side = 0 if plane.inverse is None else len(plane.inverse)
        return {"titles": list(plane.titles), "way": plane.way, "extent": extent, "side": side}
    return {"origin": plane.origin.tolist(), "basis": plane.basis.tolist(), "titles": list(plane.titles)}


def no_densities(spec: Spec) -> str:
    """Return why the card has no log p(z) and log q(z), which it computes for Normals only, or ""."""
    if not spec.probabilistic:
        return "an autoencoder has no prior"
    if not spec.standard_prior:
        return f"this prior {spec.other_prior}, and is not computed here"
    return "" if spec.normal_posterior else "only computed here for Normal posteriors"


def clearest(codes: Codes) -> int:
    """Return the number of the first code whose nearest codes are all of its class, so that it decodes clearly.

    It is looked for among the first ones; 0 where there is none, or where there are no classes.
    """
    if codes.labels is None:
        return 0
    step = max(1, len(codes) // AMONG)
    means, labels = codes.means[::step].astype(np.float64), codes.labels[::step]
    for i in range(min(TRIED, len(codes))):
        gaps = np.square(means - codes.means[i].astype(np.float64)).sum(1)
        near = np.argpartition(gaps, CLEAR)[:CLEAR] if len(gaps) > CLEAR else np.arange(len(gaps))
        if (labels[near] == codes.labels[i]).all():
            return i
    return 0


def space_header(codes: Codes, plane: Ground, without: str) -> dict[str, Any]:
    """Return what the card knows of codes on a map; `without` says why there are no densities, or is ""."""
    highest = -1 if codes.labels is None else int(codes.labels.max(initial=-1))
    return {
        "plane": serialise(plane),
        "probabilistic": not without,
        "without": without,
        "classes": [outline.class_name(codes, k) for k in range(highest + 1)],
        "colours": [palette.of_class(k) for k in range(highest + 1)],
        "start": clearest(codes),
        "split": codes.split,
        "limits": {"hole": HOLE, "strays": STRAYS, "far": _far(codes)},
    }


def _far(codes: Codes) -> float:
    """Return the distance from all codes at which a hole begins where q(z) is unreliable; 0 for fewer than two."""
    scales = None if codes.scales is None else codes.scales.astype(np.float64)
    aggregate = holes.Aggregate(codes.means.astype(np.float64), scales)
    return holes.calibrate(aggregate, None).far if len(codes) > 1 else 0.0


def map_header(codes: Codes, plane: Ground, standard_prior: bool) -> dict[str, Any]:
    """Return all that a map shows besides the codes themselves: axes, first view, rings, classes and colours."""
    some = np.linspace(0, len(codes) - 1, min(OUTLINED, len(codes))).round().astype(np.int64)
    labels = None if codes.labels is None else codes.labels[some]
    part = replace(codes, means=codes.means[some].astype(np.float64), scales=None, labels=labels)
    rings = standard_prior and isinstance(plane, Plane)
    u = plane.places[some].astype(np.float64) if isinstance(plane, Bent) else plane.to_plane(part.means)
    found = outline.outline(part, plane, u, rings)
    present = [] if codes.labels is None else outline.present(codes.labels)
    names = {k: outline.class_name(codes, k) for k in present}
    placed = [] if labels is None else zip(outline.present(labels), found.medians, strict=True)
    return {
        "latent": codes.means.shape[1],
        "split": codes.split,
        "plane": serialise(plane),
        "frame": [*found.x_range, *found.y_range],
        "rings": found.centre.tolist() if rings else None,
        "classes": list(names.items()),
        "glyphs": [(k, names[k], *map(float, place)) for k, place in placed],
        "colours": [palette.of_class(k) for k in range(max(present, default=-1) + 1)] or [palette.ENCODER],
        # classes of one colour are one in the density
        "palette": list(palette.CLASSES) if present else [palette.ENCODER],
    }
