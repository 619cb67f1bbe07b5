"""What a model's reconstructions are held against: PCA, or k-means for a model whose codes are points of a list."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from vae.spec import Spec

if TYPE_CHECKING:  # the verdicts, which the app reads, import this file
    import torch

MOST_POINTS = 512  # beyond so many points k-means takes longer than all other measurements


class Classical(NamedTuple):
    """A classical method of a model's size: its number of axes or of points."""

    method: str
    size: int

    def __str__(self) -> str:
        return f"PCA with {self.size} axes" if self.method == "pca" else f"k-means with {self.size} points"


def counterpart(spec: Spec) -> Classical:
    """Return the classical method that says as much about an image as a model's code does.

    A codebook's code is one of some points, and PCA's are real numbers, which no list of points can match; k-means
    has the same number of points. Where these are more than 512, or codes are real numbers, it is PCA.
    """
    if spec.posterior_kind.codebook:
        points = spec.posterior["codes"] ** (spec.latent // spec.posterior["size"])
        if points <= MOST_POINTS:
            return Classical("k-means", points)
    return Classical("pca", spec.latent)


def pca(known: "torch.Tensor", x: "torch.Tensor", d: int) -> "torch.Tensor":
    """Return the squared error [N] of x [N, D] projected onto the mean and first d principal axes of known [M, D]."""
    import torch

    mean = known.mean(0)
    away = known - mean
    if away.shape[1] > 4 * d + 64 and away.shape[1] > 1024:
        axes = torch.svd_lowrank(away, q=min(2 * d + 10, *away.shape), niter=4)[2][:, :d]
    else:
        axes = torch.linalg.eigh(away.T @ away).eigenvectors.flip(1)[:, :d]
    rest = x - mean
    return (rest - rest @ axes @ axes.T).square().sum(1)


def k_means(known: "torch.Tensor", x: "torch.Tensor", points: int) -> "torch.Tensor":
    """Return the squared error [N] of x [N, D] replaced by the nearest of k-means' points, fitted to known [M, D]."""
    import torch
    from sklearn.cluster import MiniBatchKMeans

    found = MiniBatchKMeans(min(points, len(known)), n_init=1, random_state=0).fit(known.numpy())
    return torch.from_numpy(np.square(found.transform(x.numpy()).min(1)))


METHODS = {"pca": pca, "k-means": k_means}
