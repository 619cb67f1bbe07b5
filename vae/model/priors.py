"""Priors p(z): modules whose `forward` returns a distribution over z [d].

Each is constructed from the encoder, the number of latents d and the shape of the data: the VampPrior needs all three.
"""

from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn
from torch.distributions import Categorical, Distribution, Independent, MixtureSameFamily
from torch.distributions import Normal as TorchNormal

from vae.model.families import couplings, soft_bound
from vae.model.families.flow import FlowDistribution
from vae.model.families.normals import log_normals, log_sum_exp
from vae.model.labels import Labelled

_LEARNABLE = (0.02, 0.98)  # bounds of a pseudo-input's pixels at the start


def normal(mean: Tensor, scale: Tensor) -> Independent:
    """Return N(z; mean, diag scale^2) over the last axis."""
    return Independent(TorchNormal(mean, scale, validate_args=False), 1, validate_args=False)


class NormalMixture(MixtureSameFamily):
    """A mixture of Normals with independent dimensions; its log_prob uses matrix products, for speed (five times)."""

    def log_prob(self, value: Tensor) -> Tensor:
        """Return log p(z) [...] of z [..., d], in nats."""
        base: TorchNormal = self.component_distribution.base_dist  # type: ignore[attr-defined]
        logits = self.mixture_distribution.logits.double().log_softmax(0)
        return log_sum_exp(log_normals(base.loc, base.scale)(value) + logits).to(value.dtype)


def mixture(logits: Tensor, components: Distribution) -> MixtureSameFamily:
    """Return sum_c softmax(logits)_c p_c(z), log_prob a logsumexp of the components' joint densities."""
    independent = isinstance(components, Independent) and isinstance(components.base_dist, TorchNormal)
    kind = NormalMixture if independent and len(components.batch_shape) == 1 else MixtureSameFamily
    return kind(Categorical(logits=logits, validate_args=False), components, validate_args=False)


class StandardNormal(nn.Module):
    """p(z) = N(z; 0, I), z in R^d."""

    zeros: Tensor

    def __init__(self, encoder: nn.Module, latent: int, shape: tuple[int, ...]) -> None:
        super().__init__()
        # buffers, so that dtype and device follow the model; not persistent, because they are constants
        self.register_buffer("zeros", torch.zeros(latent), persistent=False)

    def forward(self) -> Distribution:
        """Return the distribution; event shape [d]."""
        return normal(self.zeros, torch.ones_like(self.zeros))


class ByLabel(Labelled):
    """p(z|y) = N(z; m_y, diag s_y^2), learned for each label; without labels, p(z) with the labels equally likely."""

    def __init__(self, latent: int, labels: int) -> None:
        super().__init__()
        self.mean = nn.Parameter(torch.zeros(labels, latent))
        self.log_sigma = nn.Parameter(torch.zeros(labels, latent))

    @property
    def label_count(self) -> int:
        """How many labels there are."""
        return len(self.mean)

    def forward(self) -> Distribution:
        """Return the distribution; event shape [d], batch shape that of the labels."""
        each = normal(self.mean, soft_bound(self.log_sigma).exp())
        if self.labels is None:
            return mixture(self.mean.new_zeros(len(self.mean)), each)
        return normal(each.mean[self.labels], each.stddev[self.labels])


class Mixture(nn.Module):
    """p(z) = sum_c w_c N(z; m_c, diag s_c^2), all learned. Source: Dilokthanakul et al. 2016."""

    def __init__(self, encoder: nn.Module, latent: int, shape: tuple[int, ...], components: int = 10) -> None:
        super().__init__()
        self.logits = nn.Parameter(torch.zeros(components))
        self.mean = nn.Parameter(torch.randn(components, latent))
        self.log_sigma = nn.Parameter(torch.zeros(components, latent))

    def forward(self) -> Distribution:
        """Return the distribution; event shape [d]."""
        return mixture(self.logits, normal(self.mean, soft_bound(self.log_sigma).exp()))


@runtime_checkable
class InitialisedFromData(Protocol):
    """A prior that is initialised from a number (`examples`) of the data's examples before training."""

    @property
    def examples(self) -> int: ...
    def initialise(self, examples: Tensor) -> None:
        """Initialise the prior from examples [n, *shape]."""


class Vamp(nn.Module):
    """p(z) = (1/C) sum_c q(z|u_c) with learned pseudo-inputs u_c. Source: Tomczak & Welling 2018.

    Pseudo-inputs for images [C, H, W] pass a sigmoid, so that they stay in the pixels' range; those for vectors do not.
    They start at examples, because the encoder would map noise to a region without codes.
    """

    def __init__(self, encoder: nn.Module, latent: int, shape: tuple[int, ...], inputs: int = 100) -> None:
        super().__init__()
        self.raw = nn.Parameter(torch.randn(inputs, *shape))
        self.pixels = len(shape) > 1
        self._encoder = (encoder,)  # in a tuple, so that its weights are not registered (and saved) a second time

    @property
    def examples(self) -> int:
        """The number of pseudo-inputs."""
        return len(self.raw)

    @torch.no_grad()
    def initialise(self, examples: Tensor) -> None:
        """Start at examples [n, *shape]; pixels are clamped away from 0 and 1, where the sigmoid has no gradient."""
        self.raw[: len(examples)] = torch.logit(examples.clamp(*_LEARNABLE)) if self.pixels else examples

    def inputs(self) -> Tensor:
        """Return the pseudo-inputs [C, *shape]."""
        return torch.sigmoid(self.raw) if self.pixels else self.raw

    def forward(self) -> Distribution:
        """Return the distribution; event shape [d]."""
        return mixture(self.raw.new_zeros(len(self.raw)), self._encoder[0](self.inputs()))


class FlowPrior(nn.Module):
    """p(z): a standard Normal through RealNVP couplings. Source: Dinh et al. 2017, Chen et al. 2017."""

    zeros: Tensor

    def __init__(
        self, encoder: nn.Module, latent: int, shape: tuple[int, ...], layers: int = 6, hidden: int = 64
    ) -> None:
        super().__init__()
        self.layers = couplings(latent, layers, hidden)
        self.register_buffer("zeros", torch.zeros(latent), persistent=False)

    def forward(self) -> Distribution:
        """Return the distribution; event shape [d]."""
        return FlowDistribution(normal(self.zeros, torch.ones_like(self.zeros)), list(self.layers))
