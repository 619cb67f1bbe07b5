"""Gradient paths: how the gradient of a bound flows back to q. A bound's value never depends on its path.

A path says how z is drawn, how log q(z|x) is differentiated, and how the gradients of the two means over K samples are
estimated: E_q[v], and log (1/K) sum_k w_k. A path adds gradients as v - v.detach(), which has the value 0.
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
    """The parts of a Draw that a path uses: q(z|x) and its K samples z [K, B, d], the densities' input."""

    @property
    def q(self) -> Distribution: ...
    @property
    def z(self) -> Tensor: ...


def graft(value: Tensor, gradient: Tensor) -> Tensor:
    """Return a tensor with the value of `value` and the gradient of `gradient`."""
    return value.detach() + (gradient - gradient.detach())  # this order adds an exact zero


def density(q: Distribution, z: Tensor) -> Tensor:
    """Return log q(z) [K, B] with its full gradient."""
    return q.log_prob(z)


def landing(q: Distribution, z: Tensor) -> Tensor:
    """Return log q(z) [K, B] whose gradient flows only through z, not through q's parameters.

    The dropped part of the gradient, the score, has mean 0 but adds variance. Source: Roeder et al. 2017 ("sticking the
    landing").
    """
    if not z.requires_grad:
        return q.log_prob(z).detach()
    with torch.enable_grad():
        at = z.detach().requires_grad_()
        value = q.log_prob(at)
        (slope,) = torch.autograd.grad(
            value.sum(), at, retain_graph=True
        )  # the encoder's graph is used again by the objective
    return graft(value, families.over_dimensions(slope * z))


def mean(values: Tensor, draw: Drawn) -> Tensor:
    """Return (1/K) sum_k v_k [B] of v [K, B]."""
    return values.mean(0)


def log_mean(log_w: Tensor, draw: Drawn) -> Tensor:
    """Return log (1/K) sum_k w_k [B] of log w [K, B]."""
    return torch.logsumexp(log_w, 0) - math.log(len(log_w))


def no_log_mean(log_w: Tensor, draw: Drawn) -> Tensor:
    """Raise ValueError: under importance weights the score that `landing` drops has a mean that is not 0.

    Source: Tucker et al. 2019, section 3.
    """
    raise ValueError(
        "sticking the landing is biased for an importance-weighted bound: draw with the path dreg, which is not"
    )


def doubly_reparametrised(log_w: Tensor, draw: Drawn) -> Tensor:
    """Return log (1/K) sum_k w_k [B]; the gradient through z_k has the weight w~_k^2, all other gradients w~_k.

    w~ = w / sum w; needs log q from `landing`. Source: Tucker et al. 2019.
    """
    value = log_mean(log_w, draw)
    weights = log_w.detach().softmax(0)
    if draw.z.requires_grad:
        draw.z.register_hook(lambda gradient: gradient * weights.unsqueeze(-1))
    return graft(value, (weights * log_w).sum(0))


def _several(values: Tensor) -> int:
    """Return K; raises ValueError for one sample, which has no others as a baseline."""
    if len(values) < 2:
        raise ValueError("the score function's baseline is the mean of the other samples: draw two or more")
    return len(values)


def score_mean(values: Tensor, draw: Drawn) -> Tensor:
    """Return (1/K) sum_k v_k [B]; the gradient is (1/K) sum_k (v_k - mean of the others) d log q(z_k|x) + dv_k.

    Source: Williams 1992; the leave-one-out baseline, Mnih & Rezende 2016, Kool et al. 2019.
    """
    v, k = values.detach(), _several(values)
    advantage = (v - v.mean(0)) * (k / (k - 1))
    return values.mean(0) + graft(torch.zeros_like(v[0]), (advantage * draw.q.log_prob(draw.z)).mean(0))


def score_log_mean(log_w: Tensor, draw: Drawn) -> Tensor:
    """Return L = log (1/K) sum_k w_k [B]; the gradient is sum_k (L - L_-k) d log q(z_k|x) + w~_k d log w_k.

    L_-k is L with w_k replaced by the geometric mean of the other weights. Source: Mnih & Rezende 2016 (VIMCO).
    """
    w, k = log_w.detach(), _several(log_w)
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
    """A gradient path: how z [K, B, d] is drawn, how log q is computed, how the two means' gradients are estimated.

    `closed`: a closed-form rate is differentiated directly, otherwise by the samples. `weighs`: the path gives the
    densities' gradient through z its own weight. `through_z`: the encoder gets a gradient through z.
    """

    sample: Callable[[Distribution, int, families.Source], Tensor] = families.sample
    log_q: Callable[[Distribution, Tensor], Tensor] = density
    mean: Callable[[Tensor, Drawn], Tensor] = mean
    log_mean: Callable[[Tensor, Drawn], Tensor] = log_mean
    closed: bool = False
    weighs: bool = False
    through_z: bool = True


# z = mu + sigma eps: the gradient flows through z into the encoder (Kingma & Welling 2014)
REPARAMETRISED = Path(closed=True)
SAMPLED_RATE = Path()
STICKING_THE_LANDING = Path(log_q=landing, log_mean=no_log_mean)
DOUBLY_REPARAMETRISED = Path(log_q=landing, log_mean=doubly_reparametrised, weighs=True)
SCORE_FUNCTION = Path(detached, mean=score_mean, log_mean=score_log_mean, closed=True, through_z=False)
