"""Traversals: change one dimension of z while the others stay fixed; dimensions are ordered by KL. No torch."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vae.geometry.plane import rates
from vae.runs import Codes

DEAD = 0.01  # nats of rate below which a dimension carries nothing
STILL = 0.01  # share of the largest variance of E[z_j|x] below which a dimension without a rate carries nothing
REACH = 3.0  # standard deviations of the prior that a traversal covers to either side
TAIL = 0.005  # share of the codes beyond either end of a traversal without a Normal prior

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Dimension:
    """Dimension `index` of z: its mean KL(q(z_j|x) || p(z_j)) in nats (None without one), Var_x E[z_j|x], the range
    of a traversal, and why the dimension is inactive ("" if it is active)."""

    index: int
    kl: float | None
    variance: float
    low: float
    high: float
    dead: str = ""


def dead(rates: Array | None, variance: Array) -> NDArray[np.bool_]:
    """Return which dimensions [d] carry nothing: the one definition on every page.

    Those with a mean rate [d] below DEAD nats; without rates those whose variance of E[z_j|x] [d] over the data is
    below STILL of the largest. (The active units of Burda et al. 2016 are another count, of Var E[z_j|x] > 0.01.)
    """
    if rates is not None:
        return np.asarray(np.asarray(rates) < DEAD)
    variance = np.asarray(variance)
    return np.asarray(variance <= STILL * variance.max())


def dimensions(codes: Codes, normal: bool) -> list[Dimension]:
    """Return all dimensions in descending order of KL.

    `normal`: q(z|x) is Normal and the prior is N(0, I), so that KL(q(z_j|x) || p(z_j)) = (mu^2 + sigma^2 - 1)/2 - log
    sigma, averaged over the codes, and the range is +-3 prior sigma. Otherwise they are ordered by the variance of
    E[z_j|x], over the range that holds all but 1 % of the codes. `dead` says which are inactive.
    """
    variance = codes.means.astype(np.float64).var(0, ddof=1)
    kl = rates(codes) if normal else None
    low, high = np.quantile(codes.means.astype(np.float64), (TAIL, 1 - TAIL), axis=0)
    gone = dead(kl, variance)
    found = []
    for j in np.argsort(-(kl if kl is not None else variance), kind="stable"):
        ends = (-REACH, REACH) if normal else (float(low[j]), float(high[j]))
        if not ends[0] < ends[1]:
            ends = (ends[0] - 1.0, ends[1] + 1.0)  # a constant dimension has no range
        why = ""
        if gone[j] and kl is not None:
            why = f"its rate is {kl[j]:.4f} nats, below {DEAD:g}: q(z|x) hardly changes between images"
        elif gone[j]:
            why = f"its codes' variance is {variance[j]:.2g}, less than {STILL:.0%} of the largest"
        found.append(Dimension(int(j), None if kl is None else float(kl[j]), float(variance[j]), *ends, why))
    return found


def frames(start: Array, dimension: Dimension, count: int) -> Array:
    """Return z [count, d] along one dimension from its low to its high end, the others as in `start` [d].

    Raises ValueError for fewer than two frames.
    """
    if count < 2:
        raise ValueError(f"a traversal needs at least two frames, not {count}")
    z = np.repeat(np.asarray(start, np.float64)[None], count, 0)
    z[:, dimension.index] = np.linspace(dimension.low, dimension.high, count)
    return z
