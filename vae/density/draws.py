"""Draw samples z from a prior, a fitted density or the aggregate posterior, at a temperature, and decode them.

A `Draw` takes n and a generator and returns z [n, d]; the generator is the only randomness. The same seed at another
temperature gives the same noise, so that a grid of samples changes continuously with T.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.distributions import Distribution

from vae.model import LatentModel
from vae.model.families import sample
from vae.model.families.tempering import temper

Draw = Callable[[int, torch.Generator], Tensor]

TRIED = 4096  # draws that are tested at a time
MOST_TRIED = 400_000  # draws after which rejection gives up


class Projection(Protocol):
    """The projection onto a plane through the latent space."""

    def to_plane(self, z: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the coordinates [n, 2] of z [n, d] on the plane."""


class RegionError(ValueError):
    """An invalid region, or one that the draws practically never reach; the message says what to do."""


def from_density(density: Distribution, t: float = 1.0) -> Draw:
    """Return the Draw of a density p(z) at temperature T: a prior, or a density fitted to codes.

    See `temper`, which raises ValueError unless T is positive.
    """
    tempered = temper(density, t)

    @torch.no_grad()
    def draw(n: int, generator: torch.Generator) -> Tensor:
        return sample(tempered, n, generator)

    return draw


def from_aggregate(posterior: Callable[[Tensor], Distribution], count: int, t: float = 1.0) -> Draw:
    """Return the Draw of the aggregate posterior q(z) = (1/N) sum_i q(z|x_i) with each q(z|x_i) at temperature T.

    `posterior` gives q(z|x_i), batch shape [n], of indices i [n]. An autoencoder's points are drawn unchanged.
    Raises ValueError without examples, or unless T is positive.
    """
    if count < 1:
        raise ValueError("there are no codes to draw from")

    @torch.no_grad()
    def draw(n: int, generator: torch.Generator) -> Tensor:
        index = torch.randint(count, (n,), generator=generator)
        return sample(temper(posterior(index), t), 1, generator)[0]

    return draw


class Plane(Protocol):
    """A plane through the latent space (implemented by vae.geometry.plane)."""

    def to_plane(self, z: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the coordinates [..., 2] of the projection of z [..., d]."""


@dataclass(frozen=True)
class Region:
    """A polygon with corners [P, 2] on a plane: all z whose projection lies inside (even-odd rule)."""

    corners: NDArray[np.float64]
    plane: Projection

    def __post_init__(self) -> None:
        if self.corners.ndim != 2 or self.corners.shape[1] != 2 or len(self.corners) < 3:
            raise RegionError("a region needs three or more corners: draw it again, larger")
        if not np.isfinite(self.corners).all():
            raise RegionError("a region's corners must be finite numbers: draw it again")

    @classmethod
    def box(cls, x0: float, x1: float, y0: float, y1: float, plane: Projection) -> "Region":
        """Return the box between two corners of the plane."""
        return cls(np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], np.float64), plane)

    def contains(self, z: NDArray[np.floating]) -> NDArray[np.bool_]:
        """Return whether each of z [n, d] is inside [n]: a ray to its right crosses the boundary at an odd count."""
        x, y = self.plane.to_plane(np.asarray(z, np.float64)).T
        found = np.zeros(len(x), bool)
        for (ax, ay), (bx, by) in zip(self.corners, np.roll(self.corners, -1, axis=0), strict=True):
            if ay == by:
                continue  # a ray along an edge crosses it nowhere
            found ^= ((ay > y) != (by > y)) & (x < ax + (y - ay) * (bx - ax) / (by - ay))
        return found


def confined(draw: Draw, region: Region, most: int = MOST_TRIED) -> Draw:
    """Return the Draw of p(z | z in region), exact by rejection.

    A draw raises RegionError if fewer than n of `most` draws fall inside.
    """

    def inner(n: int, generator: torch.Generator) -> Tensor:
        kept: list[Tensor] = []
        count = tried = 0
        while count < n:
            if tried >= most:
                raise RegionError(
                    f"Only {count} of {tried:,} draws fell into the region, and {n} are wanted: it holds next to "
                    "nothing of this distribution. Draw a larger region, or choose another source or temperature."
                )
            z = draw(TRIED, generator)
            accepted = z[torch.from_numpy(region.contains(z.double().numpy()))]
            kept.append(accepted)
            tried, count = tried + TRIED, count + len(accepted)
        return torch.cat(kept)[:n]

    return inner


@torch.no_grad()
def images(model: LatentModel, z: Tensor, generator: torch.Generator | None = None, rows: int = 256) -> Tensor:
    """Return the means of p(x|z) [n, *shape] at z [n, d], or with a generator one sample of each p(x|z)."""
    parts = [model.decode(part) for part in z.split(rows)]
    found = [p.mean if generator is None else sample(p, 1, generator)[0] for p in parts]
    return torch.cat(found)
