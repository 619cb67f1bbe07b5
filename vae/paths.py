"""Gradient paths: how z carries the gradient of a bound back to q. A bound's value never depends on its path."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor
from torch.distributions import Distribution

from vae import families


@dataclass(frozen=True)
class Path:
    """How z is drawn from q (k draws first) and with which gradient log q(z|x) is read."""

    sample: Callable[[Distribution, int, families.Source], Tensor]
    log_q: Callable[[Distribution, Tensor], Tensor]


PATHS = {
    # z = mu + sigma eps: the gradient flows through z into the encoder (Kingma & Welling 2014)
    "reparametrised": Path(families.sample, lambda q, z: q.log_prob(z)),
}
