"""The check of every array that a dataset gives, before anything is trained on it: the first wrong row is named."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vae.data.dataset import DataError, Description, Examples
from vae.spec.fields import LARGEST_LABEL

BLOCK = 16 << 20  # values that are checked at once
MANY = 100  # images, of which at least one is not black


def check(about: Description, examples: Examples) -> None:
    """Raise DataError unless images, labels and factors are what the dataset's description promises."""
    _images(about, examples.images)
    n = len(examples.images)
    if examples.labels is not None:
        _labels(about, examples.labels, n)
    for name, values in (examples.factors or {}).items():
        if len(values) != n:
            raise DataError(f"{about.title}: the factor {name} has {len(values):,} values for {n:,} examples.")


def _first(wrong: NDArray[np.bool_]) -> int:
    """Return the number of the first example of [N, ...] in which something is wrong."""
    return int(np.flatnonzero(wrong.reshape(len(wrong), -1).any(1))[0])


def _images(about: Description, images: Any) -> None:
    kind, dtype = ("images", np.uint8) if about.pixels else ("vectors", np.float32)
    if not isinstance(images, np.ndarray) or images.ndim < 2 or images.shape[1:] != tuple(about.shape):
        found = list(images.shape) if isinstance(images, np.ndarray) else type(images).__name__
        raise DataError(f"{about.title}: the {kind} are {found}, and its description says [N, {_sizes(about)}].")
    if images.dtype != dtype:
        says = f"{about.title}: the {kind} are {images.dtype}, and {np.dtype(dtype)} is needed"
        raise DataError(f"{says}, from 0 to {about.levels}." if about.pixels else f"{says}.")
    # by blocks: a memory map of a million images has no second copy in memory
    top = 0
    for start in range(0, len(images), step := max(1, BLOCK // max(1, math.prod(about.shape)))):
        block = images[start : start + step]
        if not about.pixels:
            if not (finite := np.isfinite(block)).all():
                raise DataError(f"{about.title}: example {start + _first(~finite):,} holds NaN or infinity.")
            continue
        top = max(top, int(block.max(initial=0)))
        _pixels(about, block, start)
    if about.pixels and len(images) >= MANY and top <= 1 < about.levels:
        raise DataError(
            f"{about.title}: no pixel is above {top}, which of {about.levels} levels is black. If they are masks of 0 "
            "and 1, say levels=1 and binary=True in its description."
        )


def _pixels(about: Description, block: NDArray[np.uint8], start: int) -> None:
    """Raise DataError for the first of these images with a pixel that its description excludes."""
    top = int(block.max(initial=0))
    if top > about.levels:
        raise DataError(
            f"{about.title}: example {start + _first(block > about.levels):,} has a pixel of {top}, and its "
            f"description says levels={about.levels}. Give the largest value that a pixel has."
        )
    if about.binary and not (fits := (block == 0) | (block == about.levels)).all():
        raise DataError(
            f"{about.title}: example {start + _first(~fits):,} has a pixel that is neither 0 nor {about.levels}, and "
            "its description says binary=True."
        )


def _sizes(about: Description) -> str:
    return ", ".join(map(str, about.shape))


def _labels(about: Description, labels: Any, n: int) -> None:
    if not isinstance(labels, np.ndarray) or labels.shape != (n,):
        found = list(labels.shape) if isinstance(labels, np.ndarray) else type(labels).__name__
        raise DataError(f"{about.title}: the labels are {found} for {n:,} examples. Give one for each.")
    if labels.dtype.kind not in "iu":
        raise DataError(f"{about.title}: the labels are {labels.dtype}, and whole numbers from 0 are needed.")
    most = len(about.classes) - 1 if about.classes else LARGEST_LABEL
    wrong = (labels < 0) | (labels > most)
    if wrong.any():
        i = _first(wrong)
        raise DataError(f"{about.title}: example {i:,} has the label {labels[i]}, and labels go from 0 to {most:,}.")
