"""The map's computations in the pool: encoding, decoding, the exact posterior, and per-code numbers."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vae.answers import process
from vae.answers.loaded import as_examples, check_finite, encoded_examples, open_model
from vae.answers.process import Partial
from vae.runs import RunError, pointwise
from vae.runs.pointwise import BOUND, REACH, TAILS, TIGHTNESS, Pointwise
from vae.runs.stamp import stamp

if TYPE_CHECKING:
    pass

LIGHT = -1.0  # the Pareto k that is shown for all lighter tails
MOST = 20_000  # most examples to measure; of more, evenly spread blocks


class Encoded(NamedTuple):
    """Posterior means [B, d] and scales [B, d], float32; scales are None for an autoencoder."""

    means: NDArray[np.float32]
    scales: NDArray[np.float32] | None


class Posterior(NamedTuple):
    """p(z|x) of one image on a grid, with log p(x), ELBO and gap by quadrature, in nats.

    `axes` are d arrays [P]; `log_density` [P] or [P, P] (first axis z1) is log p(z|x); `gap` is KL(q(z|x) || p(z|x)),
    which is log p(x) - ELBO; `mean` and `scale` [d] are q(z|x)'s.
    """

    axes: tuple[NDArray[np.float64], ...]
    log_density: NDArray[np.float32]
    log_px: float
    elbo: float
    gap: float
    mean: NDArray[np.float32]
    scale: NDArray[np.float32]


def encode(run: Path, images: NDArray[Any], label: int | None = None) -> Encoded:
    """Return the means and scales of q(z|x) of images [B, C, H, W]: uint8 (0 to 255), or floats from 0 to 1.

    A conditional model is given one label for all of them.

    For models of binary pixels, images are thresholded at one half, so that each image has one result; the saved codes
    are of a random binarisation, and differ a little. Raises RunError and DataError.
    """
    import torch

    opened, model = open_model(run)
    if label is not None:
        model = model.given(torch.tensor(label))
    with torch.no_grad():
        q = model.encode(as_examples(opened, images))
        means, scales = q.mean.numpy(), q.stddev.numpy() if opened.spec.probabilistic else None
    check_finite(opened, means)
    return Encoded(means, scales)


def decode(run: Path, z: NDArray[Any]) -> NDArray[np.float32]:
    """Return the means of p(x|z) [N, *shape], float32, at z [N, d]; raises RunError."""
    import torch

    opened, model = open_model(run)
    if z.ndim != 2 or z.shape[1] != opened.spec.latent:
        raise RunError(f"{opened.name} decodes points of {opened.spec.latent} numbers, not {list(z.shape[1:])}.")
    with torch.no_grad():
        parts = [model.decode(part).mean for part in torch.from_numpy(z.astype(np.float32)).split(1024)]
    pixels = torch.cat(parts).numpy() if parts else np.empty((0, *opened.spec.shape), np.float32)
    check_finite(opened, pixels)
    return pixels


def posterior(run: Path, image: NDArray[Any], half_width: float | None = None, points: int = 96) -> Posterior:
    """Return p(z|x) of one image [C, H, W] on a grid of `points` per latent, with log p(x), ELBO and their gap, nats.

    The grid is [-half_width, half_width]^d, or without a half width the window that contains the mass, with up to four
    times the points for a narrow posterior. The image is taken as `encode` takes it. Raises RunError for an
    autoencoder, for d > 2, and if the grid is too coarse or too narrow.
    """
    from vae.evaluation import posterior_grid

    opened, model = open_model(run)
    if not opened.spec.probabilistic:
        raise RunError(f"{opened.name} is a plain autoencoder: it has no prior, so no posterior and no log p(x).")
    if opened.spec.latent > 2:
        raise RunError(
            f"The exact posterior is a sum over a grid, which needs at most two latents; {opened.name} has "
            f"{opened.spec.latent}. Choose a model with a latent space of two dimensions."
        )
    x = as_examples(opened, image[None])
    try:
        grid = posterior_grid(model, x, half_width, points)
    except ValueError as error:
        raise RunError(f"The posterior of {opened.name} at this image: {error}.") from error
    axes = tuple(axis.double().numpy() for axis in grid.axes)
    return Posterior(
        axes,
        grid.log_density.float().numpy(),
        grid.log_px,
        grid.elbo,
        grid.gap,
        grid.q.mean[0].numpy(),
        grid.q.stddev[0].numpy(),
    )


def blocks(n: int, rows: int, most: int = MOST) -> list[int]:
    """Return the starts of the blocks of `rows` of n examples to measure: all, or at most `most`, evenly spread."""
    starts = list(range(0, n, rows))
    wanted = max(1, most // rows)
    if len(starts) <= wanted:
        return starts
    return [starts[i] for i in np.linspace(0, len(starts) - 1, wanted).round().astype(int)]


def numbers(run: Path, names: tuple[str, ...], so_far: dict[str, Any] | None = None) -> Pointwise | Partial:
    """Return numbers of each code's example: BOUND or TIGHTNESS, in nats, TAILS, the Pareto k of its weights, or REACH,
    its distance to the nearest sample in units of the ball of its neighbours.

    The pixels are binarised as on the Compare page, and the numbers are cached. Raises RunError, also for the tightness
    of an autoencoder and if the weights change meanwhile, and DataError.
    """
    import torch

    from vae.evaluation import pareto
    from vae.evaluation.importance import bounds
    from vae.evaluation.scores import ROWS, K, block
    from vae.evaluation.tightness import K as SAMPLES
    from vae.evaluation.tightness import tightness

    opened, model = open_model(run)
    if names != BOUND and not opened.spec.probabilistic:
        raise RunError(f"{opened.name} is a plain autoencoder: it has no prior, so no bound and no gap.")
    if names == REACH:
        return _reach(run)
    version, batches = stamp(run), encoded_examples(opened)
    n, conditioned = len(batches), batches.labels is not None
    starts = blocks(n, ROWS)
    state = so_far or {"version": version, "done": 0, "values": {}, "exact": True}
    if state["version"] != version:
        raise RunError(f"{opened.name} was trained on while its codes were measured. Ask for the colours again.")
    values = {name: part.copy() for name, part in state["values"].items()}
    done, exact = state["done"], state["exact"]
    began = time.monotonic()
    while done < len(starts):
        part = slice(starts[done], min(starts[done] + ROWS, n))
        x, generator = block(batches, part)
        here = model.given(batches.given(part))
        found: dict[str, torch.Tensor | None]
        if names == TAILS:
            found = {"pareto": pareto.shapes(here, x, SAMPLES, generator).clamp(min=LIGHT)}
        elif names == TIGHTNESS:
            bound_gap = tightness(here, x, generator, conditioned=conditioned)
            found, exact = {"gap": bound_gap.gap}, exact and bound_gap.exact
        else:
            bound = bounds(here, x, K, generator)
            found = {name: getattr(bound, name) for name in names}
        for name, value in found.items():
            if value is not None:
                values.setdefault(name, np.full(n, np.nan, np.float32))[part] = value.float().numpy()
        done += 1
        seconds = time.monotonic() - began
        if done < len(starts) and seconds > process.TURN:
            state = {"version": version, "done": done, "values": values, "exact": exact}
            return Partial(done / len(starts), state, seconds)
    how = f"From {K} samples of q(z|x) for each code" if opened.spec.probabilistic else "Decoded at the code itself"
    if names == TAILS:
        trusted = f"above {pareto.limit(SAMPLES):.1f} L_K and means by them are wrong"
        how = f"From K = {SAMPLES} weights of each code; {trusted}"
    elif names == TIGHTNESS:
        sampled = f"L_K − ELBO from K = {SAMPLES} samples for each code, a lower bound of it"
        how = "By quadrature, for each code" if exact else sampled
    made = Pointwise(values, how)
    if not made.computed:
        raise RunError(f"{opened.name} gives no example a finite number here. Its training may have diverged.")
    pointwise.keep(opened, names, made)
    return made


def _reach(run: Path) -> Pointwise:
    """Return how near samples come to each code's example, and cache it; raises RunError and DataError."""
    from vae.diagnosis.measure import Case
    from vae.diagnosis.model_images import SPACES
    from vae.diagnosis.reached import reached
    from vae.evaluation.coverage import NEIGHBOURS, expected_coverage

    opened, model = open_model(run)
    version, batches = stamp(run), encoded_examples(opened)
    found = reached(Case(opened, model, batches))
    if found is None:
        raise RunError(f"{opened.name} draws no samples without a label, or has too few examples to compare them with.")
    if stamp(run) != version:
        raise RunError(f"{opened.name} was trained on while its codes were measured. Ask for the colours again.")
    reach, space = found
    values = np.full(len(batches), np.nan, np.float32)
    values[: len(reach)] = reach.float().numpy()
    missed, chance = (reach >= 1).double().mean().item(), 1 - expected_coverage(len(reach), len(reach))
    made = Pointwise({"reach": values}, (
        f"Distance to the nearest of {len(reach):,} samples over that to the image's neighbour number {NEIGHBOURS}, "
        f"{SPACES[space]}. From 1 on samples miss the image: {missed:.0%} of these, {chance:.0%} for a perfect model"
    ))  # fmt: skip
    pointwise.keep(opened, REACH, made)
    return made
