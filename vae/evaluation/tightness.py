"""The gap of the bound for each example: log p(x) - ELBO, by quadrature or from importance weights."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.distributions import kl_divergence

from vae.evaluation.gaps import VALUES, gauss_hermite, means_and_scales
from vae.evaluation.importance import stream
from vae.evaluation.quadrature import exact
from vae.model import LatentModel

NODES = 20  # Gauss-Hermite nodes per axis: because of the kinks of ReLUs in log p(x|z), 10 leave twice the error
K = 100  # importance samples


@dataclass(frozen=True)
class Tightness:
    """log p(x) - ELBO [N] in nats; `exact` if by quadrature, otherwise a lower bound, which grows with K."""

    gap: Tensor
    exact: bool


def by_quadrature(model: LatentModel, conditioned: bool) -> bool:
    """Return whether log p(x) is computed by quadrature: at most two latents, and one p(x|z) for all images."""
    return model.prior is not None and not conditioned and model.prior().event_shape[0] <= 2


@torch.no_grad()
def tightness(
    model: LatentModel,
    x: Tensor,
    generator: torch.Generator | None = None,
    k: int = K,
    conditioned: bool = False,
) -> Tightness:
    r"""Return KL(q(z|x) || p(z|x)) = log p(x) - ELBO [N] of each image x [N, ...], in nats.

    For d <= 2 and a Normal q, log p(x) is `quadrature.exact`'s, and the ELBO a sum over `NODES`^d nodes of Gauss and
    Hermite. Else L_K - ELBO, both from the same K samples, log (1/K) sum_k w_k - (1/K) sum_k log w_k: never negative,
    and in expectation below the gap, to which it grows with K (Burda et al. 2016, Thm 1). `conditioned` says that the
    model was given one label for each image. Raises TypeError without a prior.
    """
    if model.prior is None:
        raise TypeError("this model has no prior, so no bound and no gap")
    if by_quadrature(model, conditioned):
        q, prior = model.encode(x), model.prior()
        try:
            loc, scale = means_and_scales(q)
            rate = kl_divergence(q, prior)
        except (TypeError, NotImplementedError):
            pass  # another family or prior: use importance samples
        else:
            return Tightness(exact(model, x).log_px + _distortion(model, x, loc, scale) + rate.double(), True)
    log_w = torch.cat([sample.log_w.double() for sample in stream(model, x, k, generator)])
    return Tightness(log_w.logsumexp(0) - torch.tensor(float(len(log_w))).log() - log_w.mean(0), False)


def _distortion(model: LatentModel, x: Tensor, loc: Tensor, scale: Tensor) -> Tensor:
    """Return -E log p(x|z) [N], z ~ N(loc, diag scale^2)."""
    u, weight = (v.to(loc) for v in gauss_hermite(loc.shape[1], NODES))
    rows = max(1, VALUES // (len(u) * x[0].numel()))
    found = []
    for image, m, s in zip(x.split(rows), loc.split(rows), scale.split(rows), strict=True):
        log_px = model.decode(m + s * u.unsqueeze(1)).log_prob(image)
        found.append(-torch.einsum("k,kn->n", weight.double(), log_px.double()))
    return torch.cat(found)
