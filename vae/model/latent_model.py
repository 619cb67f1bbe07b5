"""The model in three objects: a Conditional is a network and a family; a LatentModel is p(z) p(x|z) with q(z|x); a
Draw is K samples of q(z|x) with every log-density.

For a model that is conditioned on labels y, `given(y)` returns the model p(z|y) p(x|z, y) with q(z|x, y).
"""

import copy
from dataclasses import dataclass
from functools import cached_property

from torch import Tensor, nn
from torch.distributions import Distribution, kl_divergence

from vae.model.estimators import Path, graft
from vae.model.families import DeltaDistribution, Family, Source, rate_by_dimension, sample
from vae.model.labels import Labelled, over
from vae.spec.choices import PATHS


class Conditional(Labelled):
    """p(y|h): a network followed by a family; any number of leading axes."""

    def __init__(self, net: nn.Module, family: Family, rank: int) -> None:
        """Join a network and a family; `rank` is how many axes one input h has."""
        super().__init__()
        self.net, self.family, self.rank = net, family, rank

    def forward(self, h: Tensor) -> Distribution:
        """Return p(y|h) for h [..., *input], with batch shape [...]."""
        given: tuple[Tensor, ...] = ()
        if self.labels is not None:
            labels, h = over(self.labels, h, self.rank)
            given = (labels.reshape(-1),)
        lead = h.shape[: h.ndim - self.rank]
        raw: Tensor = self.net(h.reshape(-1, *h.shape[h.ndim - self.rank :]), *given)
        return self.family(raw.reshape(*lead, *raw.shape[1:]))


class LatentModel(nn.Module):
    """p(z) p(x|z) with q(z|x); a prior of None and a Delta posterior make it a plain autoencoder."""

    def __init__(self, prior: nn.Module | None, decoder: Conditional, encoder: Conditional) -> None:
        super().__init__()
        self.prior, self.decoder, self.encoder = prior, decoder, encoder

    def given(self, labels: Tensor | None) -> "LatentModel":
        """Return the model conditioned on labels [...], whole numbers that broadcast over a batch; itself for None.

        It shares every weight. A conditional model cannot be used before it is given labels.
        """
        if labels is None:
            return self
        twin = copy.copy(self)
        twin._modules = {name: m.given(labels) if isinstance(m, Labelled) else m for name, m in self._modules.items()}
        return twin

    def encode(self, x: Tensor) -> Distribution:
        """Return q(z|x) for x [..., *shape]; nothing is sampled."""
        return self.encoder(x)

    def decode(self, z: Tensor) -> Distribution:
        """Return p(x|z) for z [..., d]; nothing is sampled."""
        return self.decoder(z)


@dataclass(frozen=True)
class Draw:
    """K samples z [K, B, d] of q(z|x) with x [B, ...], p(x|z), and the log-densities [K, B], each computed once.

    `code` is z as it was drawn; `z` can have a gradient that the path weights. `seen` is the encoder's input,
    `population` the size of the set from which the batch x comes, `source` the generator of further noise.
    """

    model: LatentModel
    x: Tensor
    seen: Tensor
    code: Tensor
    z: Tensor
    q: Distribution
    p: Distribution
    prior: Distribution | None
    path: Path
    population: int
    source: Source

    @cached_property
    def log_px(self) -> Tensor:
        """log p(x|z) [K, B]."""
        return self.p.log_prob(self.x)

    @cached_property
    def log_pz(self) -> Tensor:
        """log p(z) [K, B]; raises TypeError without a prior."""
        if self.prior is None:
            raise TypeError("this model has no prior, so log p(z) and every bound on log p(x) are undefined")
        return self.prior.log_prob(self.z)

    @cached_property
    def log_qz(self) -> Tensor:
        """log q(z|x) [K, B], with the path's gradient; raises TypeError for an autoencoder's point mass."""
        return self.path.log_q(self.q, self.z)

    @cached_property
    def log_w(self) -> Tensor:
        """log importance weights log p(x|z) + log p(z) - log q(z|x) [K, B]."""
        return self.log_px + self.log_pz - self.log_qz

    def mean(self, values: Tensor) -> Tensor:
        """E_q[values] [B] over the K samples [K, B], with the path's gradient."""
        return self.path.mean(values, self)

    def log_mean(self, log_w: Tensor) -> Tensor:
        """log (1/K) sum_k w_k [B] of log w [K, B], with the path's gradient."""
        return self.path.log_mean(log_w, self)

    @cached_property
    def distortion(self) -> Tensor:
        """-E_q[log p(x|z)] [B] over the K samples."""
        return -self.mean(self.log_px)

    @cached_property
    def rate_is_exact(self) -> bool:
        """Whether the rate has a closed form (True) or is the Monte Carlo mean over the K samples (False)."""
        return self._closed_form_rate is not None

    @cached_property
    def _closed_form_rate(self) -> Tensor | None:
        if self.prior is None:
            return None
        try:
            return kl_divergence(self.q, self.prior)
        except NotImplementedError:
            return None

    @cached_property
    def rate(self) -> Tensor | None:
        """KL(q(z|x) || p(z)) [B], in closed form if torch has one, else Monte Carlo.

        The path determines its gradient, never its value. None without a prior or a density of q.
        """
        if self.prior is None or isinstance(self.q, DeltaDistribution):
            return None
        exact = self._closed_form_rate
        if exact is not None and self.path.closed:
            return exact
        estimate = self.mean(self.log_qz - self.log_pz)
        return estimate if exact is None else graft(exact, estimate)

    @cached_property
    def rates(self) -> Tensor | None:
        """KL(q(z_j|x) || p(z_j)) [B, d] in closed form if both factorise, else None."""
        return None if self.prior is None else rate_by_dimension(self.q, self.prior)

    @cached_property
    def z_prior(self) -> Tensor:
        """Draws of p(z) [K, B, d], as many as of q(z|x); raises TypeError without a prior."""
        if self.prior is None:
            raise TypeError("this model has no prior to draw from")
        k, b = self.z.shape[:2]
        return from_prior(self.prior, k, b, self.source)


def from_prior(prior: Distribution, k: int, b: int, source: Source = None) -> Tensor:
    """Return k draws [k, b, d] for each of b examples, from the common p(z) or from each example's p(z|y)."""
    if prior.batch_shape:
        return sample(prior, k, source)
    return sample(prior, k * b, source).unflatten(0, (k, b))


def draw(
    model: LatentModel,
    x: Tensor,
    k: int = 1,
    path: str | Path = "reparametrised",
    generator: Source = None,
    seen: Tensor | None = None,
    population: int | None = None,
) -> Draw:
    """Return K samples of q(z|x) for x [B, ...], a batch from a set of `population` examples (default: B).

    If `seen` (a corrupted x) is given, it is the encoder's input instead of x.
    """
    if k < 1:
        raise ValueError(f"a draw needs at least one sample, not {k}")
    route: Path = PATHS[path].load() if isinstance(path, str) else path
    seen = x if seen is None else seen
    q = model.encode(seen)
    code = route.sample(q, k, generator)
    z = code.view_as(code) if route.weighs else code
    prior = None if model.prior is None else model.prior()
    return Draw(model, x, seen, code, z, q, model.decode(z), prior, route, population or len(x), generator)
