"""2-D maps of the latent space: planes and embeddings, with the map from a place on them back to z."""

from dataclasses import dataclass

import numpy as np

from vae.runs import Codes

REST = "the dimensions that are not shown are 0"
BLOCK = 16_384  # codes at a time


@dataclass(frozen=True)
class Plane:
    """The affine plane z = origin + u1 basis[0] + u2 basis[1], with rows of `basis` [2, d] orthonormal."""

    origin: np.ndarray
    basis: np.ndarray
    titles: tuple[str, str]
    note: str = ""

    def to_plane(self, z: np.ndarray) -> np.ndarray:
        """Return the coordinates [..., 2] of the orthogonal projection of z [..., d]."""
        return (z - self.origin) @ self.basis.T

    def to_latent(self, u: np.ndarray) -> np.ndarray:
        """Return z [..., d] at plane coordinates u [..., 2]."""
        return self.origin + u @ self.basis


@dataclass(frozen=True)
class Bent:
    """A nonlinear 2-D map: the codes' `places` [N, 2], and an approximate inverse from a place to z.

    The inverse is bilinear in `inverse` [G, G, d] on `extent` x0, x1, y0, y1, or without one, from the nearest codes.
    """

    means: np.ndarray
    places: np.ndarray
    titles: tuple[str, str]
    note: str = ""
    way: str = ""
    inverse: np.ndarray | None = None
    extent: np.ndarray | None = None

    def to_plane(self, z: np.ndarray) -> np.ndarray:
        """Return the places [..., 2] of the codes nearest to z [..., d]."""
        if z.shape == self.means.shape and np.array_equal(z.astype(np.float32), self.means):
            return self.places.astype(np.float64)
        flat = np.asarray(z, np.float64).reshape(-1, self.means.shape[1])
        nearest = [int(((self.means - row) ** 2).sum(1).argmin()) for row in flat]
        return self.places[nearest].astype(np.float64).reshape(*z.shape[:-1], 2)


Ground = Plane | Bent


def pair(latent: int, i: int, j: int, *, note: str = "") -> Plane:
    """Return the plane of the dimensions z_i and z_j (counted from 0); the others stay at 0, the prior's mean."""
    if not (0 <= i < latent and 0 <= j < latent and i != j):
        raise ValueError(f"a pair needs two different dimensions below {latent}, not {i} and {j}")
    basis = np.zeros((2, latent))
    basis[0, i] = basis[1, j] = 1.0
    titles = f"z<sub>{i + 1}</sub>", f"z<sub>{j + 1}</sub>"
    return Plane(np.zeros(latent), basis, titles, note or (REST if latent > 2 else ""))


def principal(codes: Codes) -> Plane:
    """Return the plane of the first two principal components of the codes' means (PCA saved with the run)."""
    if codes.mean is None or codes.components is None or codes.explained is None:
        raise ValueError("these codes hold no PCA: it is saved where d > 2")
    share = [f"PC {i + 1} ({codes.explained[i]:.0%} of variance)" for i in range(2)]
    return Plane(codes.mean, codes.components, (share[0], share[1]), "decoded at PCA's inverse")


def rates(codes: Codes) -> np.ndarray | None:
    """Return KL(q(z_i|x) || N(0, 1)) in nats per dimension [d], averaged over the codes; None for an autoencoder."""
    if codes.scales is None:
        return None
    total = np.zeros(codes.means.shape[1])
    for at in range(0, len(codes), BLOCK):  # whole arrays in float64 would be the app's largest
        means, scales = (part[at : at + BLOCK].astype(np.float64) for part in (codes.means, codes.scales))
        total += (0.5 * (means**2 + scales**2 - 1) - np.log(scales)).sum(0)
    return total / len(codes)


def default(codes: Codes) -> Plane:
    """Return the default plane: z1, z2 if d = 2, else the two dimensions of highest KL (or variance).

    A single latent lies on the line u2 = 0; u2 has no effect on the decoded image.
    """
    latent = codes.means.shape[1]
    if latent == 1:
        return Plane(np.zeros(1), np.array([[1.0], [0.0]]), ("z<sub>1</sub>", ""))
    if latent == 2:
        return pair(latent, 0, 1)
    spread = rates(codes)
    i, j = np.argsort(-(spread if spread is not None else codes.means.var(0)))[:2]
    return pair(latent, int(i), int(j), note=f"the pair with the highest KL; {REST}" if spread is not None else "")
