"""The information of z about x: mutual information with bounds, total correlation and dimension-wise KL.

All quantities are for a stated subset of N equally likely examples: x is one of them, z ~ q(z|x), and the aggregate
posterior is q(z) = (1/N) sum_n q(z|x_n), summed exactly. Minibatches are not used: with N = 5000 and batches of 64,
such estimates of the three parts have errors of several times their size, and only their sum is right.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.distributions import Distribution, Independent, MultivariateNormal, Normal

from vae.data.batches import Batches
from vae.density.torch_log_q import PAIRS, AggregatePosterior
from vae.evaluation.estimate import Estimate
from vae.evaluation.likelihood import pairwise_log_prob
from vae.model import LatentModel
from vae.model.families import DeltaDistribution, sample
from vae.model.families.normals import log_sum_exp


def marginals(q: Distribution) -> tuple[Tensor, Tensor]:
    """Return means and scales [N, d] of a Normal's marginals; raises TypeError for another family."""
    if isinstance(q, Independent) and isinstance(q.base_dist, Normal):
        return q.base_dist.loc, q.base_dist.scale
    if isinstance(q, MultivariateNormal):
        return q.loc, q.stddev
    raise TypeError("total correlation and dimension-wise KL need a Normal q(z|x), whose marginals are known")


def aggregate_log_prob(q: Distribution, z: Tensor) -> tuple[Tensor, Tensor]:
    """Return log q(z) [M] and log q(z_j) [M, d] of z [M, d] under q(z) = (1/N) sum_n q(z|x_n), in nats, float64.

    Exact over all N in O(M N d) time and constant memory. Raises TypeError if q is not Normal.
    """
    z = z.double()
    loc, scale = marginals(q)
    independent = AggregatePosterior(loc, scale)
    if not isinstance(q, MultivariateNormal):
        return independent.log_prob(z), independent.log_prob_by_dimension(z)
    full = MultivariateNormal(loc.double(), scale_tril=q.scale_tril.double(), validate_args=False)
    parts = z.unsqueeze(1).split(max(1, PAIRS // len(loc)))
    joint = torch.cat([log_sum_exp(full.log_prob(part)) for part in parts]) - math.log(len(loc))
    return joint, independent.log_prob_by_dimension(z)


@dataclass(frozen=True)
class Decomposition:
    """Rate = MI + TC + sum of dim-KL over a stated subset, nats; `by_dimension` [d] if the prior factorises.

    `cap` = log N is an upper bound of the MI for N examples, so an MI near it means that N is too small.
    """

    mutual_information: Estimate
    total_correlation: Estimate
    dimension_kl: Estimate
    by_dimension: Tensor | None
    rate: Estimate
    cap: float

    @property
    def capped(self) -> bool:
        """Whether the MI is within log 2 of log N: over more examples it would be larger."""
        return self.mutual_information.value > self.cap - math.log(2)


@torch.no_grad()
def decomposition(
    q: Distribution, prior: Distribution, samples: int = 1, generator: torch.Generator | None = None
) -> Decomposition:
    r"""Return the rate's decomposition over the N examples of q(z|x) [N], with `samples` z of each.

    E[log q(z|x) - log p(z)] = E[log q(z|x) / q(z)] + E[log q(z) / prod_j q(z_j)] + E[log prod_j q(z_j) / p(z)], with
    the exact aggregate posterior; errors are over the N examples. Source: Chen et al. 2018, eq. 2 (Hoffman & Johnson
    2016). Raises TypeError if q is not Normal.
    """
    z = sample(q, samples, generator)  # [S, N, d]
    n = z.shape[1]
    log_qzx = q.log_prob(z).double()
    log_pz = prior.log_prob(z).double()
    joint, each = aggregate_log_prob(q, z.flatten(0, 1))
    joint, each = joint.unflatten(0, z.shape[:2]), each.unflatten(0, z.shape[:2])
    product = each.sum(-1)
    by_dimension = None
    if isinstance(prior, Independent):
        by_dimension = (each - prior.base_dist.log_prob(z).double()).mean((0, 1))
    return Decomposition(
        Estimate.of((log_qzx - joint).mean(0)),
        Estimate.of((joint - product).mean(0)),
        Estimate.of((product - log_pz).mean(0)),
        by_dimension,
        Estimate.of((log_qzx - log_pz).mean(0)),
        math.log(n),
    )


@dataclass(frozen=True)
class InformationBounds:
    r"""lower <= I(x; z) <= upper over N stated examples, nats; see `information_bounds`.

    `plain` = H - D with H = log N and the decoder unchanged, `lower` the same with the decoder normalised over the N
    examples, `upper` = min(R, log N). `rate` is None for a point mass, whose rate is infinite under any density.
    """

    plain: Estimate
    lower: Estimate
    upper: Estimate
    rate: Estimate | None
    entropy: float
    deterministic: bool


@torch.no_grad()
def information_bounds(
    model: LatentModel, x: Tensor, samples: int = 1, generator: torch.Generator | None = None
) -> InformationBounds:
    r"""Return the Barber-Agakov bounds on I(x; z) for x uniform over the N distinct examples given [N, ...].

    H(x) - D <= I(x; z) <= R holds for any decoder and any prior (Barber & Agakov 2003; Alemi et al. 2018, eq. 4), with
    D = -E[log r(x|z)] for whatever distribution r over the values that x takes. Two are shown. `plain` takes r = p(x|z)
    and H = log N, the entropy of the uniform distribution on the N: valid, but mostly far below 0, since p(x|z) has
    most of its mass on other images; the population's entropy, which would make it tight, is unknown. (For densities, H
    would be minus infinity: `plain` is for probabilities, such as those of binary pixels.) `lower` takes the decoder
    normalised over the N, r(x_n|z) = p(x_n|z) e^-b_n / sum_m p(x_m|z) e^-b_m, at most log N: with b_n = log p(x_n)
    these are the model's posteriors p(z|x_n), normalised over the N, and the bound is the MI itself if q is exact. b_n
    is the ELBO, for an autoencoder log p(x_n|z_n). If pixels are binarised at random, the N images are the binary
    draws, not the grey images.

    In an autoencoder, z is a function of x: I = H(z) exactly, the log of the number of distinct codes, so `upper` is
    exact, and R is infinite, not 0. (Over a continuum of images I would be infinite; over N it is at most log N.)
    """
    n = len(x)
    if n < 2 or len(torch.unique(x.flatten(1), dim=0)) < n:
        raise ValueError("the entropy log N is that of two or more examples that all differ")
    q = model.encode(x)
    deterministic = isinstance(q, DeltaDistribution)
    if model.prior is None and not deterministic:
        raise TypeError("this model has no prior, so its rate is undefined")
    z = sample(q, samples, generator)
    own = torch.stack([model.decode(part).log_prob(x) for part in z]).double()  # [S, N]
    cost = None if model.prior is None or deterministic else (q.log_prob(z) - model.prior().log_prob(z)).double()
    offset = (own if cost is None else own - cost).mean(0)
    choices = []
    rows = max(1, PAIRS // n)
    for part, hit in zip(z.flatten(0, 1).split(rows), (own - offset).flatten().split(rows), strict=True):
        scores = pairwise_log_prob(model.decode(part), x).double() - offset.unsqueeze(1)  # [N, m]
        choices.append(hit - scores.logsumexp(0))
    cap = math.log(n)
    plain, lower = Estimate.of(cap + own.mean(0)), Estimate.of(cap + torch.cat(choices).unflatten(0, (-1, n)).mean(0))
    if cost is None:
        counts = torch.unique(z[0], dim=0, return_counts=True)[1].double() / n
        exact = -(counts * counts.log()).sum().item()
        return InformationBounds(plain, lower, Estimate.exactly(exact, n), None, cap, True)
    rate = Estimate.of(cost.mean(0))
    upper = rate if rate.value < cap else Estimate.exactly(cap, n)
    return InformationBounds(plain, lower, upper, rate, cap, False)


def subset(batches: Batches, n: int, seed: int = 0) -> Tensor:
    """Return the first n examples, binarised from `seed`: the subset of a decomposition."""
    generator = torch.Generator(device=batches.examples.device).manual_seed(seed)
    return batches.take(slice(0, n), generator)
