"""The models that a process of the pool caches, and the conversion of a page's images to a model's input."""

from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vae.data import DataError
from vae.runs import Run, RunError
from vae.runs.stamp import Stamp, stamp

if TYPE_CHECKING:
    import torch

    from vae.data.batches import Batches
    from vae.model import LatentModel


@lru_cache(maxsize=4)
def loaded(path: Path, version: Stamp) -> "tuple[Run, LatentModel]":
    """Return a run and its model, cached by the version of its weights; raises RunError."""
    from vae.runs.load import load_model

    run = Run(path)
    return run, load_model(run)


def open_model(path: Path) -> "tuple[Run, LatentModel]":
    """Return a run and its model with the current weights; raises RunError."""
    return loaded(path, stamp(path))


@lru_cache(maxsize=1)
def held_out_examples(path: Path, version: Stamp) -> "Batches":
    """Return the test split of a run's data; raises DataError if it is not on this machine."""
    from vae.runs.load import held_out

    return held_out(Run(path))[1]


def encoded_examples(run: Run) -> "Batches":
    """Return the test examples of a run's codes, in the codes' order; see `load.encoded_examples`."""
    from vae.runs import load

    return load.encoded_examples(run, held_out_examples(run.path, stamp(run.path)))


def as_examples(run: Run, images: NDArray[Any]) -> "torch.Tensor":
    """Return images [B, *shape] converted as in training; raises DataError if they do not fit the model."""
    import torch

    spec = run.spec
    if images.shape[1:] != spec.shape or not len(images):
        raise DataError(f"{run.name} takes images of shape {list(spec.shape)}, not {list(images.shape[1:])}.")
    x = images.astype(np.float32) / (255 if images.dtype == np.uint8 else 1)
    if not np.isfinite(x).all():
        raise DataError("The image contains values that are not numbers.")
    kind = spec.likelihood_kind
    if kind.bounded and (x.min() < 0 or x.max() > 1):
        raise DataError(f"The image has values from {x.min():g} to {x.max():g}; {run.name} takes pixels from 0 to 1.")
    if kind.binary or (spec.binarisation != "none" and len(spec.shape) == 3):
        x = (x > 0.5).astype(np.float32)
    elif kind.bits:  # a decoded or an uploaded image lies between the grey levels that have a probability
        levels = kind.filled(spec.likelihood)["levels"]
        x = (x * levels).round().astype(np.float32) / np.float32(levels)
    return torch.from_numpy(np.ascontiguousarray(x))


@lru_cache(maxsize=2)
def _drawn(path: Path, version: Stamp) -> "torch.Tensor":
    """Return the pixels [N, *shape] from which a run's saved codes were made, as `finish.encode` draws them."""
    import torch

    run = Run(path)
    batches = encoded_examples(run)
    generator = torch.Generator().manual_seed(run.spec.seed)
    rows = range(0, len(batches), 1000)
    return torch.cat([batches.take(slice(start, start + 1000), generator).to(torch.uint8) for start in rows])


def as_coded(run: Run, image: NDArray[Any], number: int | None) -> "torch.Tensor":
    """Return image `number` [1, *shape] as it was when its saved code was made, so that it has one code everywhere.

    Pixels that are binarised at random are those of that draw. Other images, and those whose data are not here, are
    `as_examples`. Raises as that does.
    """
    import torch

    if number is not None and run.spec.binarisation != "none":
        with suppress(DataError, RunError):
            drawn = _drawn(run.path, stamp(run.path))
            if number < len(drawn):
                return drawn[number : number + 1].to(torch.float32)
    return as_examples(run, image[None])


def check_finite(run: Run, *arrays: NDArray[Any]) -> None:
    """Raise RunError if a model's results are not finite."""
    if not all(np.isfinite(array).all() for array in arrays):
        raise RunError(
            f"{run.name} answers with values that are not numbers at this point. Choose a point nearer to 0."
        )
