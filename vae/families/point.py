"""The point mass that makes a latent model a plain autoencoder."""

from torch import Tensor
from torch.distributions import Distribution, constraints

from vae.families.base import Family
from vae.families.sampling import Source, sample


class DeltaDistribution(Distribution):
    """All mass at one point: the autoencoder's q(z|x). It has no density, so `log_prob` raises."""

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


class Delta(Family):
    """All mass at raw: what makes a latent model a plain autoencoder."""

    def forward(self, raw: Tensor) -> Distribution:
        """Return the point mass at raw [..., d]."""
        return DeltaDistribution(raw)
