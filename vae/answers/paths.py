"""The Paths page's computations in the pool: curves with the densities along them, and the map's magnification.

Each function takes a run's folder first, and torch is imported inside (see `process`).
"""

import time
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vae.answers import process
from vae.answers.loaded import as_examples, check_finite, open_model
from vae.answers.process import Partial
from vae.runs import SHOWN_LABEL, Codes, Run, RunError
from vae.runs.stamp import stamp

if TYPE_CHECKING:
    from vae.model import LatentModel

Numbers = NDArray[np.float64]


class Along(NamedTuple):
    """A path with the quantities at its M points; lengths in pixels, densities and ELBO in nats.

    `points` [M, d], `share` of the way [M], `way` [M] the pixel length up to each point, `energy` and the straight
    line's, prior and aggregate posterior `log_p`, `log_q` [M], codes within the radius `neighbours` [M]. At F frames,
    evenly along the share: `elbo` [F] of the decoded mean, taken as `explore.encode` takes an image, and its `elbo_se`
    [F]. A quantity is None if the model does not have it.
    """

    points: Numbers
    share: Numbers
    way: Numbers
    energy: float
    line_energy: float
    log_p: Numbers | None
    log_q: Numbers | None
    neighbours: NDArray[np.int64]
    elbo: Numbers | None
    elbo_se: Numbers | None


def _open(run: Path) -> "tuple[Run, LatentModel, Codes]":
    """Return a run, its model under the default label, and its codes, with scales if they describe q(z|x)."""
    import torch

    opened, model = open_model(run)
    codes = opened.codes
    if not opened.spec.normal_posterior:
        codes = Codes(codes.means, None, codes.labels, codes.classes, codes.split)
    return opened, model.given(torch.tensor(SHOWN_LABEL)) if opened.spec.labels else model, codes


def _fits(run: Run, z: Numbers) -> None:
    if z.ndim != 2 or z.shape[1] != run.spec.latent:
        raise RunError(f"{run.name} has paths through points of {run.spec.latent} numbers, not {list(z.shape[1:])}.")


def along(
    run: Path,
    kind: str,
    waypoints: Numbers,
    radius: float,
    frames: int = 12,
    samples: int = 32,
    steps: int = 24,
    so_far: dict[str, Any] | None = None,
) -> Along | Partial:
    """Return the path of one of `kinds.KINDS` through waypoints [K + 1, d], `steps` from each to the next.

    ELBOs are from `samples` samples by the run's seed. Raises RunError if there is no such path.
    """
    import torch

    from vae.density.log_q import log_q
    from vae.geometry import curves, neighbours, routes

    opened, model, codes = _open(run)
    _fits(opened, waypoints)
    version, made = stamp(run), list(so_far["made"]) if so_far is not None else []
    if so_far is not None and so_far["version"] != version:
        raise RunError(f"{opened.name} was trained on while its path was computed. Move a waypoint to ask again.")
    began, before = time.monotonic(), len(made)
    try:
        world = routes.world(model, codes, routes.checked(waypoints))
        whole = len(waypoints) - 1
        for piece in islice(routes.pieces(kind, world, waypoints, steps, made), before, None):
            made.append(piece)
            seconds = time.monotonic() - began
            if seconds > process.TURN and len(made) < whole:
                return Partial(len(made) / whole, {"version": version, "made": made}, seconds)
        found = routes.measured(kind, world, made)
    except ValueError as error:
        raise RunError(f"{opened.name} has no such path here: {error}.") from error
    check_finite(opened, found.points, found.way)
    log_pz = log_qz = None
    if model.prior is not None:
        with torch.no_grad():
            log_pz = model.prior().log_prob(torch.from_numpy(found.points).float()).double().numpy()
    if codes.scales is not None:
        log_qz = log_q(codes.means, codes.scales, found.points)
    places = curves.at(found.points, found.share, np.linspace(0, 1, frames))
    elbo = _elbos(opened, model, places, samples)
    return Along(
        *(found.points, found.share, found.way, found.energy, found.line_energy, log_pz, log_qz),
        neighbours.count(codes.means, found.points, radius),
        *(elbo or (None, None)),
    )


def _elbos(run: Run, model: "LatentModel", z: Numbers, samples: int) -> tuple[Numbers, Numbers] | None:
    import torch

    from vae.evaluation.single import single_elbos

    if not run.spec.probabilistic:
        return None
    with torch.no_grad():
        images = model.decode(torch.from_numpy(z.astype(np.float32))).mean.numpy()
    if run.spec.likelihood_kind.bounded:
        images = images.clip(0, 1)  # a logistic's location may lie outside of the pixels that it is rounded to
    x = as_examples(run, images)
    value, error = single_elbos(model, x, samples, torch.Generator().manual_seed(run.spec.seed))
    return value.numpy(), error.numpy()


def magnified(
    run: Path,
    origin: Numbers,
    basis: Numbers,
    window: tuple[float, float, float, float],
    side: int = 96,
    so_far: dict[str, Any] | None = None,
) -> NDArray[np.float32] | Partial:
    """Return sqrt det J'J, float32 [side, side], rows upwards, over a window (x0, x1, y0, y1) of the plane of `basis`.

    Raises RunError if the plane does not fit the model, or the decoder is not finite there.
    """
    import torch

    from vae.geometry.geodesic import Grid
    from vae.geometry.metric import magnification, mean

    opened, model, _ = _open(run)
    _fits(opened, basis)
    version, rows = stamp(run), list(so_far["rows"]) if so_far is not None else []
    if so_far is not None and so_far["version"] != version:
        raise RunError(f"{opened.name} was trained on while its map was coloured. Ask for the colours again.")
    nodes, ways, began = Grid(window, side).nodes(), torch.from_numpy(basis).float(), time.monotonic()
    for row in nodes[len(rows) :]:
        z = torch.from_numpy(origin + row @ basis).float()
        rows.append(magnification(mean(model), z, ways).float().numpy())
        seconds = time.monotonic() - began
        if seconds > process.TURN and len(rows) < side:
            return Partial(len(rows) / side, {"version": version, "rows": rows}, seconds)
    found = np.stack(rows)
    check_finite(opened, found)
    return found
