"""Whether a point lies in the data or in a hole of the aggregate posterior: log q(z) - log p(z), where q(z) is to be
trusted, and else the distance to the nearest code. numpy alone, so that the app can ask too.

Explore's card judges by the same numbers, in the browser.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

HOLE = -2.0  # log q(z) - log p(z) in nats below which a point counts as a hole
STRAYS = 0.1  # if more of the codes than this, each left out in turn, count as holes, q(z) is not to be trusted
FAR = 4.0  # without a trustworthy q(z): how many typical neighbour distances from the nearest code is out of the data
JUDGES = 200  # codes that are left out in turn
PAIRS = 2**21  # pairs of a point and a code held at a time

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Aggregate:
    """q(z) = (1/N) sum_i N(z; mu_i, diag sigma_i^2) of codes: means and scales [N, d]; without scales only points."""

    means: Array
    scales: Array | None

    def _parts(self, count: int) -> list[slice]:
        rows = max(1, PAIRS // len(self.means))
        return [slice(start, start + rows) for start in range(0, count, rows)]

    def log_prob(self, z: Array, skip: NDArray[np.int64] | None = None) -> Array:
        """Return log q(z) [M] in nats of z [M, d], exactly over all codes but number `skip` [M] of each point.

        Raises TypeError without scales: points have no density.
        """
        if self.scales is None:
            raise TypeError("an autoencoder's codes are points: they have no density q(z)")
        z = np.asarray(z, np.float64)
        shift = self.means.mean(0)  # about the codes' centre, the squares that cancel are small
        means, z, precision = self.means - shift, z - shift, self.scales**-2.0
        constant = -0.5 * (means**2 * precision).sum(1) - np.log(self.scales).sum(1)
        found = []
        for part in self._parts(len(z)):
            log_q = -0.5 * z[part] ** 2 @ precision.T + z[part] @ (means * precision).T + constant
            if skip is not None:
                log_q[np.arange(len(log_q)), skip[part]] = -np.inf
            top = log_q.max(1, keepdims=True)
            # below -708 is nothing in float64 either, but such an exp takes fifteen times as long
            found.append(np.log(np.exp(np.maximum(log_q - top, -700)).sum(1)) + top[:, 0])
        count = len(means) - (skip is not None)
        each = np.concatenate(found) if found else np.zeros(0)
        return np.asarray(each - math.log(count) - 0.5 * means.shape[1] * math.log(2 * math.pi))

    def nearest(self, z: Array, skip: NDArray[np.int64] | None = None) -> tuple[NDArray[np.int64], Array]:
        """Return the nearest code [M] of z [M, d] but number `skip` [M], and its distance [M] in latent units."""
        z = np.asarray(z, np.float64)
        index, distance = [np.zeros(0, np.int64)], [np.zeros(0)]
        for part in self._parts(len(z)):
            squares = sum(
                (z[part, j, None] - self.means[None, :, j]) ** 2 for j in range(z.shape[1])
            )  # differences, not a product: nothing cancels
            squares = np.asarray(squares)
            if skip is not None:
                squares[np.arange(len(squares)), skip[part]] = np.inf
            index.append(squares.argmin(1))
            distance.append(np.sqrt(squares.min(1)))
        return np.concatenate(index), np.concatenate(distance)

    def judges(self) -> NDArray[np.int64]:
        """Return which codes are left out in turn to see how far q(z) is to be trusted: at most JUDGES, evenly."""
        count = min(JUDGES, len(self.means))
        return np.asarray(np.arange(count) * len(self.means) // max(count, 1), np.int64)


@dataclass(frozen=True)
class Calibration:
    """How codes look that are left out of q(z): the share that would count as holes (None: there is no q(z) to ask),
    and their median distance to the nearest other one."""

    strays: float | None
    spacing: float

    @property
    def trusted(self) -> bool:
        """Whether log q(z) - log p(z) tells data from holes here."""
        return self.strays is not None and self.strays <= STRAYS


def calibrate(codes: Aggregate, log_p: Array | None) -> Calibration:
    """Return how far q(z) of codes is to be trusted, given log p(z) [J] at `codes.judges()`, None without a prior.

    Few codes in many dimensions leave most of them alone, and their q(z) is then worthless. Raises ValueError for fewer
    than two codes.
    """
    if len(codes.means) < 2:
        raise ValueError("fewer than two codes have no neighbours to judge by")
    judges = codes.judges()
    points = codes.means[judges]
    spacing = float(np.median(codes.nearest(points, judges)[1])) or 1.0
    if log_p is None or codes.scales is None:
        return Calibration(None, spacing)
    strays = float((codes.log_prob(points, judges) - log_p < HOLE).mean())
    return Calibration(strays, spacing)


def inside(calibration: Calibration, ratio: Array | None, distance: Array) -> NDArray[np.bool_]:
    """Return whether points [M] are in the data: by `ratio` = log q(z) - log p(z) [M] where q(z) is trusted, else
    by the `distance` [M] to the nearest code.
    """
    if calibration.trusted and ratio is not None:
        return np.asarray(ratio >= HOLE)
    return np.asarray(distance < FAR * calibration.spacing)
