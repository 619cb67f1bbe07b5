"""Orthogonal Procrustes: rotate one map onto another with the least squared error. The app uses it: no torch."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vae.geometry.plane import Plane

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Alignment:
    """The best map of b onto a, `scale` (b - centre_b) rotation + centre_a, with an orthogonal rotation [d, d].

    `disparity` in [0, 1] is the share of a's spread that remains: 0 for equal shapes.
    """

    rotation: Array
    scale: float
    centre_a: Array
    centre_b: Array
    disparity: float

    @property
    def reflected(self) -> bool:
        """Whether the rotation contains a reflection."""
        return bool(np.linalg.det(self.rotation) < 0)

    @property
    def angle(self) -> float:
        """A plane's rotation angle in degrees, in (-180, 180]; for a reflection, after a flip of b's first axis."""
        turn = np.diag([-1.0, 1.0]) @ self.rotation if self.reflected else self.rotation
        return float(np.degrees(np.arctan2(turn[0, 1], turn[0, 0])))

    def apply(self, b: Array) -> Array:
        """Return points [..., d] of b, mapped onto a."""
        return self.scale * (b - self.centre_b) @ self.rotation + self.centre_a


def procrustes(a: Array, b: Array) -> Alignment:
    r"""Return the similarity transform from b [N, d] onto a [N, d]: min_{s, R, t} sum_i || a_i - (s R' b_i + t) ||^2.

    R = U V' of the singular values of B'A (centred), s = trace / |B|^2, disparity = 1 - trace^2 / (|A|^2 |B|^2).
    Source: Schoenemann 1966, Gower 1975. Raises ValueError for clouds of different shapes, or without any spread.
    """
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if a.shape != b.shape or a.ndim != 2 or not len(a):
        raise ValueError(f"Procrustes needs two clouds of the same points, not {a.shape} and {b.shape}")
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise ValueError("one of the two clouds has points that are not finite: there is no best turn")
    centre_a, centre_b = a.mean(0), b.mean(0)
    left, right = a - centre_a, b - centre_b
    spread = float((left**2).sum()), float((right**2).sum())
    if min(spread) <= 0:
        raise ValueError("one of the two clouds is a single point: there is nothing to turn")
    u, sizes, v = np.linalg.svd(right.T @ left)
    trace = float(sizes.sum())
    disparity = max(0.0, 1.0 - trace**2 / (spread[0] * spread[1]))
    return Alignment(u @ v, trace / spread[1], centre_a, centre_b, disparity)


def turned(plane: Plane, alignment: Alignment) -> Plane:
    """Return the plane rotated by the alignment, with its scale unchanged.

    u -> (u - centre_b) R + centre_b: distances stay the model's own, and a decoded point stays where it belongs.
    """
    rotation, centre = alignment.rotation, alignment.centre_b
    basis = rotation.T @ plane.basis
    origin = plane.origin + centre @ plane.basis - centre @ rotation.T @ plane.basis
    across, up = plane.titles
    return Plane(origin, basis, (f"{across} turned", f"{up} turned"), plane.note)
