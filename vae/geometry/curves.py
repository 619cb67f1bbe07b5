"""Curves as points [M, d]: lines, great circles, lengths and resampling."""

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]

OPPOSITE = 1e-9  # relative distance to a half turn below which only rounding would choose the direction


def lerp(a: Points, b: Points, t: NDArray[np.float64]) -> Points:
    """Return the line (1 - t) a + t b [T, d] from a to b [d] at t [T]."""
    return np.outer(1 - t, a) + np.outer(t, b)


def slerp(a: Points, b: Points, t: NDArray[np.float64]) -> Points:
    r"""Return the great circle from a to b [d] at t [T], with a norm that changes linearly, [T, d].

    r(t) (sin((1 - t) w) a/|a| + sin(t w) b/|b|) / sin w, where w is the angle between a and b and
    r(t) = (1 - t)|a| + t|b|: on a sphere, the geodesic at constant speed. (The usual formula, without separate norms,
    diverges if ends of different norms have nearly opposite directions.) If an end is 0 or the directions are equal, it
    is the line. Raises ValueError for ends in opposite directions, between which the great circle is not unique.
    Source: Shoemake 1985.
    """
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    lengths = np.linalg.norm(a), np.linalg.norm(b)
    if min(lengths) == 0:
        return lerp(a, b, t)
    u, v = a / lengths[0], b / lengths[1]
    # Kahan's formula is accurate at small angles and near a half turn, where the arc cosine loses half its digits
    angle = 2 * np.arctan2(np.linalg.norm(u - v), np.linalg.norm(u + v))
    if np.pi - angle < OPPOSITE:
        raise ValueError("the two ends lie in opposite directions, so no great circle is singled out: move one of them")
    if angle < np.finfo(np.float64).eps:
        return lerp(a, b, t)
    direction = (np.outer(np.sin((1 - t) * angle), u) + np.outer(np.sin(t * angle), v)) / np.sin(angle)
    return ((1 - t) * lengths[0] + t * lengths[1])[:, None] * direction


def joined(parts: Points) -> Points:
    """Return curves [K, S + 1, d], each of which begins at the end of the previous one, as one curve [K * S + 1, d]."""
    return np.concatenate([parts[0, :1], parts[:, 1:].reshape(-1, parts.shape[-1])])


def shares(lengths: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the cumulative share of the length [S + 1], from 0 to 1, at each point, given each step's length [S].

    For a curve of length 0 the shares are equally spaced.
    """
    way = np.concatenate([[0.0], np.cumsum(np.asarray(lengths, np.float64))])
    return way / way[-1] if way[-1] > 0 else np.linspace(0, 1, len(way))


def steps(points: Points) -> NDArray[np.float64]:
    """Return the Euclidean length of each step [M - 1] of a curve [M, d]."""
    return np.asarray(np.linalg.norm(np.diff(points, axis=0), axis=1))


def at(points: Points, share: NDArray[np.float64], t: NDArray[np.float64]) -> Points:
    """Return points [T, d] of a curve [M, d] at shares t [T] of its length; `share` [M] is that of each given point."""
    return np.stack([np.interp(t, share, column) for column in np.asarray(points, np.float64).T], 1)


def resample(points: Points, n: int) -> Points:
    """Return n points [n, d] of a curve [M, d] at equal Euclidean arc length, both ends included."""
    if n < 2:
        raise ValueError(f"a curve has two ends, so at least 2 places, not {n}")
    return at(points, shares(steps(points)), np.linspace(0, 1, n))
