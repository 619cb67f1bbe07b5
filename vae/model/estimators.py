"""Gradient paths: how the gradient of a bound flows back to q. A bound's value never depends on its path.

A path says how z is drawn, how log q(z|x) is differentiated, and how the gradients of the two means over K samples are
estimated: E_q[v], and log (1/K) sum_k w_k. What a path adds to a gradient it adds as v - v.detach(), which is 0.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.distributions import Distribution

from vae.model import families


class Drawn(Protocol):
    """What a path needs of a Draw: q(z|x) and its K samples z [K, B, d], as the densities read them."""

    @property
    def q(self) -> Distribution: ...
    @property
    def z(self) -> Tensor: ...


def graft(value: Tensor, gradient: Tensor) -> Tensor:
    """Return a tensor with the value of one and the gradient of another."""
    return value.detach() + (gradient - gradient.detach())  # in this order, so that a zero is added


def density(q: Distribution, z: Tensor) -> Tensor:
    """Return log q(z) [K, B] with its whole gradient."""
    return q.log_prob(z)


def landing(q: Distribution, z: Tensor) -> Tensor:
    """Return log q(z) [K, B] whose gradient goes through z alone: q's own parameters get none.

    The rest of the gradient, the score, is zero in the mean but not in each sample. Source: Roeder et al. 2017.
    """
    if not z.requires_grad:
        return q.log_prob(z).detach()
    with torch.enable_grad():
        at = z.detach().requires_grad_()
        value = q.log_prob(at)
        (slope,) = torch.autograd.grad(value.sum(), at, retain_graph=True)  # the encoder's graph is needed again
    return graft(value, families.over_dimensions(slope * z))


def mean(values: Tensor, draw: Drawn) -> Tensor:
    """Return (1/K) sum_k v_k [B] of v [K, B]."""
    return values.mean(0)


def log_mean(log_w: Tensor, draw: Drawn) -> Tensor:
    """Return log (1/K) sum_k w_k [B] of log w [K, B]."""
    return torch.logsumexp(log_w, 0) - math.log(len(log_w))


def doubly_reparametrised(log_w: Tensor, draw: Drawn) -> Tensor:
    """Return log (1/K) sum_k w_k [B]; the gradient that goes through z_k has the weight w~_k^2, all other w~_k.

    w~ = w / sum w; needs log q from `landing`. Source: Tucker et al. 2019.
    """
    value = log_mean(log_w, draw)
    weights = log_w.detach().softmax(0)
    if draw.z.requires_grad:
        draw.z.register_hook(lambda gradient: gradient * weights.unsqueeze(-1))
    return graft(value, (weights * log_w).sum(0))


def score_mean(values: Tensor, draw: Drawn) -> Tensor:
    """Return (1/K) sum_k v_k [B]; the gradient is (1/K) sum_k (v_k - mean of the others) d log q(z_k|x) + dv_k.

    Source: Williams 1992; the leave-one-out baseline, Mnih & Rezende 2016, Kool et al. 2019.
    """
    v, k = values.detach(), len(values)
    advantage = (v - v.mean(0)) * (k / (k - 1))
    return values.mean(0) + graft(torch.zeros_like(v[0]), (advantage * draw.q.log_prob(draw.z)).mean(0))


def score_log_mean(log_w: Tensor, draw: Drawn) -> Tensor:
    """Return L = log (1/K) sum_k w_k [B]; the gradient is sum_k (L - L without k) d log q(z_k|x) + w~_k d log w_k.

    "Without k" has the geometric mean of the other weights in its place. Source: Mnih & Rezende 2016 (VIMCO).
    """
    w, k = log_w.detach(), len(log_w)
    others = (w.sum(0) - w) / (k - 1)
    own = torch.eye(k, dtype=torch.bool, device=w.device).unsqueeze(-1)
    without = torch.where(own, others.unsqueeze(1), w.unsqueeze(0)).logsumexp(1)  # [K, B]: the k-th replaced
    advantage = w.logsumexp(0) - without
    value = log_mean(log_w, draw)
    return value + graft(torch.zeros_like(w[0]), (advantage * draw.q.log_prob(draw.z)).sum(0))


def detached(q: Distribution, k: int, source: families.Source) -> Tensor:
    """Return K samples without a gradient."""
    return families.sample(q, k, source).detach()


@dataclass(frozen=True)
class Path:
    """How z is drawn (K first), how log q is read, and how the means' gradients are made.

    `closed`: a rate in closed form is differentiated as such, else by the samples. `weighs` marks the path that gives
    the densities' gradient through z a weight of its own.
    """

    sample: Callable[[Distribution, int, families.Source], Tensor] = families.sample
    log_q: Callable[[Distribution, Tensor], Tensor] = density
    mean: Callable[[Tensor, Drawn], Tensor] = mean
    log_mean: Callable[[Tensor, Drawn], Tensor] = log_mean
    closed: bool = False
    weighs: bool = False


# z = mu + sigma eps: the gradient flows through z into the encoder (Kingma & Welling 2014)
REPARAMETRISED = Path(closed=True)
SAMPLED_RATE = Path()
STICKING_THE_LANDING = Path(log_q=landing)
DOUBLY_REPARAMETRISED = Path(log_q=landing, log_mean=doubly_reparametrised, weighs=True)
SCORE_FUNCTION = Path(detached, mean=score_mean, log_mean=score_log_mean, closed=True)
