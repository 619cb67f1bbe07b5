"""Probabilistic PCA in closed form: for tests, as a baseline, and for the lesson on linear models. float64, no torch.

Source: Tipping & Bishop 1999; the linear VAE's ELBO has the same optimum (Lucas et al. 2019).
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

TURN = 0.05  # part of the way to the principal axes by which the latents turn at each step of the ascent


@dataclass(frozen=True)
class PPCA:
    """x = W z + b + sigma e with z ~ N(0, I_k), e ~ N(0, I_D); W [D, k], b [D]."""

    weight: Array
    bias: Array
    sigma: float

    @classmethod
    def fit(cls, x: Array, k: int) -> "PPCA":
        """Return the maximum-likelihood model of x [N, D]: sigma^2 the mean discarded eigenvalue, W = U (L - s^2)^1/2.

        Raises ValueError unless 0 < k < D and the discarded eigenvalues are positive.
        """
        if not 0 < k < x.shape[1]:
            raise ValueError(f"k must lie between 1 and {x.shape[1] - 1}, not {k}")
        x = np.asarray(x, dtype=np.float64)
        if not np.isfinite(x).all():
            raise ValueError("some examples are not finite, so they have no covariance")
        bias = x.mean(0)
        values, vectors = np.linalg.eigh(np.cov(x.T, bias=True))
        values, vectors = values[::-1], vectors[:, ::-1]
        variance = values[k:].mean()
        if variance <= 0:
            raise ValueError("the data lie in a k-dimensional plane: sigma would be 0 and log p(x) infinite")
        return cls(vectors[:, :k] * np.sqrt(np.maximum(values[:k] - variance, 0)), bias, math.sqrt(variance))

    @property
    def covariance(self) -> Array:
        """W W' + sigma^2 I [D, D]."""
        return self.weight @ self.weight.T + self.sigma**2 * np.eye(len(self.bias))

    def log_px(self, x: Array) -> Array:
        """Return log N(x; b, W W' + sigma^2 I) [N], nats."""
        return log_normal(x, self.bias, self.covariance)

    def posterior(self, x: Array) -> tuple[Array, Array]:
        """Return p(z|x)'s means M^-1 W'(x - b) [N, k] and covariance sigma^2 M^-1 [k, k], M = W'W + sigma^2 I."""
        m = self.weight.T @ self.weight + self.sigma**2 * np.eye(self.weight.shape[1])
        means = np.linalg.solve(m, self.weight.T @ (x - self.bias).T).T
        return np.asarray(means, np.float64), np.asarray(self.sigma**2 * np.linalg.inv(m), np.float64)

    def conditional(self, x: Array, seen: NDArray[np.bool_]) -> tuple[Array, Array]:
        """Return the mean [M] and covariance [M, M] of the M values of x [D] that are not `seen` [D], given the others.

        b_m + C_mo C_oo^-1 (x_o - b_o) and C_mm - C_mo C_oo^-1 C_om, with C the covariance of x.
        """
        c, o = self.covariance, np.asarray(seen, bool)
        gain = np.linalg.solve(c[np.ix_(o, o)], c[np.ix_(o, ~o)]).T
        return self.bias[~o] + gain @ (x[o] - self.bias[o]), c[np.ix_(~o, ~o)] - gain @ c[np.ix_(o, ~o)]

    def elbo(self, x: Array, means: Array, covariance: Array) -> Array:
        """Return log p(x) - KL(q || p(z|x)) [N] for q = N(means [N, k], covariance [k, k]), nats."""
        true_means, true_covariance = self.posterior(x)
        shift = means - true_means
        mahalanobis = np.einsum("ni,ij,nj->n", shift, np.linalg.inv(true_covariance), shift)
        return self.log_px(x) - normal_kl(covariance, true_covariance) - 0.5 * mahalanobis


@dataclass(frozen=True)
class Ascent:
    """A linear VAE in training: its decoder as a pPCA, and its ELBO, the mean over the data, in nats."""

    model: PPCA
    elbo: float


def ascend(x: Array, k: int, steps: int, seed: int = 0) -> Iterator[Ascent]:
    """Yield the steps of training a linear VAE on x [N, D] from random weights, by alternating the best q and decoder.

    q(z|x) = N(M^-1 W'(x - b), diag s^2) with s_i^2 = sigma^2 / M_ii, the best with independent dimensions; then
    W = C' E[zz']^-1 with C = E[z (x - b)'], and sigma^2 the remaining mean square. Last, the latents turn by TURN of
    the way to where W'W is diagonal: p(x) stays the same, and the gap falls. (Without that, it takes thousands of
    steps, since so little of the ELBO depends on it.) Each step raises the ELBO, whose optimum is pPCA with orthogonal
    columns: its axes are the principal axes (Lucas et al. 2019). Raises ValueError unless 0 < k < D.
    """
    dim = x.shape[1]
    if not 0 < k < dim:
        raise ValueError(f"k must lie between 1 and {dim - 1}, not {k}")
    x = np.asarray(x, dtype=np.float64)
    bias = x.mean(0)
    s = np.cov(x.T, bias=True)
    total = float(np.trace(s))
    weight = np.random.default_rng(seed).normal(size=(dim, k)) * math.sqrt(total / dim) * 0.3
    variance = total / dim
    for _ in range(steps + 1):
        m = weight.T @ weight + variance * np.eye(k)
        gain = np.linalg.solve(m, weight.T)
        spread = variance / np.diag(m)
        cross = gain @ s  # E[z (x - b)']
        square = cross @ gain.T + np.diag(spread)
        left = total - 2 * np.sum(weight * cross.T) + np.sum(weight @ square * weight)
        fit = -0.5 * dim * math.log(2 * math.pi * variance) - 0.5 * left / variance
        rate = 0.5 * (np.trace(square) - k - np.log(spread).sum())
        yield Ascent(PPCA(weight, bias, math.sqrt(variance)), float(fit - rate))
        weight = np.asarray(np.linalg.solve(square, cross).T, np.float64)
        # the remaining mean square does not change when latents and columns turn together
        variance = float(total - 2 * np.sum(weight * cross.T) + np.sum(weight @ square * weight)) / dim
        weight = weight @ _turn(weight.T @ weight + variance * np.eye(k))


def _turn(m: Array) -> Array:
    """Return a rotation [k, k] by TURN of the way to the eigenvectors of M [k, k], or the identity.

    For q with independent dimensions the gap is (sum_i log M_ii - log det M) / 2: it must not become larger.
    """
    vectors = np.linalg.eigh(m)[1]
    # each column to the axis that it is nearest to, so that the way is short
    order = np.argmax(np.abs(vectors), axis=0)
    if len(set(order)) < len(order):
        order = np.arange(len(order))
    near = vectors[:, np.argsort(order)]
    near = near * np.where(np.diag(near) < 0, -1.0, 1.0)
    half = TURN / 4 * (near - near.T)  # for k = 2 half of TURN times the sine of the angle
    rotation: Array = np.linalg.solve(np.eye(len(m)) - half, np.eye(len(m)) + half)  # Cayley's: exactly orthogonal
    turned = rotation.T @ m @ rotation
    return rotation if np.log(np.diag(turned)).sum() <= np.log(np.diag(m)).sum() else np.eye(len(m))


def log_normal(x: Array, mean: Array, covariance: Array) -> Array:
    """Return log N(x; mean, covariance) [N] by Cholesky, nats."""
    chol = np.linalg.cholesky(covariance)
    white = np.linalg.solve(chol, (x - mean).T)
    half_log_det = np.log(np.diag(chol)).sum()
    result: Array = -0.5 * (white**2).sum(0) - half_log_det - 0.5 * len(covariance) * math.log(2 * math.pi)
    return result


def normal_kl(d: Array, s: Array) -> float:
    """Return KL(N(m, D) || N(m, S)) = (tr(S^-1 D) - k - ln det D / det S) / 2, nats."""
    ratio = np.linalg.solve(s, d)
    return 0.5 * float(np.trace(ratio) - len(s) - np.linalg.slogdet(ratio)[1])
