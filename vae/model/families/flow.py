"""RealNVP: a Normal transformed by affine couplings, with an exact density and exact samples.

Used for the posterior (the encoder provides a context), the prior, and densities fitted to codes.
Source: Dinh et al. 2017; as a posterior, Rezende & Mohamed 2015.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.distributions import Distribution, Independent, TransformedDistribution, constraints
from torch.distributions import Normal as TorchNormal
from torch.distributions.transforms import Transform

from vae.model.families.base import Family, soft_bound, vector_only
from vae.spec.choices.posteriors import FLOW_CONTEXT

LOG_SCALE_RANGE = (
    -2.0,
    2.0,
)  # of a coupling's s: e^2 per layer is flexible enough, and no layer can overflow


class Coupling(nn.Module):
    """z -> z e^s + t on one half of z, with s and t computed from the other half and an optional context.

    `forward` returns s and t, zero on the unchanged half; its last layer starts at zero, so a flow starts as identity.
    """

    mask: Tensor

    def __init__(self, latent: int, parity: int, hidden: int, context: int) -> None:
        super().__init__()
        self.register_buffer("mask", ((torch.arange(latent) + parity) % 2).to(torch.get_default_dtype()), False)
        self.inner = nn.Linear(latent, hidden)
        self.context = nn.Linear(context, hidden, bias=False) if context else None
        self.outer = nn.Linear(hidden, 2 * latent)
        nn.init.zeros_(self.outer.weight)
        nn.init.zeros_(self.outer.bias)

    def forward(self, z: Tensor, context: Tensor | None) -> tuple[Tensor, Tensor]:
        """Return log scales and shifts [..., d] for z [..., d]; the context [B, c] broadcasts over samples."""
        h = self.inner(z * self.mask)
        if self.context is not None:
            h = h + self.context(context)
        log_scale, shift = self.outer(torch.tanh(h)).chunk(2, -1)
        free = 1 - self.mask
        return soft_bound(log_scale, *LOG_SCALE_RANGE) * free, shift * free


def couplings(latent: int, layers: int, hidden: int, context: int = 0) -> nn.ModuleList:
    """Return couplings that keep the odd and the even dimensions alternately; raises ValueError on sizes below one."""
    for name, size in (("layers", layers), ("hidden", hidden)):
        if not isinstance(size, int) or isinstance(size, bool) or size < 1:
            raise ValueError(f"{name} must be a whole number of at least 1, not {size!r}")
    return nn.ModuleList(Coupling(latent, i % 2, hidden, context) for i in range(layers))


class Couplings(Transform):
    """A stack of couplings under one context; it caches its last result, so a sample's density needs no inversion."""

    domain = constraints.real_vector
    codomain = constraints.real_vector
    bijective = True

    def __init__(self, layers: Sequence[nn.Module], context: Tensor | None = None) -> None:
        super().__init__(cache_size=1)
        self.layers, self.context = layers, context
        self._log_det: Tensor | None = None

    def forward_and_log_det(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return y and log |det dy/dx|, without caching them."""
        total = torch.zeros_like(x)
        for layer in self.layers:
            log_scale, shift = layer(x, self.context)
            x = x * log_scale.exp() + shift
            total = total + log_scale
        return x, total.sum(-1)

    def _call(self, x: Tensor) -> Tensor:
        y, self._log_det = self.forward_and_log_det(x)
        return y

    def _inverse(self, y: Tensor) -> Tensor:
        total = torch.zeros_like(y)
        for layer in reversed(self.layers):
            log_scale, shift = layer(y, self.context)
            y = (y - shift) * (-log_scale).exp()
            total = total + log_scale
        self._log_det = total.sum(-1)
        return y

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        """Return log |det dy/dx| [...] of the pair (x, y)."""
        if self._cached_x_y[0] is not x or self._cached_x_y[1] is not y:
            self(x)
        assert self._log_det is not None
        return self._log_det


class FlowDistribution(TransformedDistribution):
    """A Normal through couplings: exact `rsample` and `log_prob`; mean and stddev by a cubature rule.

    E[f(z0)] ~ (1/2d) sum_j f(m + sqrt(d) s_j e_j) + f(m - sqrt(d) s_j e_j) for z0 ~ N(m, diag s^2): exact for cubic
    f, so also for an affine flow; deterministic; a good approximation for a nearly affine flow. Source: Arasaratnam &
    Haykin 2009.
    """

    def __init__(self, base: Independent, layers: Sequence[nn.Module], context: Tensor | None = None) -> None:
        self.normal, self.couplings = base.base_dist, Couplings(layers, context)
        super().__init__(base, self.couplings, validate_args=False)

    def _points(self) -> Tensor:
        """The cubature points [2 d, *batch, d], transformed by the flow."""
        base = self.normal
        d = base.loc.shape[-1]
        steps = torch.eye(d, dtype=base.loc.dtype, device=base.loc.device) * d**0.5
        steps = torch.cat([steps, -steps]).reshape(2 * d, *[1] * (base.loc.ndim - 1), d)
        return self.couplings.forward_and_log_det(base.loc + base.scale * steps)[0]

    @property
    def mean(self) -> Tensor:
        """E[z] [*batch, d] by the cubature rule."""
        return self._points().mean(0)

    @property
    def variance(self) -> Tensor:
        """Var[z_j] [*batch, d] by the cubature rule."""
        return self._points().var(0, correction=0)


class Flow(Family):
    """q(z): a Normal through `layers` couplings, each conditioned on `context` numbers from the network."""

    def __init__(self, shape: tuple[int, ...], layers: int = 4, hidden: int = 32, context: int = FLOW_CONTEXT) -> None:
        super().__init__(shape)
        self.latent = vector_only(shape, "flow")
        self.layers = couplings(self.latent, layers, hidden, context)

    def forward(self, raw: Tensor) -> Distribution:
        """Return the distribution of raw [..., 2 d + context]: means and log sigmas of the base, then the context."""
        mean, log_sigma, context = raw.split([self.latent, self.latent, raw.shape[-1] - 2 * self.latent], -1)
        base = Independent(TorchNormal(mean, soft_bound(log_sigma).exp(), validate_args=False), 1, validate_args=False)
        return FlowDistribution(base, list(self.layers), context)
