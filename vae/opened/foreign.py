"""The contract of every reader: a model of another library as two networks, and all that its file says of itself."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import Any, TypedDict

from torch import Tensor

from vae.opened.errors import OpenError
from vae.opened.network import Network
from vae.spec.layer_kinds import Shape


class Codes(TypedDict):
    """What an encoder gives: means [N, d], and its second head [N, d] as it is, None for a model that has none."""

    mean: Tensor
    second: Tensor | None


@dataclass(frozen=True)
class Declared:
    """A model's input as its file declares it: one example's shape (None where it is left open) and its type.

    `layout` is "NCHW", "NHWC" or "flat", or None where the file does not say.
    """

    shape: tuple[int | None, ...]
    dtype: str = "float32"
    layout: str | None = None
    name: str = ""


@dataclass(frozen=True)
class Candidate:
    """A value that could be the mean, the second head or the bottleneck: its name in the file, one example's shape."""

    name: str
    shape: Shape


@dataclass(frozen=True)
class Foreign:
    """A model of another library, read and not run.

    `encoder` gives the means of x [*input shape] as d numbers, or 2d, the means and the second head, where `second`
    names one; `decoder` gives x from d numbers. A latent of another shape than (d,) is flattened in both. `stated` is
    what the file itself says of its conventions, by "second", "likelihood", "beta", "input", "output" or "model"; none
    of it is checked against data. `opaque` replaces the networks of a model that only its own code can run; such a
    model cannot be written as a run folder.
    """

    kind: str  # the reader's name in vae.opened.table.READERS
    input: Declared
    latent: Shape
    encoder: Network | None = None
    decoder: Network | None = None
    second: str | None = None
    candidates: Mapping[str, tuple[Candidate, ...]] = field(default_factory=dict)
    stated: Mapping[str, Any] = field(default_factory=dict)
    origin: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    opaque: "Opaque | None" = None
    run: Path | None = None  # the folder, where the model is a run of this program already
    codes: Mapping[str, Any] | None = None  # of a model that is not here, as vae.runs.codes_only takes them

    @property
    def shape(self) -> Shape:
        """One example's shape, as the model takes it."""
        if self.encoder is not None:
            return self.encoder.in_shape
        return tuple(n for n in self.input.shape if n is not None)

    @property
    def d(self) -> int:
        """The number of latents."""
        return prod(self.latent)

    @property
    def in_browser(self) -> bool:
        """Whether the browser can decode by itself; otherwise a worker decodes, and the map shows an atlas."""
        return self.decoder is not None and self.decoder.in_browser

    def encode(self, x: Tensor) -> Codes:
        """Return means [N, d] and second head [N, d] of x [N, *shape] in the model's own range and layout.

        Raises OpenError for a model without an encoder, GraphError for one that cannot run on x.
        """
        if self.opaque is not None and self.opaque.encode is not None:
            return self.opaque.encode(x)
        if self.encoder is None:
            raise OpenError("This model has no encoder, so it has no codes. Open it together with its encoder.")
        made = self.encoder(x).flatten(1)
        if self.second is None:
            return {"mean": made, "second": None}
        mean, second = made.split(self.d, 1)
        return {"mean": mean, "second": second}

    def decode(self, z: Tensor) -> Tensor:
        """Return the decoder's raw output [N, *out_shape] at z [N, d], in the model's own range and layout."""
        if self.opaque is not None and self.opaque.decode is not None:
            return self.opaque.decode(z)
        if self.decoder is None:
            raise OpenError("This model has no decoder, so nothing can be drawn. Open it together with its decoder.")
        return self.decoder(z.reshape(len(z), -1))


@dataclass(frozen=True)
class Opaque:
    """The calls of a model that only its own code can run, on the user's own machine."""

    encode: Callable[[Tensor], Codes] | None
    decode: Callable[[Tensor], Tensor] | None
