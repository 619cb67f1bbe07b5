"""Properties of the codes: active units, accuracy of labels predicted from codes, and estimates by class."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vae.data.batches import Batches
from vae.evaluation.estimate import Estimate
from vae.model import LatentModel

ACTIVE = 0.01
Array = NDArray[np.float64]
Labels = NDArray[np.int64]


@torch.no_grad()
def means(model: LatentModel, batches: Batches, n: int | None = None, seed: int = 0, rows: int = 1000) -> Tensor:
    """Return E[z|x] [N, d] of the first n examples, float64; binarisation from `seed`."""
    generator = torch.Generator(device=batches.examples.device).manual_seed(seed)
    count = len(batches) if n is None else min(n, len(batches))
    parts = [batches.take(slice(s, min(s + rows, count)), generator) for s in range(0, count, rows)]
    return torch.cat([model.encode(x).mean for x in parts]).double()


@dataclass(frozen=True)
class ActiveUnits:
    """Active units: `variance` [d] of E[z_j|x] over `n` examples, and `se` [d] of that variance."""

    count: int
    variance: Tensor
    se: Tensor
    n: int


def active_units(codes: Tensor, threshold: float = ACTIVE) -> ActiveUnits:
    """Return which units of codes E[z|x] [N, d] are active: Var_x E[z_j|x] > threshold.

    The variance is over the data. Source: Burda et al. 2016, section 5.2.
    Raises ValueError for fewer than two examples.
    """
    if len(codes) < 2:
        raise ValueError("a variance over the data needs at least two examples")
    away = (codes.double() - codes.double().mean(0)).square()
    variance = away.sum(0) / (len(codes) - 1)
    return ActiveUnits(int((variance > threshold).sum()), variance, away.std(0) / math.sqrt(len(codes)), len(codes))


def knn_accuracy(train: Array, train_labels: Labels, test: Array, test_labels: Labels, k: int = 5) -> Estimate:
    """Return the accuracy of the k nearest training codes [N, d] as a classifier of the test codes' labels."""
    from sklearn.neighbors import KNeighborsClassifier

    found = KNeighborsClassifier(min(k, len(train))).fit(train, train_labels).predict(test)
    return Estimate.of(torch.from_numpy(found == test_labels))


def linear_accuracy(train: Array, train_labels: Labels, test: Array, test_labels: Labels) -> Estimate:
    """Return the test accuracy of a logistic regression on standardised training codes [N, d]."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(train, train_labels)
    return Estimate.of(torch.from_numpy(probe.predict(test) == test_labels))


def by_class(values: Tensor, labels: Labels, classes: tuple[str, ...]) -> dict[str, Estimate]:
    """Return the mean of per-example values [N] for every class with examples."""
    found = torch.from_numpy(np.asarray(labels))
    parts = {name: values[found == k] for k, name in enumerate(classes)}
    return {name: Estimate.of(part) for name, part in parts.items() if len(part)}
