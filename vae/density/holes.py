"""Decide whether a point lies in the data or in a hole of the aggregate posterior.

The criterion is log q(z) - log p(z) if q(z) is reliable, otherwise the distance to the nearest code, held against that
of q(z)'s own draws. All latent dimensions count. No torch, so that the app can use it.

q(z) is that of the population, estimated from N codes. Their own mixture leaves gaps between them that more codes would
fill, so that its share of holes falls with N: 65 % at 300 codes and 12 % at 10,000 of one model. Each code is therefore
widened by a bandwidth, chosen as what gives left-out draws the highest density; it falls to 0 as N grows.

Distances shrink as the codes become more, for draws of the prior and of q(z) alike: what is compared does not depend on
N, and where q(z) is the prior itself, as many draws of both lie far away. Explore, Sample and Diagnose use the same
criterion, the first in the browser.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vae.density.log_q import PAIRS, Array, log_q

HOLE = -2.0  # log q(z) - log p(z) in nats below which a point counts as a hole
STRAYS = 0.1  # q(z) is unreliable if a larger share of the left-out codes counts as holes
NEAR = 0.95  # share of q(z)'s own draws that are near its codes; if q(z) is unreliable, what is farther is a hole
JUDGES = 200  # codes that are left out in turn
WIDER = (0.0, 0.05, 0.1, 0.2, 0.3, 0.45, 0.7, 1.0, 1.5)  # bandwidths, in units of the codes' sigma N^(-1 / (d + 4))
PART = 0.5  # of the likeliest bandwidth: it is best where most draws are, and in the tails, where holes are, too wide
FLOOR = 30.0  # nats below which a left-out draw is as bad as any: one far away must not decide the bandwidth


@dataclass(frozen=True)
class Aggregate:
    """q(z) = (1/N) sum_i N(z; mu_i, diag sigma_i^2) of means and scales [N, d] (None for an autoencoder).

    `spread` [N, d] are the codes' own scales, where `scales` are wider (None: they are the same).
    """

    means: Array
    scales: Array | None
    spread: Array | None = None

    @classmethod
    def of_population(cls, means: Array, scales: Array | None) -> "Aggregate":
        """Return q(z) of the population that N codes are a sample of: their mixture, each code as wide as `widths`."""
        return cls(means, None if scales is None else widths(means, scales), scales)

    def own_draws(self, chosen: NDArray[np.int64]) -> Array:
        """Return a draw of q(z|x) of each chosen code [J, d], always the same; of an autoencoder the code itself."""
        spread = self.scales if self.spread is None else self.spread
        points = np.asarray(self.means[chosen], np.float64)
        if spread is None:
            return points
        return np.asarray(points + spread[chosen] * np.random.default_rng(0).standard_normal(points.shape))

    def log_prob(self, z: Array, left_out: NDArray[np.int64] | None = None) -> Array:
        """Return log q(z) [M] in nats of z [M, d], exact; code number `left_out` [M] is excluded for each point.

        Raises TypeError without scales: points have no density.
        """
        if self.scales is None:
            raise TypeError("an autoencoder's codes are points: they have no density q(z)")
        return log_q(self.means, self.scales, z, left_out)

    def nearest(self, z: Array, left_out: NDArray[np.int64] | None = None) -> tuple[NDArray[np.int64], Array]:
        """Return the nearest code [M] of z [M, d], except number `left_out` [M], and its distance [M] in z."""
        z = np.asarray(z, np.float64)
        index, distance = np.zeros(len(z), np.int64), np.zeros(len(z))
        rows = max(1, PAIRS // len(self.means))
        for start in range(0, len(z), rows):
            part = slice(start, start + rows)
            # expanded squares would cancel
            squares = np.zeros((len(z[part]), len(self.means)))
            for j in range(z.shape[1]):
                squares += (z[part, j, None] - self.means[:, j]) ** 2
            if left_out is not None:
                squares[np.arange(len(squares)), left_out[part]] = np.inf
            index[part], distance[part] = squares.argmin(1), np.sqrt(squares.min(1))
        return index, distance

    def judges(self) -> NDArray[np.int64]:
        """Return evenly spaced codes (at most JUDGES), to be left out in turn to test whether q(z) is reliable."""
        count = min(JUDGES, len(self.means))
        return np.asarray(np.arange(count) * len(self.means) // max(count, 1), np.int64)


def widths(means: Array, scales: Array) -> Array:
    """Return sqrt(scales^2 + h^2) [N, d], h PART of the bandwidth that left-out draws of q(z) find most likely.

    Each of at most JUDGES codes gives a draw of its own q(z|x), whose density by the other codes is compared for WIDER
    bandwidths, in units of Scott's rule; source: leave-one-out likelihood, Duin 1976. Deterministic.
    """
    means, scales = np.asarray(means, np.float64), np.asarray(scales, np.float64)
    n, d = means.shape
    if n < 2:
        return scales
    plain = Aggregate(means, scales)
    judges = plain.judges()
    draws = plain.own_draws(judges)
    unit = means.std(0) * n ** (-1 / (d + 4))

    def wider(c: float) -> Array:
        return np.asarray(np.sqrt(scales**2 + (c * unit) ** 2))

    scores = [np.maximum(log_q(means, wider(c), draws, judges), -FLOOR).mean() for c in WIDER]
    return wider(PART * WIDER[int(np.argmax(scores))])


@dataclass(frozen=True)
class Calibration:
    """The result of leaving codes out of q(z) in turn: the share that would count as holes (None without
    density q(z)), and the distance to the nearest other code that NEAR of their draws do not exceed."""

    strays: float | None
    far: float

    @property
    def trusted(self) -> bool:
        """Whether log q(z) - log p(z) separates data from holes for these codes."""
        return self.strays is not None and self.strays <= STRAYS


def calibrate(codes: Aggregate, log_p: Array | None) -> Calibration:
    """Return the reliability of q(z), given log p(z) [J] at `codes.judges()` (None without a prior).

    With few codes in many dimensions most codes are isolated, and q(z) is then useless. Raises ValueError for fewer
    than two codes.
    """
    if len(codes.means) < 2:
        raise ValueError("fewer than two codes have no neighbours to judge by")
    judges = codes.judges()
    far = float(np.quantile(codes.nearest(codes.own_draws(judges), judges)[1], NEAR)) or 1.0
    if log_p is None or codes.scales is None:
        return Calibration(None, far)
    strays = float((codes.log_prob(codes.means[judges], judges) - log_p < HOLE).mean())
    return Calibration(strays, far)


def inside(calibration: Calibration, ratio: Array | None, distance: Array) -> NDArray[np.bool_]:
    """Return whether points [M] are in the data: by `ratio` = log q(z) - log p(z) [M] if q(z) is reliable,
    otherwise by the `distance` [M] to the nearest code.
    """
    if calibration.trusted and ratio is not None:
        return np.asarray(ratio >= HOLE)
    return np.asarray(distance <= calibration.far)
