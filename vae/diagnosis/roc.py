"""How well a score tells two sets of examples apart: the ROC curve and its area, and the table of the scores."""

import csv
import io
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vae.diagnosis.evidence import Number, Strange


def auc(own: ArrayLike, other: ArrayLike) -> Number:
    """Return the probability that an example of `other` has a higher score than one of `own`, ties counted as half.

    This is the area under the ROC curve; its error is DeLong's (1988). Raises ValueError for fewer than two of either.
    """
    a, b = np.sort(np.asarray(own, np.float64)), np.sort(np.asarray(other, np.float64))
    if min(len(a), len(b)) < 2:
        raise ValueError("an AUC with its error needs two examples of each set")
    above = (np.searchsorted(a, b, "left") + np.searchsorted(a, b, "right")) / (2 * len(a))  # of each other example
    below = 1 - (np.searchsorted(b, a, "left") + np.searchsorted(b, a, "right")) / (2 * len(b))  # of each own one
    error = math.sqrt(above.var(ddof=1) / len(b) + below.var(ddof=1) / len(a))
    return Number(float(above.mean()), error, len(a) + len(b))


@dataclass(frozen=True)
class Curve:
    """A ROC curve: for each `threshold`, the shares of own and of other examples whose score is at least as high."""

    threshold: NDArray[np.float64]
    false_alarms: NDArray[np.float64]
    found: NDArray[np.float64]


def curve(own: ArrayLike, other: ArrayLike) -> Curve:
    """Return the ROC curve at every distinct score, from the highest to the lowest, after (0, 0) at infinity."""
    a, b = np.sort(np.asarray(own, np.float64)), np.sort(np.asarray(other, np.float64))
    at = np.unique(np.concatenate([a, b]))[::-1]
    shares = [1 - np.searchsorted(v, at, "left") / len(v) for v in (a, b)]
    return Curve(np.concatenate([[np.inf], at]), *(np.concatenate([[0.0], share]) for share in shares))


def to_csv(found: Strange, own: str, pixels: int) -> str:
    """Return a line for each image: its dataset, its number there, its scores in nats, and -log p(x) a pixel."""
    names = list(found.auc)
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["data", "image", *names, "likelihood_per_pixel"])
    for name, numbers, scores in (
        (own, found.own_images, found.own),
        (found.against, found.other_images, found.other),
    ):
        for i, image in enumerate(numbers):
            values = [scores[one][i] for one in names]
            writer.writerow([name, image, *values, f"{scores['likelihood'][i] / pixels:.6f}"])
    return file.getvalue()
