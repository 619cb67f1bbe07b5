"""What a foreign model can do, asked in one place whether its networks were read or only its own code can run them."""

from collections.abc import Callable

import torch
from torch import Tensor

from vae.opened.foreign import Foreign
from vae.spec.layer_kinds import Shape


def takes(foreign: Foreign) -> bool:
    """Return whether the model encodes."""
    return foreign.encoder is not None or (foreign.opaque is not None and foreign.opaque.encode is not None)


def gives(foreign: Foreign) -> bool:
    """Return whether the model decodes."""
    return foreign.decoder is not None or (foreign.opaque is not None and foreign.opaque.decode is not None)


def heads(foreign: Foreign) -> tuple[str, str]:
    """Return what the file calls the mean and the second head; names without a letter say nothing."""
    names = [one.name for one in foreign.candidates.get("heads", ())]
    first = next((name for name in names if name != foreign.second), "")
    return _word(first, "first output"), _word(foreign.second or "", "second output")


def _word(name: str, otherwise: str) -> str:
    return name if any(letter.isalpha() for letter in name) else otherwise


def out_shape(foreign: Foreign) -> Shape | None:
    """Return the shape of one decoded example, None for a model that does not decode."""
    if foreign.decoder is not None:
        return foreign.decoder.out_shape
    if foreign.opaque is not None and foreign.opaque.decode is not None:
        with torch.no_grad():
            return tuple(foreign.decode(torch.zeros(2, foreign.d)).shape[1:])
    return None


def differentiable(foreign: Foreign) -> Callable[[Tensor], Tensor]:
    """Return the decoder with a gradient in z [N, d] where it has one: networks do, a model's own code may not."""
    if foreign.decoder is None:
        return foreign.decode
    module = foreign.decoder.module().requires_grad_(False)
    return lambda z: module(z)
