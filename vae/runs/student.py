"""Student's t without scipy, which the app's process does not load: means of few values, and paired differences."""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

LEVEL = 0.95  # of an interval
TINY = 1e-300
TERMS = 500  # of the continued fraction, far more than it needs for the degrees of freedom that occur
HALVINGS = 200


@dataclass(frozen=True)
class Mean:
    """The mean of n values, their standard deviation, its standard error, and a t interval; nan where n is 1.

    `p` is the two-sided probability of a mean at least so far from 0 if the true one is 0.
    """

    value: float
    sd: float
    se: float
    n: int
    low: float
    high: float
    p: float

    @property
    def sure(self) -> bool:
        """Whether the interval excludes 0."""
        return self.low > 0 or self.high < 0


def mean(values: ArrayLike, level: float = LEVEL) -> Mean:
    """Return the mean of values [n] with a t interval; raises ValueError for none, and for values that are not finite.

    Source: Student 1908, for Normal values; for many values of any kind by the central limit theorem.
    """
    x = np.asarray(values, dtype=np.float64)
    if not x.size or not np.isfinite(x).all():
        raise ValueError("a mean needs at least one value, and finite ones")
    n, centre = x.size, float(x.mean())
    if n == 1:
        return Mean(centre, math.nan, math.nan, 1, math.nan, math.nan, math.nan)
    sd = float(x.std(ddof=1))
    se = sd / math.sqrt(n)
    half = se * quantile(0.5 + level / 2, n - 1)
    if se > 0:
        p = 2 * cdf(-abs(centre) / se, n - 1)
    else:
        p = 1.0 if centre == 0 else 0.0
    return Mean(centre, sd, se, n, centre - half, centre + half, p)


def paired(a: ArrayLike, b: ArrayLike, level: float = LEVEL) -> Mean:
    """Return the mean of a - b, pair by pair, with a t interval; raises ValueError for other lengths, and as `mean`."""
    one, other = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if one.shape != other.shape:
        raise ValueError(f"{one.shape} and {other.shape} are no pairs")
    return mean(one - other, level)


def cdf(t: float, df: float) -> float:
    """Return P(T <= t) of Student's t with df degrees of freedom, by the incomplete beta function."""
    total = df + t * t
    tail = 0.5 * _beta(df / total, t * t / total, df / 2, 0.5)
    return tail if t < 0 else 1 - tail


@lru_cache(maxsize=256)
def quantile(p: float, df: float) -> float:
    """Return t with P(T <= t) = p of Student's t with df degrees of freedom, for 0 < p < 1."""
    if p < 0.5:
        return -quantile(1 - p, df)
    low, high = 0.0, 1.0
    while cdf(high, df) < p:
        high *= 2
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (middle, high) if cdf(middle, df) < p else (low, middle)
    return (low + high) / 2


def _beta(x: float, y: float, a: float, b: float) -> float:
    """Return the regularised incomplete beta function I_x(a, b), by Lentz's continued fraction (DLMF 8.17.22).

    `y` is 1 - x, which is given too because it may be too small for the difference.
    """
    if x <= 0 or y <= 0:
        return float(y <= 0)
    if x > (a + 1) / (a + b + 2):
        return 1 - _beta(y, x, b, a)
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log(y) - math.log(a)
    )
    value, c, d = 1.0, 1.0, 0.0
    for i in range(TERMS):
        m = i // 2
        if i == 0:
            numerator = 1.0
        elif i % 2 == 0:
            numerator = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        else:
            numerator = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        d = 1 / (1 + numerator * d or TINY)
        c = 1 + numerator / c or TINY
        value *= c * d
        if abs(1 - c * d) < 1e-15:
            break
    return front * (value - 1)
