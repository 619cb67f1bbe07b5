"""The model in three objects: a Conditional is a network and a family; a LatentModel is p(z) p(x|z) with q(z|x); a
Draw is K samples of q(z|x) with every log-density."""

from dataclasses import dataclass
from functools import cached_property

from torch import Tensor, nn
from torch.distributions import Distribution, kl_divergence

from vae.families import Family, Source
from vae.paths import PATHS, Path


class Conditional(nn.Module):
    """p(y|h): a network followed by a family; any number of leading axes."""

    def __init__(self, net: nn.Module, family: Family, rank: int) -> None:
        """Join a network and a family; `rank` is how many axes one input h has."""
        super().__init__()
        self.net, self.family, self.rank = net, family, rank

    def forward(self, h: Tensor) -> Distribution:
        """Return p(y|h) for h [..., *input], with batch shape [...]."""
        lead = h.shape[: h.ndim - self.rank]
        raw: Tensor = self.net(h.reshape(-1, *h.shape[h.ndim - self.rank :]))
        return self.family(raw.unflatten(0, lead))


class LatentModel(nn.Module):
    """p(z) p(x|z) with q(z|x); a prior of None and a Delta posterior make it a plain autoencoder."""

    def __init__(self, prior: nn.Module | None, decoder: Conditional, encoder: Conditional) -> None:
        super().__init__()
        self.prior, self.decoder, self.encoder = prior, decoder, encoder

    def encode(self, x: Tensor) -> Distribution:
        """Return q(z|x) for x [..., *shape]; nothing is sampled."""
        return self.encoder(x)

    def decode(self, z: Tensor) -> Distribution:
        """Return p(x|z) for z [..., d]; nothing is sampled."""
        return self.decoder(z)


@dataclass(frozen=True)
class Draw:
    """K samples z [K, B, d] of q(z|x) with x [B, ...], p(x|z), and the log-densities [K, B], each computed once."""

    x: Tensor
    z: Tensor
    q: Distribution
    p: Distribution
    prior: Distribution | None
    path: Path

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

    @cached_property
    def distortion(self) -> Tensor:
        """-E_q[log p(x|z)] [B] over the K samples."""
        return -self.log_px.mean(0)

    @cached_property
    def rate_is_exact(self) -> bool:
        """Whether the rate is a closed form (True) or the Monte Carlo mean over the K samples (False)."""
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
        """KL(q(z|x) || p(z)) [B], closed form where torch knows one, else Monte Carlo; None without a prior."""
        if self.prior is None:
            return None
        exact = self._closed_form_rate
        return exact if exact is not None else (self.log_qz - self.log_pz).mean(0)


def draw(
    model: LatentModel,
    x: Tensor,
    k: int = 1,
    path: str | Path = "reparametrised",
    generator: Source = None,
    seen: Tensor | None = None,
) -> Draw:
    """Return K samples of q(z|x) for x [B, ...]; the encoder sees `seen` (a corrupted x) where given."""
    if k < 1:
        raise ValueError(f"a draw needs at least one sample, not {k}")
    route = PATHS[path] if isinstance(path, str) else path
    q = model.encode(x if seen is None else seen)
    z = route.sample(q, k, generator)
    return Draw(x, z, q, model.decode(z), None if model.prior is None else model.prior(), route)
