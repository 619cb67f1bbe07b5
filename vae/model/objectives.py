"""Objectives: functions from a Draw to one number per example [B], in nats, which training maximises.

An objective's value is the bound of its name and does not depend on the gradient path. Additive terms are functions
of the same type, subtracted with a weight. vae.spec.choices lists what each objective requires of a spec.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from vae.model import Draw
from vae.model.families import QuantisedDistribution, aggregate, over_dimensions

Objective = Callable[[Draw, int], Tensor]


def rate(draw: Draw) -> Tensor:
    """KL(q(z|x) || p(z)) [B]; raises TypeError for a model without one."""
    if draw.rate is None:
        raise TypeError("this model has no prior, so it has no rate and no bound on log p(x)")
    return draw.rate


def _through_z(draw: Draw, name: str) -> None:
    """Raise ValueError where the encoder would get no gradient of what is a function of z."""
    if not draw.path.through_z:
        raise ValueError(f"{name} is a function of z: its gradient needs a path through z, such as reparametrised")


def reconstruction(draw: Draw) -> Tensor:
    """E_q[log p(x|z)] [B]: the autoencoder's objective, not a bound on log p(x)."""
    return -draw.distortion


def elbo(draw: Draw, beta: float = 1.0) -> Tensor:
    """E_q[log p(x|z)] - beta KL(q(z|x) || p(z)) [B]; a bound on log p(x) for beta >= 1.

    Source: Kingma & Welling 2014; beta: Higgins et al. 2017. Raises TypeError for a model without a prior.
    """
    return -draw.distortion - beta * rate(draw)


def iwae(draw: Draw) -> Tensor:
    """L_K = log (1/K) sum_k p(x, z_k) / q(z_k|x) [B], between the ELBO and log p(x). Source: Burda et al. 2016."""
    return draw.log_mean(draw.log_w)


def capacity(draw: Draw, gamma: float = 30.0, capacity: float = 5.0) -> Tensor:
    """E_q[log p(x|z)] - gamma |KL(q(z|x) || p(z)) - C| [B], C in nats and usually a rising schedule.

    The rate must have a closed form: the absolute value of a noisy rate has another mean. Source: Burgess et al. 2018.
    """
    return -draw.distortion - gamma * (rate(draw) - capacity).abs()


def free_bits(draw: Draw, floor: float = 0.25) -> Tensor:
    """E_q[log p(x|z)] - sum_j max(floor, mean over the batch of KL(q(z_j|x) || p(z_j))), divided among examples [B].

    A dimension whose mean is below the floor costs every example the floor, otherwise the example's own rate, so that
    the mean over examples is the objective. `floor` in nats per dimension. Source: Kingma et al. 2016, eq. 15.
    """
    if draw.rates is None:
        raise TypeError("free bits need the rate by dimension: a posterior and a prior that factorise")
    held = draw.rates.mean(0) > floor
    return -draw.distortion - over_dimensions(torch.where(held, draw.rates, floor))


def tc(draw: Draw, beta: float = 4.0) -> Tensor:
    """ELBO - (beta - 1) TC [B] with the total correlation TC = KL(q(z) || prod_j q(z_j)) of the aggregate posterior.

    log q(z) is estimated from the batch by stratified weights (families.aggregate). This is good for gradients, but the
    value is accurate only near beta = 1. Source: Chen et al. 2018 (beta-TCVAE with alpha = gamma = 1).
    """
    _through_z(draw, "the total correlation")
    joint, marginals = aggregate(draw.q, draw.code, draw.population)
    return -draw.distortion - rate(draw) - (beta - 1) * draw.mean(joint - marginals)


IMQ_SCALES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)  # of the kernel's width, around 2 d (Tolstikhin et al. 2018, App.)


def kernel(a: Tensor, b: Tensor) -> Tensor:
    """Return sum_s C_s / (C_s + |a_i - b_j|^2), C_s = 2 d s, the inverse multiquadratic kernel [K, n, m]."""
    distance, d = over_dimensions((a.unsqueeze(2) - b.unsqueeze(1)).square()), a.shape[-1]
    return torch.stack([2 * d * s / (2 * d * s + distance) for s in IMQ_SCALES]).sum(0)


def squared_mmd(a: Tensor, b: Tensor) -> Tensor:
    """Return the unbiased estimate of MMD^2 between two samples [K, n, d], for each K [K]; it can be negative.

    (1/n(n-1)) sum_{i!=j} k(a_i, a_j) + k(b_i, b_j) - (2/n^2) sum_ij k(a_i, b_j); 0 for n = 1, where it is undefined.
    Source: Gretton et al. 2012, eq. 3.
    """
    n = a.shape[1]
    if n < 2:
        return (a.sum((1, 2)) + b.sum((1, 2))) * 0
    within = sum(((k := kernel(s, s)).sum((1, 2)) - k.diagonal(dim1=1, dim2=2).sum(1)) / (n * (n - 1)) for s in (a, b))
    return within - 2 * kernel(a, b).mean((1, 2))


def mmd(draw: Draw, weight: float = 100.0, beta: float = 0.0) -> Tensor:
    """E_q[log p(x|z)] - beta KL(q(z|x) || p(z)) - weight MMD^2(q(z), p(z)) [B], the last shared by all examples.

    Each of the K samples of the batch is compared with as many draws of the prior. InfoVAE (Zhao et al. 2019) with
    alpha = 1 - beta; beta = 0 is a WAE-MMD with a random encoder (Tolstikhin et al. 2018).
    """
    _through_z(draw, "the maximum mean discrepancy")
    distance = squared_mmd(draw.code, draw.z_prior).mean()
    return -draw.distortion - beta * rate(draw) - weight * distance


def jacobian(draw: Draw) -> Tensor:
    """|| d E_q[z] / dx ||_F^2 [B], exact, by one backward pass per latent. Source: Rifai et al. 2011 (contractive)."""
    training = torch.is_grad_enabled()
    with torch.enable_grad():
        x = draw.seen.detach().requires_grad_()
        mean = draw.model.encode(x).mean
        rows = [torch.autograd.grad(m.sum(), x, create_graph=training, retain_graph=True)[0] for m in mean.unbind(-1)]
        total = torch.stack([over_dimensions(row.flatten(1).square()) for row in rows]).sum(0)
    return total if training else total.detach()


def sparsity(draw: Draw) -> Tensor:
    """E_q |z|_1 [B]: -log of a Laplace(0, 1) prior, up to a constant. Source: Olshausen & Field 1996."""
    return draw.mean(over_dimensions(draw.code.abs()))


def _quantised(draw: Draw) -> QuantisedDistribution:
    if not isinstance(draw.q, QuantisedDistribution):
        raise TypeError("this model has no codebook")
    return draw.q


def codebook(draw: Draw) -> Tensor:
    """|| sg[raw] - nearest ||^2 [B]: moves codes to the encoder's outputs. Source: van den Oord et al. 2017."""
    q = _quantised(draw)
    return over_dimensions((q.raw.detach() - q.nearest).square())


def commitment(draw: Draw) -> Tensor:
    """|| raw - sg[nearest] ||^2 [B]: moves the encoder's outputs to their codes. Source: van den Oord et al. 2017."""
    q = _quantised(draw)
    return over_dimensions((q.raw - q.nearest.detach()).square())


def mask(x: Tensor, generator: torch.Generator | None, rate: float = 0.3) -> Tensor:
    """Return x with a share `rate` of its pixels set to 0 (Vincent et al. 2008)."""
    keep = torch.empty_like(x).uniform_(generator=generator) >= rate
    return x * keep


def noise(x: Tensor, generator: torch.Generator | None, sigma: float = 0.3) -> Tensor:
    """Return x + sigma eps, eps ~ N(0, I)."""
    return x + sigma * torch.empty_like(x).normal_(generator=generator)
