"""Which reading of a second head, and which beta, make a posterior stationary: the trace that training leaves.

A trained model cannot gain by scaling its posteriors. With D the distortion, R the rate, and t the logarithm of a
factor on sigma_j, or of one on mu_j, for all examples alike,

    dD/dt + beta dR/dt = 0 for each of these 2 d factors.

A wrong reading of the second head gives other sigmas, at which these equations contradict each other. For the right one
they agree on beta. Each is divided by the root mean square of dR/dt over the examples, so that all weigh alike; those
of mu weigh half, since a network's means fit its training examples better than others.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from vae.spec.layer_kinds import READINGS

SAMPLES = 4  # of the noise for each example
PARTS = 4  # of the examples, from which beta's error is estimated
LARGEST, SMALLEST = 1e4, 1e-8  # sigmas beyond these are none: the reading is wrong
FLAT = 0.02  # of dR/dt: a posterior with less has collapsed to the prior, and tells no reading from another
MEAN_WEIGHT = 0.5
DIRECTIONS = 16  # most dimensions for which a decoder without gradients is asked

Distortion = Callable[[Tensor], Tensor]  # z [N, d] -> D [N] of the examples in their order


@dataclass(frozen=True)
class Trace:
    """How stationary a posterior is: the share in [0, 1] of dD/dt that the best beta leaves; that beta, and its error.

    `elbo` is the mean of -D - R in nats, `flat` whether the rate hardly depends on the posterior.
    """

    residual: float
    beta: float
    error: float
    elbo: float
    flat: bool


def sigma(second: Tensor, reading: str) -> Tensor | None:
    """Return sigma of a second head [N, d] under a reading, None if it cannot be one: negative, or beyond bounds."""
    value = second.double()
    if not reading.startswith("log "):
        if bool((value <= 0).any()):
            return None
        made = value
    else:
        made = value.clamp(-200, 200).exp()
    if reading.endswith("variance"):
        made = made.sqrt()
    inner = made.quantile(torch.tensor([0.01, 0.99], dtype=made.dtype)) if made.numel() < 2**24 else made.aminmax()
    low, high = float(inner[0]), float(inner[1])
    return made.clamp(SMALLEST, LARGEST) if low > SMALLEST and high < LARGEST else None


def traces(
    mean: Tensor, second: Tensor, distortion: Distortion, seed: int = 0, samples: int = SAMPLES
) -> dict[str, Trace]:
    """Return the trace of each reading that a second head can have, for means and second heads [N, d].

    All readings see the same noise.
    """
    found = {}
    for reading in READINGS:
        scale = sigma(second, reading)
        if scale is not None:
            found[reading] = trace(mean, scale.float(), distortion, seed, samples)
    return found


def trace(mean: Tensor, scale: Tensor, distortion: Distortion, seed: int = 0, samples: int = SAMPLES) -> Trace:
    """Return how stationary N(mean, scale^2), both [N, d], is; `samples` of the noise come in antithetic pairs."""
    generator = torch.Generator().manual_seed(seed)
    m, s = mean.double(), scale.double()
    push = torch.zeros(2, *mean.shape, dtype=torch.float64)  # dD/dt of each example
    total = torch.zeros(len(mean), dtype=torch.float64)
    pairs = max(1, samples // 2)
    for _ in range(pairs):
        noise = torch.randn(*mean.shape, generator=generator)
        for sign in (1.0, -1.0):
            away = sign * noise * scale
            value, slope = _slope(distortion, mean + away, scale)
            push[0] += slope * away / (2 * pairs)
            push[1] += slope * mean / (2 * pairs)
            total += value / (2 * pairs)
    rates = torch.stack([s**2 - 1, m**2])
    weights = 1 / rates.square().mean(1).sqrt().clamp_min(1e-3)
    weights[1] *= MEAN_WEIGHT
    beta, left, length = _fit(push.mean(1) * weights, rates.mean(1) * weights)
    each = [_fit(push[:, i::PARTS].mean(1) * weights, rates[:, i::PARTS].mean(1) * weights)[0] for i in range(PARTS)]
    error = float(torch.tensor(each).std()) / math.sqrt(PARTS)
    rate = 0.5 * (m**2 + s**2 - 1).sum(1) - s.log().sum(1)
    flat = float(rates.abs().mean(1).max()) < FLAT
    return Trace(min(left / length, 1.0) if length > 0 else 1.0, beta, error, float(-(total + rate).mean()), flat)


def _fit(push: Tensor, rates: Tensor) -> tuple[float, float, float]:
    """Return the beta of the least squares of push + beta rates, what it leaves, and the length of push."""
    push, rates = push.flatten(), rates.flatten()
    square = float(rates @ rates)
    beta = max(0.0, -float(push @ rates) / square) if square > 0 else 0.0
    return beta, float((push + beta * rates).norm()), float(push.norm())


def _slope(distortion: Distortion, z: Tensor, scale: Tensor) -> tuple[Tensor, Tensor]:
    """Return D [N] and dD/dz [N, d] at z, by autograd, or by differences for a decoder that has no gradient.

    By differences, only the first DIRECTIONS dimensions have one; the others are 0.
    """
    z = z.requires_grad_()
    value = distortion(z)
    if value.requires_grad:
        (slope,) = torch.autograd.grad(value.sum(), z)
    else:
        z = z.detach()
        slope = torch.zeros_like(z)
        for j in range(min(z.shape[1], DIRECTIONS)):
            step = torch.zeros_like(z)
            step[:, j] = 0.1 * scale[:, j].clamp_min(1e-3)
            slope[:, j] = (distortion(z + step) - distortion(z - step)) / (2 * step[:, j])
    return value.detach().double(), torch.nan_to_num(slope, 0.0, 0.0, 0.0).double()
