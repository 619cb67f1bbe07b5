"""Quantities by dimension of a factorised q(z|x): rates, and the aggregate posterior of a batch."""

import math

import torch
from torch import Tensor
from torch.distributions import Distribution, Independent, kl_divergence

from vae.model.families.normals import log_sum_exp


def rate_by_dimension(q: Distribution, prior: Distribution) -> Tensor | None:
    """Return KL(q(z_j|x) || p(z_j)) [B, d] in nats if both factorise and torch has the closed form, else None."""
    if not (isinstance(q, Independent) and isinstance(prior, Independent)):
        return None
    try:
        return kl_divergence(q.base_dist, prior.base_dist)
    except NotImplementedError:
        return None


def over_dimensions(values: Tensor) -> Tensor:
    """Return the sum [...] over the latent dimensions of values [..., d]."""
    return values.sum(-1)


def log_weights(batch: int, population: int, like: Tensor) -> Tensor:
    """Return log weights [B, B] of q(z_i|x_j), j along the last axis, that estimate q(z_i) from a batch of N examples.

    The diagonal, where z_i comes from x_j, counts 1/N; the others share (N - 1)/N evenly: the mean over all batches is
    then exactly q(z_i) = (1/N) sum_n q(z_i|x_n), and a batch of all N gives q(z_i) itself. A batch of one gives only
    q(z|x). Source: minibatch stratified sampling, Chen et al. 2018, App. C.2, averaged over its batch's order.
    """
    n = max(population, batch)
    others = math.log((n - 1) / (n * (batch - 1))) if batch > 1 else -math.inf
    own = -math.log(n) if batch > 1 else 0.0
    return torch.full((batch, batch), others, dtype=like.dtype, device=like.device).fill_diagonal_(own)


def aggregate(q: Distribution, z: Tensor, population: int) -> tuple[Tensor, Tensor]:
    """Return estimates of log q(z) and of sum_j log q(z_j) [K, B] for z [K, B, d] of a batch q(z|x), nats.

    Raises TypeError if q(z|x) does not factorise over dimensions.
    """
    if not isinstance(q, Independent):
        raise TypeError("the total correlation needs a posterior that factorises over dimensions, such as the Normal")
    by_dimension = q.base_dist.log_prob(z.unsqueeze(2))  # [K, i, j, d]
    weights = log_weights(z.shape[1], population, z)
    joint = log_sum_exp(by_dimension.sum(-1) + weights, 2)
    marginals = log_sum_exp(by_dimension + weights.unsqueeze(-1), 2)
    return joint, marginals.sum(-1)
