"""What an architecture becomes: two networks, the second head, and what it says of its conventions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vae.opened.network import Network, Step
from vae.opened.simplify import simplified
from vae.spec.layer_kinds import Shape


@dataclass(frozen=True)
class Built:
    """The two networks of an architecture, its second head, and what the architecture says of its conventions."""

    encoder: Network
    decoder: Network
    second: str | None
    stated: Mapping[str, Any]
    notes: tuple[str, ...] = ()


def built(
    encoder: Sequence[Step],
    image: Shape,
    decoder: Sequence[Step],
    latent: Shape,
    second: str | None,
    stated: Mapping[str, Any],
    notes: tuple[str, ...] = (),
) -> Built:
    """Return the two networks of layers, checked and simplified; raises NetworkError."""
    first = Network(simplified(tuple(encoder), image), image).check()
    return Built(first, Network(simplified(tuple(decoder), latent), latent).check(), second, stated, notes)
