"""Values of the terms of the ELBO's derivation for one image: importance weights, gradients, prior samples, robustness.

From these arrays the page computes the bounds for every K, the gradients of every estimator and the posterior for
another sigma, without a further call.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.distributions import Distribution, kl_divergence

from vae.evaluation.gaps import Refined, means_and_scales, refine
from vae.evaluation.importance import Rung, _Groups
from vae.evaluation.likelihood import prepared
from vae.model import LatentModel, from_prior
from vae.model.families import sample
from vae.model.priors import normal

FLIPPED = 0.1  # share of pixels that a corruption changes
AGAIN = 64  # corruptions of an image
PART = 256  # z decoded at a time: their parameters stay in the processor's cache


class FixedPosterior(nn.Module):
    """An encoder that returns the same q(z|x) = N(loc, diag scale^2) for every image."""

    def __init__(self, loc: Tensor, scale: Tensor) -> None:
        super().__init__()
        self.register_buffer("loc", loc)
        self.register_buffer("scale", scale)

    def forward(self, x: Tensor) -> Distribution:
        """Return q of batch shape [B] for x [B, ...]."""
        loc, scale = (v.expand(len(x), -1) for v in (self.get_buffer("loc"), self.get_buffer("scale")))
        return normal(loc, scale)


class FittedPrior(nn.Module):
    """The Gaussian prior with the mean and the standard deviations of an autoencoder's codes, axis by axis."""

    def __init__(self, means: Tensor) -> None:
        super().__init__()
        self.register_buffer("loc", means.mean(0))
        self.register_buffer("scale", means.std(0).clamp_min(1e-6))

    def forward(self) -> Distribution:
        """Return the distribution; event shape [d]."""
        loc, scale = self.get_buffer("loc"), self.get_buffer("scale")
        return normal(loc, scale)


def with_prior(model: LatentModel, means: Tensor) -> LatentModel:
    """Return an autoencoder as a latent model p(z) p(x|z), with p(z) fitted to its codes [N, d] and shared weights."""
    return LatentModel(FittedPrior(means), model.decoder, model.encoder)


def with_posterior(model: LatentModel, q: Distribution) -> LatentModel:
    """Return the model with a diagonal Normal q of batch shape [1] in place of its encoder; all weights are shared."""
    fixed = FixedPosterior(*(v.detach() for v in means_and_scales(q)))
    return LatentModel(model.prior, model.decoder, fixed)  # type: ignore[arg-type]


def refine_from(model: LatentModel, x: Tensor, loc: Tensor, scale: Tensor, steps: int = 16) -> Refined:
    """Return `refine` of one image x [1, ...], started at q = N(loc, diag scale^2), loc and scale [1, d]."""
    start = normal(loc, scale)
    return refine(model, x, steps, start=start)


def as_diagonal_normal(q: Distribution) -> Distribution:
    """Return the Normal with q's means and scales and independent dimensions (q itself if it is one)."""
    try:
        means_and_scales(q)
        return q
    except TypeError:
        return normal(q.mean, q.stddev)


@dataclass(frozen=True)
class Weighed:
    """S samples z = m + s e of a diagonal Normal q: e and z [S, d], log-densities [S] in nats, gradients [S, d] in z.

    `squares` [S] are |x - E[x|z]|^2, `absolutes` [S] the sums of |x - E[x|z]| over pixels.
    """

    noise: Tensor
    z: Tensor
    log_px: Tensor
    log_pz: Tensor
    log_qz: Tensor
    slope_px: Tensor
    slope_pz: Tensor
    squares: Tensor
    absolutes: Tensor

    @property
    def log_w(self) -> Tensor:
        """log p(x|z) + log p(z) - log q(z|x) [S], float64."""
        return self.log_px.double() + self.log_pz.double() - self.log_qz.double()


def weigh(model: LatentModel, x: Tensor, q: Distribution, noise: Tensor) -> Weighed:
    """Return weighted samples of an image x [1, ...] under a diagonal Normal q (batch shape [1]), of noise e [S, d]."""
    prior = _prior(model)
    loc, scale = (v.detach() for v in means_and_scales(q))
    parts: list[tuple[Tensor, ...]] = []
    for e in noise.split(PART):
        with torch.enable_grad():
            z = (loc + scale * e).detach().requires_grad_()
            p = model.decode(z)
            log_px = p.log_prob(x)
            (slope_px,) = torch.autograd.grad(log_px.sum(), z, retain_graph=True)
            log_pz = prior.log_prob(z)
            (slope_pz,) = torch.autograd.grad(log_pz.sum(), z)
        log_qz = q.log_prob(z.detach().unsqueeze(1))[:, 0]
        away = (x - p.mean.detach()).flatten(2)
        both = away.square().sum(2), away.abs().sum(2)
        parts.append(tuple(v.detach() for v in (e, z, log_px, log_pz, log_qz, slope_px, slope_pz, *both)))
    return Weighed(*(torch.cat(column) for column in zip(*parts, strict=True)))


@torch.no_grad()
def samples(
    model: LatentModel, x: Tensor, q: Distribution, k: int, generator: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Return K samples z [K, d] of any q of batch shape [1], log p(x|z) and log w [K] of one image x [1, ...], nats."""
    prior = _prior(model)
    z = sample(q, k, generator)
    log_px = torch.cat([model.decode(part).log_prob(x) for part in z.split(PART)])
    log_w = log_px.double() + prior.log_prob(z).double() - q.log_prob(z).double()
    return z[:, 0], log_px[:, 0], log_w[:, 0]


def ladder(log_w: Tensor, ks: Sequence[int]) -> list[Rung]:
    """Return L_K and its effective sample size for each K, means over the disjoint groups of K of log w [S].

    The same as `importance.bounds` gives, from known weights.
    """
    groups = [_Groups(k, log_w[:1]) for k in ks]
    for group in groups:
        group.push(log_w[:, None].double())
    return [group.rung() for group in groups]


def _prior(model: LatentModel) -> Distribution:
    if model.prior is None:
        raise TypeError("this model has no prior, so log p(x) and every bound on it are undefined")
    prior: Distribution = model.prior()
    return prior


@dataclass(frozen=True)
class DecodedPoints:
    """Points z [M, d] with their decoded means [M, D] and squared norms [M], shared by all images."""

    z: Tensor
    likelihood: Callable[[Tensor], Tensor]
    mean: Tensor
    length: Tensor

    @torch.no_grad()
    def log_px(self, x: Tensor) -> Tensor:
        """Return log p(x|z) [M] of one image x [1, ...], nats; over prior samples the mean of exp is p(x)."""
        return self.likelihood(x)[0]

    @torch.no_grad()
    def squares(self, x: Tensor) -> Tensor:
        """Return |x - E[x|z]|^2 [M] of one image."""
        flat = x.flatten()
        return (self.length - 2 * self.mean @ flat + flat.square().sum()).clamp_min(0)

    @torch.no_grad()
    def absolutes(self, x: Tensor) -> Tensor:
        """Return the sum of |x - E[x|z]| over pixels [M] of one image."""
        return torch.cdist(self.mean, x.flatten(1), p=1.0)[:, 0]


@torch.no_grad()
def prior_samples(model: LatentModel, m: int, seed: int = 0) -> DecodedPoints:
    """Return m samples of the model's prior, decoded; raises TypeError without a prior."""
    return decode_points(model, from_prior(_prior(model), m, 1, torch.Generator().manual_seed(seed))[:, 0])


@torch.no_grad()
def decode_points(model: LatentModel, z: Tensor) -> DecodedPoints:
    """Return points z [M, d], decoded."""
    p = model.decode(z)
    mean = p.mean.flatten(1)
    return DecodedPoints(z, prepared(p), mean, mean.square().sum(1))


def rate_slope(q: Distribution, prior: Distribution) -> Tensor | None:
    """Return the gradient [2 d] of KL(q || p) in q's (m, log s), batch shape [1]; None without a closed form of KL."""
    loc, scale = means_and_scales(q)
    m, t = loc.detach().clone().requires_grad_(), scale.detach().log().requires_grad_()
    with torch.enable_grad():
        try:
            rate = kl_divergence(normal(m, t.exp()), prior)
        except NotImplementedError:
            return None
        parts = torch.autograd.grad(rate.sum(), (m, t))
    return torch.cat([part[0] for part in parts])


@dataclass(frozen=True)
class Resistance:
    """The robustness of one image's code: under corruptions of the image [A, d], and under infinitesimal changes.

    `code` [d] is E_q[z]; `jacobian` [d, d] is J J' of J = dE_q[z]/dx, whose trace is the contractive penalty.
    `distortion` [A] is -log p(x | code of the corrupted image): the loss of denoising, in nats.
    """

    code: Tensor
    corrupted: Tensor
    jacobian: Tensor
    distortion: Tensor


def resistance(model: LatentModel, x: Tensor, binary: bool, generator: torch.Generator) -> Resistance:
    """Return the robustness of the code of one image x [1, ...] against changes of the image.

    If `binary`, a share FLIPPED of the pixels is flipped; otherwise Normal noise of that standard deviation is added.
    """
    seen = x.expand(AGAIN, *x.shape[1:])
    noise = torch.rand(seen.shape, generator=generator)
    changed = torch.where(noise < FLIPPED, 1 - seen, seen)
    if not binary:
        changed = seen + FLIPPED * torch.randn(seen.shape, generator=generator)
    with torch.enable_grad():
        image = x.clone().requires_grad_()
        code = model.encode(image).mean[0]
        rows = [torch.autograd.grad(c, image, retain_graph=True)[0].flatten() for c in code]
    j = torch.stack(rows)
    with torch.no_grad():
        corrupted = model.encode(changed).mean
        lost = -model.decode(corrupted).log_prob(x)
    return Resistance(code.detach(), corrupted, j @ j.T, lost)
