"""Attribute vectors: directions from one group of codes to another, with an effect size and a permutation test."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEAST = 4  # least codes in a group: two halves of two


@dataclass(frozen=True)
class Attribute:
    """vector = mean(A) - mean(B) [d], and Cohen's d of A against B along it with its standard error.

    `random` [R] are the same d for pairs of random groups of the same sizes: the null distribution.
    """

    vector: NDArray[np.float64]
    effect: float
    se: float
    random: NDArray[np.float64]
    sizes: tuple[int, int]

    @property
    def beyond(self) -> float:
        """The p-value of the permutation test: the share of random pairs with a larger |d|, at least 1 / (R + 1)."""
        return float((1 + (np.abs(self.random) >= abs(self.effect)).sum()) / (1 + len(self.random)))


def cohens_d(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Return (mean a - mean b) / s of numbers a [A] and b [B], s^2 their pooled variance; 0 if nothing varies."""
    freedom = len(a) + len(b) - 2
    pooled = ((len(a) - 1) * a.var(ddof=1) + (len(b) - 1) * b.var(ddof=1)) / freedom
    return float((a.mean() - b.mean()) / math.sqrt(pooled)) if pooled > 0 else 0.0


def cohens_error(d: float, a: int, b: int) -> float:
    """Return the standard error of Cohen's d from groups of a and b. Source: Hedges & Olkin 1985, ch. 5, eq. 8."""
    return math.sqrt((a + b) / (a * b) + d * d / (2 * (a + b)))


def _crossed(codes: NDArray[np.float64], a: NDArray[np.int64], b: NDArray[np.int64]) -> float:
    """Return cross-validated Cohen's d: that of each half along the other half's vector, averaged."""
    found = []
    for here, there in ((slice(0, None, 2), slice(1, None, 2)), (slice(1, None, 2), slice(0, None, 2))):
        vector = codes[a[there]].mean(0) - codes[b[there]].mean(0)
        found.append(cohens_d(codes[a[here]] @ vector, codes[b[here]] @ vector))
    return float(np.mean(found))


def attribute(
    codes: NDArray[np.floating],
    a: NDArray[np.integer],
    b: NDArray[np.integer],
    repeats: int = 200,
    seed: int = 0,
) -> Attribute:
    """Return the vector from the codes [N, d] of group b to those of group a, given as indices, and its effect size.

    d is measured on codes that were not used for the direction (two halves in turn): along a direction fitted to the
    same codes, even random groups differ in many dimensions. Source: Larsen et al. 2016 (attribute vectors); Cohen
    1988. Raises ValueError for groups that are too small or share codes.
    """
    z = np.asarray(codes, np.float64)
    generator = np.random.default_rng(seed)
    # halves must not follow the order of the data
    first, second = (generator.permutation(np.unique(np.asarray(group, np.int64))) for group in (a, b))
    if min(len(first), len(second)) < LEAST:
        raise ValueError(f"a group needs at least {LEAST} codes, and these have {len(first)} and {len(second)}")
    common = len(np.intersect1d(first, second))
    if common:
        raise ValueError(f"the two groups share {common} of their codes: choose groups that do not overlap")
    effect = _crossed(z, first, second)
    random = []
    for _ in range(repeats):
        drawn = generator.permutation(len(z))[: len(first) + len(second)]
        random.append(_crossed(z, drawn[: len(first)], drawn[len(first) :]))
    return Attribute(
        z[first].mean(0) - z[second].mean(0),
        effect,
        cohens_error(effect, len(first), len(second)),
        np.array(random),
        (len(first), len(second)),
    )
