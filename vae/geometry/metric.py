"""Metrics of the latent space: the pull-back metric of a decoder's mean, and metrics that depend on a density."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from vae.model import LatentModel

Map = Callable[[Tensor], Tensor]
CHUNK = 2**24  # values of a decoder's derivative in memory at a time


def mean(model: LatentModel) -> Map:
    """Return z [..., d] -> the mean of p(x|z), [..., P] with all values of x on one axis.

    Probabilities for Bernoulli, E[x] for the continuous Bernoulli, locations for Normal, Laplace and the discretised
    logistic: the values that the app shows. Lengths are root sums of squares over pixels, in the data's unit.
    """
    return lambda z: model.decode(z).mean.flatten(z.ndim - 1)


class Metric(Protocol):
    """A metric for short steps; `lift` computes what depends on one point, once for all steps at that point."""

    def lift(self, z: Tensor) -> Tensor:
        """Return the features [..., F] of z [..., d] that `squares` needs."""

    def squares(self, a: Tensor, b: Tensor) -> Tensor:
        """Return the squared lengths [...] of the steps between lifted points a and b [..., F]."""


@dataclass(frozen=True)
class PullBack:
    """|g(b) - g(a)|^2 for a decoder's mean g: to first order (b - a)' J'J (b - a). Source: Arvanitidis et al. 2018."""

    decode: Map

    def lift(self, z: Tensor) -> Tensor:
        """Return g(z) [..., P]."""
        return self.decode(z)

    def squares(self, a: Tensor, b: Tensor) -> Tensor:
        """Return the squared chords in the data space."""
        return (b - a).square().sum(-1)


@dataclass(frozen=True)
class Conformal:
    """c(a) c(b) |b - a|^2 for a cost c per unit of length, of which `log_cost` is the logarithm: z [..., d] -> [...].

    The product makes the step exact for a cost of 1/height (the hyperbolic plane), where it is 4 sinh^2(distance / 2).
    """

    log_cost: Map

    def lift(self, z: Tensor) -> Tensor:
        """Return z and log c(z), [..., d + 1]."""
        return torch.cat([z, self.log_cost(z).unsqueeze(-1)], -1)

    def squares(self, a: Tensor, b: Tensor) -> Tensor:
        """Return the squared lengths."""
        return (a[..., -1] + b[..., -1]).exp() * (b - a)[..., :-1].square().sum(-1)


def squares(metric: Metric, curve: Tensor) -> Tensor:
    """Return the squared length of each step, [..., S], of curves [..., S + 1, d]."""
    lifted = metric.lift(curve)
    return metric.squares(lifted[..., :-1, :], lifted[..., 1:, :])


def lengths(metric: Metric, curve: Tensor) -> Tensor:
    """Return each step's length [..., S] of curves [..., S + 1, d]; for PullBack, a root sum of squares of pixels."""
    return squares(metric, curve).clamp(min=0).sqrt()


def energy(metric: Metric, curve: Tensor) -> Tensor:
    r"""Return the energy [...] of curves [..., S + 1, d], parametrised by S steps of equal time from 0 to 1.

    (S / 2) sum_i squares_i, which tends to (1/2) \int_0^1 z' G(z) z' dt; never less than half the squared length, and
    equal to it if all steps are equally long.
    """
    steps = squares(metric, curve)
    return 0.5 * steps.shape[-1] * steps.sum(-1)


def pullback(decode: Map, z: Tensor, directions: Tensor | None = None) -> Tensor:
    """Return J'J [N, m, m] at z [N, d] along m `directions` [m, d] (default: the axes), J = dg/dz of the mean g.

    Exact, by forward-mode differentiation: one pass for each direction. Source: Arvanitidis et al. 2018, eq. 3.
    """
    ways = torch.eye(z.shape[-1], dtype=z.dtype, device=z.device) if directions is None else directions.to(z)
    found = []
    width = len(ways) * decode(z[:1]).shape[-1]
    for part in z.split(max(1, CHUNK // width)):
        columns = [torch.func.jvp(decode, (part,), (way.expand_as(part),))[1].detach() for way in ways]
        j = torch.stack(columns, -1)
        found.append(j.mT @ j)
    return torch.cat(found)


def magnification(decode: Map, z: Tensor, directions: Tensor | None = None) -> Tensor:
    r"""Return sqrt(det J'J) [N] at z [N, d]: the factor by which the decoder enlarges a small volume of z.

    Along m `directions` [m, d] that are orthonormal, it is the area (m = 2) of the plane that they span.
    Source: Bishop, Svensen & Williams 1997.
    """
    return torch.linalg.det(pullback(decode, z, directions).double()).clamp(min=0).sqrt()
