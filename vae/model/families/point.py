"""Point masses as q(z|x), which make the model an autoencoder: at any point, or at the points of a codebook."""

import torch
from torch import Tensor, nn
from torch.distributions import Distribution, constraints

from vae.model.families.base import Family, vector_only
from vae.model.families.sampling import Source, sample


class DeltaDistribution(Distribution):
    """A point mass, the q(z|x) of an autoencoder. It has no density, so `log_prob` raises TypeError."""

    arg_constraints = {"value": constraints.real}  # noqa: RUF012 -- torch declares it so
    has_rsample = True

    def __init__(self, value: Tensor) -> None:
        self.value = value
        super().__init__(value.shape[:-1], value.shape[-1:], validate_args=False)

    @property
    def mean(self) -> Tensor:
        """The point itself."""
        return self.value

    def log_prob(self, value: Tensor) -> Tensor:
        """Raise TypeError: a point mass has no density, so no rate and no bound."""
        raise TypeError(
            "a plain autoencoder's q(z|x) is a point without density: it has no rate and no bound on log p(x)"
        )


@sample.register
def _(distribution: DeltaDistribution, k: int, generator: Source = None) -> Tensor:
    return distribution.value.expand(k, *distribution.value.shape)


class QuantisedDistribution(DeltaDistribution):
    """A point mass at `nearest`, the codebook's point nearest to `raw` [..., d]; straight-through gradient to raw."""

    def __init__(self, raw: Tensor, nearest: Tensor) -> None:
        self.raw, self.nearest = raw, nearest
        super().__init__(nearest.detach() + (raw - raw.detach()))


class Quantised(Family):
    """A point mass at the nearest of `codes` learned points, separately for each group of `size` successive latents.

    The terms `codebook` and `commitment` train the codebook. Source: van den Oord et al. 2017 (VQ-VAE), with a
    vector of codes instead of their image of codes.
    """

    def __init__(self, shape: tuple[int, ...], codes: int = 64, size: int = 2) -> None:
        super().__init__(shape)
        latent = vector_only(shape, "codebook")
        for name, value in (("codes", codes), ("size", size)):
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise ValueError(f"{name} must be a whole number of at least 1, not {value!r}")
        if latent % size:
            raise ValueError(f"{latent} latents cannot be cut into codes of size {size}")
        self.codebook = nn.Parameter(torch.randn(codes, size))

    def forward(self, raw: Tensor) -> Distribution:
        """Return the point mass at the codes nearest to raw [..., d]."""
        parts = raw.unflatten(-1, (-1, self.codebook.shape[1]))
        index = torch.cdist(parts.detach().flatten(0, -2), self.codebook.detach()).argmin(1)
        return QuantisedDistribution(raw, self.codebook[index].reshape(raw.shape))


class Delta(Family):
    """A point mass at the network's output; the posterior of a plain autoencoder."""

    def forward(self, raw: Tensor) -> Distribution:
        """Return the point mass at raw [..., d]."""
        return DeltaDistribution(raw)
