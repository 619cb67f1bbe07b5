"""Missing values in the pool: what a model says of the part of an example that is hidden, given the rest."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vae.answers.loaded import as_coded, check_finite, open_model
from vae.answers.process import single_threaded
from vae.data import DataError
from vae.runs import RunError

SHOWN = 8  # draws that a page shows
SECONDS, FEWEST = 4.0, 60  # limit of the chains' estimated time, and of their steps


class Filled(NamedTuple):
    """p(x_m|x_o) of one example as the page shows it: see `evaluation.missing.Missing`; arrays are float32.

    `mean` and `spread` (the standard deviation) are [*shape], `means` and `samples` [S, *shape], `z` [S, d]. `axes` (d
    arrays) and `density` are log p(z|x_o) on a grid, for d <= 2, else empty. `log_seen` is log p(x_o), `log_hidden`
    log p(x_m|x_o) of the values that are hidden, exact for d <= 2 and nan beyond; in nats.
    """

    mean: NDArray[np.float32]
    spread: NDArray[np.float32]
    means: NDArray[np.float32]
    samples: NDArray[np.float32]
    z: NDArray[np.float32]
    axes: tuple[NDArray[np.float64], ...]
    density: NDArray[np.float32]
    log_seen: float
    log_hidden: float
    accepted: tuple[float, float] | None
    r_hat: float | None


@single_threaded
def fill(
    run: Path,
    image: NDArray[Any],
    hidden: NDArray[np.bool_],
    label: int | None = None,
    number: int | None = None,
    seed: int = 0,
) -> Filled:
    """Return what the model says of the values of one example [*shape] where `hidden` is True, given the others.

    `hidden` has the example's shape, or an image's [H, W], for all its channels. The example is taken as on the Theory
    page (see `loaded.as_coded`). Raises RunError for an autoencoder and DataError for another shape.
    """
    import torch

    from vae.evaluation import exact
    from vae.evaluation.missing import CHAINS, STEPS, missing
    from vae.spec import cost, work

    opened, model = open_model(run)
    if not opened.spec.probabilistic or opened.spec.prior is None:
        raise RunError(f"{opened.name} is a plain autoencoder: it has no prior, so no p(z|x) for missing values.")
    if hidden.shape not in (opened.spec.shape, opened.spec.shape[1:]):
        raise DataError(f"What is hidden has shape {list(hidden.shape)}, and an example {list(opened.spec.shape)}.")
    if label is not None:
        model = model.given(torch.tensor(label))
    x = as_coded(opened, image, number)
    spec = opened.spec
    step = CHAINS * (
        3 * work.effort(spec.decoder_layers(), (spec.latent,)) + work.effort(spec.encoder_layers(), spec.shape)
    )
    steps = int(np.clip(SECONDS * cost.SPEED / step, FEWEST, STEPS))
    seen = torch.from_numpy(~np.broadcast_to(hidden, opened.spec.shape))
    try:
        found = missing(model, x[0], seen, SHOWN, seed, steps=steps)
        whole = float(exact(model, x).log_px) if found.grid is not None else np.nan
    except (ValueError, TypeError) as error:
        raise RunError(f"The missing values of {opened.name}: {error}.") from error
    grid = found.grid
    kept = (found.mean, found.variance.sqrt(), found.means, found.samples, found.z)
    mean, spread, means, samples, z = (v.float().numpy() for v in kept)
    check_finite(opened, mean, spread, means, samples, z)
    return Filled(
        mean,
        spread,
        means,
        samples,
        z,
        () if grid is None else tuple(axis.double().numpy() for axis in grid.axes),
        np.empty(0, np.float32) if grid is None else grid.log_density.float().numpy(),
        found.log_px,
        whole - found.log_px,
        found.accepted,
        found.r_hat,
    )
