"""The examples that a run's codes were made of, and as many of them as fit into so many bytes."""

import zlib

import numpy as np

from vae import data
from vae.runs import Codes, Run

MOST_IMAGES = 5000  # more would make a page slow to open
TRIES = 6


def encoded_examples(name: str, codes: Codes) -> np.ndarray | None:
    """Return the examples of a dataset that codes belong to: images uint8 [N, C, H, W], 0 to 255, or vectors float32
    [N, D]; None if they are not the codes'.

    Raises DataError if the data are not on this machine.
    """
    # a split comes in its own order, n of it in a shuffled one: the labels say which of the two the codes were made of
    for n in (None, len(codes)):
        found = data.load(name, codes.split, n=n)
        if len(found) == len(codes) and _same(found.labels, codes.labels):
            if found.images.dtype != np.uint8 or found.levels == 255:
                return found.images
            return (np.arange(found.levels + 1) * (255 / found.levels)).astype(np.uint8)[found.images]
    return None


def _same(one: np.ndarray | None, other: np.ndarray | None) -> bool:
    """Return whether labels are the same, or both absent."""
    return one is other if one is None or other is None else bool(np.array_equal(one, other))


def examples_here(run: Run) -> np.ndarray | None:
    """Return the examples of a run's codes as `encoded_examples` does, or None if they are not on this machine."""
    try:
        found = encoded_examples(run.spec.data, run.codes) if data.available(run.spec.data) else None
    except data.DataError:
        return None
    return found if found is not None and found.shape[1:] == run.spec.shape else None


def fitting(images: np.ndarray, most: int) -> tuple[np.ndarray, bytes]:
    """Return the indices [M] of examples, evenly over all, that fit packed into `most` bytes, and these bytes."""
    count = min(len(images), MOST_IMAGES)
    for _ in range(TRIES):
        index = np.unique(np.linspace(0, len(images) - 1, max(count, 1)).round().astype(np.int64))
        packed = zlib.compress(images[index].tobytes(), 9)
        if len(packed) <= most:
            return index, packed
        count = int(count * most / len(packed) * 0.98)  # a bit fewer: a part packs worse than the whole
        if count < 1:
            break
    return np.zeros(0, np.int64), b""
