"""What the pool's processes compute: each function takes a run's folder first, and answers with numpy and plain values.

The app names these functions but never runs them, so torch is imported inside them and not with this module.
"""

import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vae.data import DataError
from vae.jobs import JobError
from vae.runs import Run, RunError
from vae.runs.stamp import Stamp, stamp
from vae.spec import SpecError

if TYPE_CHECKING:
    import torch

    from vae.data.batches import Batches
    from vae.model import LatentModel

NICENESS = 2  # behind the app, before the trainers
TURN = 0.5  # seconds after which a long call lets others have the process
DECODES = 5_000 * 784  # pixels that one step of a measurement decodes
PARTS = ("bounds", "truth", "information", "codes")  # evaluation.table's, which the app cannot import
NAMES = ("distortion", "rate", "elbo", "log_px", "ess")


@dataclass(frozen=True)
class Partial:
    """How far a long call is, in [0, 1], what it needs as `so_far` to go on, and how many seconds this turn took.

    The state is numpy and plain values: the app passes it on, and has no torch.
    """

    fraction: float
    state: Any
    seconds: float


class Encoded(NamedTuple):
    """Posterior means [B, d] and scales [B, d], float32; scales are None for an autoencoder."""

    means: NDArray[np.float32]
    scales: NDArray[np.float32] | None


class Posterior(NamedTuple):
    """p(z|x) of one image on a grid, and what follows from it by quadrature, in nats.

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


# What happens in the process besides the calls


def begin(parent: Connection, threads: int) -> None:
    """Make a new process ready: it ends with the app, goes behind it, and has torch loaded.

    `parent` is a pipe whose other end only the app holds, so that even a killed app is noticed at once.
    """

    def watch() -> None:
        with suppress(EOFError, OSError):
            parent.recv_bytes()
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in the app's terminal is the app's to answer
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("700")  # where memory runs out, neither the app nor a trainer ends
    import torch

    from vae.training import denormals, finish  # noqa: F401 -- loading it is the point

    torch.set_num_threads(threads)
    denormals.flush()


def ready() -> int:
    """Return the process's id: what is asked for nothing but to have a process."""
    return os.getpid()


def run_call(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Return function(*args, **kwargs); what no page expects arrives as a JobError, since its class may need torch."""
    try:
        return function(*args, **kwargs)
    except (RunError, DataError, SpecError):
        raise
    except Exception as error:
        if isinstance(error, MemoryError) or "allocate memory" in str(error):
            raise JobError(
                "There is not enough memory for this. Ask for less (fewer images, fewer points), or free some memory "
                "and ask again."
            ) from error
        raise JobError(
            f"This could not be computed: {type(error).__name__}: {error}. If it happens again, the terminal of the "
            "app says where, and a report of it would help."
        ) from error


@lru_cache(maxsize=4)
def _loaded(path: Path, version: Stamp) -> "tuple[Run, LatentModel]":
    from vae.runs.load import load_model

    run = Run(path)
    run.weights()  # says what is wrong with damaged or infinite ones
    return run, load_model(run)


def _open(path: Path) -> "tuple[Run, LatentModel]":
    return _loaded(path, stamp(path))


@lru_cache(maxsize=1)
def _test_split(path: Path, version: Stamp) -> "Batches":
    from vae.runs.load import held_out

    return held_out(Run(path))[1]


def _coded(opened: Run) -> "Batches":
    """Return the test examples that a run's codes are of, in their order; raises RunError where those are not here."""
    from vae.runs.load import encoded_examples

    return encoded_examples(opened, _test_split(opened.path, stamp(opened.path)))


def _examples(run: Run, images: NDArray[Any]) -> "torch.Tensor":
    """Return images [B, *shape] as the model was shown its own; raises DataError where they are no such thing."""
    import torch

    spec = run.spec
    if images.shape[1:] != spec.shape or not len(images):
        raise DataError(f"{run.name} takes images of shape {list(spec.shape)}, not {list(images.shape[1:])}.")
    x = images.astype(np.float32) / (255 if images.dtype == np.uint8 else 1)
    if not np.isfinite(x).all():
        raise DataError("The image holds values that are no numbers.")
    kind = spec.likelihood["kind"]
    if kind not in ("normal", "laplace") and (x.min() < 0 or x.max() > 1):
        raise DataError(f"The image has values from {x.min():g} to {x.max():g}; {run.name} takes pixels from 0 to 1.")
    if kind == "bernoulli" or (spec.binarisation != "none" and len(spec.shape) == 3):
        x = (x > 0.5).astype(np.float32)
    return torch.from_numpy(np.ascontiguousarray(x))


def _finite(run: Run, *arrays: NDArray[Any]) -> None:
    if not all(np.isfinite(array).all() for array in arrays):
        raise RunError(f"{run.name} answers with values that are no numbers at this point. Choose a point nearer to 0.")


# What pages ask for


def encode(run: Path, images: NDArray[Any]) -> Encoded:
    """Return the means and scales of q(z|x) of images [B, C, H, W]: uint8 (0 to 255), or floats from 0 to 1.

    Models of binary pixels see them thresholded at one half, so an image has one answer wherever it comes from; the
    saved codes are of one random binarisation, and lie a little aside. Raises RunError and DataError.
    """
    import torch

    opened, model = _open(run)
    with torch.no_grad():
        q = model.encode(_examples(opened, images))
        means, scales = q.mean.numpy(), q.stddev.numpy() if opened.spec.probabilistic else None
    _finite(opened, means)
    return Encoded(means, scales)


def decode(run: Path, z: NDArray[Any]) -> NDArray[np.float32]:
    """Return the means of p(x|z) [N, *shape], float32, at z [N, d]; raises RunError."""
    import torch

    opened, model = _open(run)
    if z.ndim != 2 or z.shape[1] != opened.spec.latent:
        raise RunError(f"{opened.name} decodes points of {opened.spec.latent} numbers, not {list(z.shape[1:])}.")
    with torch.no_grad():
        parts = [model.decode(part).mean for part in torch.from_numpy(z.astype(np.float32)).split(1024)]
    pixels = torch.cat(parts).numpy() if parts else np.empty((0, *opened.spec.shape), np.float32)
    _finite(opened, pixels)
    return pixels


def posterior(run: Path, image: NDArray[Any], half_width: float | None = None, points: int = 96) -> Posterior:
    """Return p(z|x) of one image [C, H, W] on a grid of `points` a latent, with log p(x), ELBO and their gap, nats.

    The grid is [-half_width, half_width]^d, or without a half width the window that holds the mass, with up to four
    times the points where the mass is in narrow pieces. The image is taken as `encode` takes it. Raises RunError for an
    autoencoder, for d > 2 and where the grid is too coarse or too narrow.
    """
    from vae.evaluation import posterior_grid

    opened, model = _open(run)
    if not opened.spec.probabilistic:
        raise RunError(f"{opened.name} is a plain autoencoder: it has no prior, so no posterior and no log p(x).")
    if opened.spec.latent > 2:
        raise RunError(
            f"The exact posterior is a sum over a grid, which needs at most two latents; {opened.name} has "
            f"{opened.spec.latent}. Choose a model with a latent space of two dimensions."
        )
    x = _examples(opened, image[None])
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


def rows(run: Run, k: int) -> int:
    """Return how many examples a measurement takes at a time: it can be left off, and be told of, between any two."""
    return max(5, min(50, DECODES // (k * int(np.prod(run.spec.shape)))))


def table(run: Path, part: str) -> list[dict[str, Any]]:
    """Return the rows of one part of vae.evaluation.run_table; raises RunError and DataError."""
    from vae.evaluation import run_table

    return run_table.part(*_open(run), part)


def measure(
    run: Path, k: int = 100, n: int | None = None, so_far: dict[str, Any] | None = None
) -> dict[str, Any] | Partial:
    """Return the numbers of the first n test examples (default all) with K samples each, as in metrics.json.

    They are those of evaluation.evaluate with the run's seed and `rows`. Raises RunError, also where the weights change
    meanwhile, and DataError.
    """
    import torch

    from vae.evaluation import Estimate, bounds
    from vae.training import finish

    version = stamp(run)
    opened, model = _loaded(run, version)
    batches = _test_split(run, version)
    count = len(batches) if n is None else min(n, len(batches))
    generator = torch.Generator().manual_seed(opened.spec.seed)
    start = 0
    values: dict[str, list[NDArray[np.float64]]] = {name: [] for name in NAMES}
    if so_far is not None:
        if so_far["version"] != version:
            raise RunError(f"{opened.name} was trained on while it was measured. Measure it again.")
        generator.set_state(torch.from_numpy(so_far["generator"].copy()))
        start = so_far["start"]
        values |= {name: [part] for name, part in so_far["values"].items()}
    began = time.monotonic()
    while start < count:
        stop = min(start + rows(opened, k), count)
        part = slice(start, stop)
        found = bounds(model.given(batches.given(part)), batches.take(part, generator), k, generator)
        for name in NAMES:
            if (part := getattr(found, name)) is not None:
                values[name].append(part.numpy())
        start = stop
        seconds = time.monotonic() - began
        if start < count and seconds > TURN:
            joined = {name: np.concatenate(parts) for name, parts in values.items() if parts}
            state = {"version": version, "generator": generator.get_state().numpy(), "start": start, "values": joined}
            return Partial(start / count, state, seconds)
    whole = {name: Estimate.of(torch.from_numpy(np.concatenate(parts))) for name, parts in values.items() if parts}
    return finish.metrics(whole, opened.spec.data_name, "test", k)
