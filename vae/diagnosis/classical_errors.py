"""The squared errors of PCA and of k-means, fitted to training examples."""

import numpy as np
import torch


def pca(known: torch.Tensor, x: torch.Tensor, d: int) -> torch.Tensor:
    """Return the squared error [N] of x [N, D] projected onto the mean and first d principal axes of known [M, D]."""
    mean = known.mean(0)
    away = known - mean
    if away.shape[1] > 4 * d + 64 and away.shape[1] > 1024:
        axes = torch.svd_lowrank(away, q=min(2 * d + 10, *away.shape), niter=4)[2][:, :d]
    else:
        axes = torch.linalg.eigh(away.T @ away).eigenvectors.flip(1)[:, :d]
    rest = x - mean
    return (rest - rest @ axes @ axes.T).square().sum(1)


def k_means(known: torch.Tensor, x: torch.Tensor, points: int) -> torch.Tensor:
    """Return the squared error [N] of x [N, D] replaced by the nearest of k-means' points, fitted to known [M, D]."""
    from sklearn.cluster import MiniBatchKMeans

    found = MiniBatchKMeans(min(points, len(known)), n_init=1, random_state=0).fit(known.numpy())
    return torch.from_numpy(np.square(found.transform(x.numpy()).min(1)))


METHODS = {"pca": pca, "k-means": k_means}
