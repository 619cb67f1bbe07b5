"""Binarisation of grey pixels, and the check that a likelihood fits the (binarised) data."""

import zlib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vae.data.dataset import DataError, Dataset
from vae.spec.choices import CHOICES, LIKELIHOODS
from vae.spec.fields import any_of
from vae.spec.kinds import LEVELS, Likelihood


def static(dataset: Dataset, seed: int = 0) -> NDArray[np.uint8]:
    """Return a dataset with binary images: one fixed Bernoulli draw per pixel, P(1) = value / levels.

    The draw belongs to the dataset, the split and the example's index, so an image has the same one in every subset.
    Raises DataError if the data are not pixels.
    """
    if dataset.images.dtype != np.uint8:
        raise DataError(f"{dataset.name} holds real numbers: there is nothing to binarise. Choose binarisation none.")
    if dataset.binary:
        return (dataset.images > 0).astype(np.uint8)
    index = np.arange(len(dataset)) if dataset.index is None else dataset.index
    rng = np.random.default_rng([seed, zlib.crc32(f"{dataset.name}/{dataset.split}".encode())])
    noise = rng.integers(0, dataset.levels, (int(index.max(initial=-1)) + 1, *dataset.shape), np.uint8)
    return (dataset.images > noise[index]).astype(np.uint8)


def check_likelihood(likelihood: Mapping[str, Any], dataset: Dataset, binarisation: str) -> None:
    """Raise DataError, with the alternatives, if a likelihood is not a density of the (binarised) data.

    `likelihood` is a spec's entry {"kind": ..., **options}.
    """
    words = CHOICES["binarisation"].choices
    if binarisation not in words:
        raise DataError(f"There is no binarisation {binarisation!r}: choose {any_of(words)}.")
    kind = LIKELIHOODS[likelihood["kind"]]
    if dataset.images.dtype != np.uint8:
        if kind.bounded:
            raise DataError(
                f"{dataset.name} holds real numbers of any size, which the {kind.title} likelihood does not cover. "
                f"Choose {_names(lambda other: not other.bounded)}."
            )
        return
    if kind.support == LEVELS:
        if binarisation != "none" and not dataset.binary:
            raise DataError(
                f"The {kind.title} likelihood is one of a pixel's grey levels, and binarisation {binarisation} leaves "
                f"{dataset.name} none. Choose binarisation none, or the likelihood "
                f"{_names(lambda other: other.binary)}."
            )
        levels = kind.filled(likelihood)["levels"]
        if levels != dataset.levels:
            raise DataError(
                f"The pixels of {dataset.name} are whole numbers from 0 to {dataset.levels}, and this likelihood "
                f"counts to {levels}. Give it levels {dataset.levels}."
            )
    if kind.binary and binarisation == "none" and not dataset.binary:
        raise DataError(
            f"The {kind.title} likelihood is one of 0 and 1, and {dataset.name} has grey pixels: with them it is no "
            "likelihood, and its bound bounds nothing. Choose binarisation dynamic or static, or the likelihood "
            f"{_names(lambda other: not other.binary and not other.bits)}."
        )


def _names(fits: Callable[[Likelihood], bool]) -> str:
    return any_of([name for name, kind in LIKELIHOODS.items() if kind.by_hand and fits(kind)])
