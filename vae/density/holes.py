"""Whether a point lies in the data or in a hole of the aggregate posterior: log q(z) - log p(z), where q(z) is to be
trusted, and else the distance to the nearest code. numpy alone, so that the app can ask too.

Explore's card judges by the same numbers, in the browser.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vae.density.log_q import PAIRS, Array, log_q

HOLE = -2.0  # log q(z) - log p(z) in nats below which a point counts as a hole
STRAYS = 0.1  # if more of the codes than this, each left out in turn, count as holes, q(z) is not to be trusted
FAR = 4.0  # without a trustworthy q(z): how many typical neighbour distances from the nearest code is out of the data
JUDGES = 200  # codes that are left out in turn


@dataclass(frozen=True)
class Aggregate:
    """q(z) = (1/N) sum_i N(z; mu_i, diag sigma_i^2) of codes: means and scales [N, d]; without scales only points."""

    means: Array
    scales: Array | None

    def log_prob(self, z: Array, left_out: NDArray[np.int64] | None = None) -> Array:
        """Return log q(z) [M] in nats of z [M, d], exactly over all codes but number `left_out` [M] of each point.

        Raises TypeError without scales: points have no density.
        """
        if self.scales is None:
            raise TypeError("an autoencoder's codes are points: they have no density q(z)")
        return log_q(self.means, self.scales, z, left_out)

    def nearest(self, z: Array, left_out: NDArray[np.int64] | None = None) -> tuple[NDArray[np.int64], Array]:
        """Return the nearest code [M] of z [M, d] but number `left_out` [M], and its distance [M] in latent units."""
        z = np.asarray(z, np.float64)
        index, distance = np.zeros(len(z), np.int64), np.zeros(len(z))
        rows = max(1, PAIRS // len(self.means))
        for start in range(0, len(z), rows):
            part = slice(start, start + rows)
            # differences, not a product: nothing cancels
            squares = np.zeros((len(z[part]), len(self.means)))
            for j in range(z.shape[1]):
                squares += (z[part, j, None] - self.means[:, j]) ** 2
            if left_out is not None:
                squares[np.arange(len(squares)), left_out[part]] = np.inf
            index[part], distance[part] = squares.argmin(1), np.sqrt(squares.min(1))
        return index, distance

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
