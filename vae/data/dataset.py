"""The types of all datasets: a description, and the arrays of one split."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

SPLITS = ("train", "valid", "test")


class DataError(Exception):
    """Data are unavailable or do not fit; the message says what, why and what to do."""


class MissingData(DataError):
    """A dataset's files are not on this machine."""


@dataclass(frozen=True)
class Dataset:
    """One split: images [N, C, H, W] uint8 (or float32 vectors [N, D]), int64 labels [N], factors [N] by name.

    A pixel's value in [0, 1] is images / levels. `binary` says that all values are 0 or `levels`. `index` [N] is each
    example's position in its split, which identifies the example in any subset.
    """

    name: str
    images: NDArray[Any]
    labels: NDArray[np.int64] | None
    classes: tuple[str, ...]
    factors: dict[str, NDArray[Any]] | None = None
    levels: int = 255
    split: str = "train"
    binary: bool = False
    index: NDArray[np.int64] | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one example."""
        return self.images.shape[1:]

    def __len__(self) -> int:
        return len(self.images)


@dataclass(frozen=True)
class Examples:
    """Examples that a source reads or draws: images; labels, factors and positions in the split are optional."""

    images: NDArray[Any]
    labels: NDArray[np.int64] | None = None
    factors: dict[str, NDArray[Any]] | None = None
    index: NDArray[np.int64] | None = None


@dataclass(frozen=True)
class Description:
    """The facts about a dataset that need no reading of its files; `sizes` are the splits' numbers of examples, in the
    order of SPLITS.

    `shape` is [C, H, W] of pixels from 0 to `levels`, or [D] of real numbers; `classes` name the labels 0, 1, ... and
    `factors` name the factors of variation; both can be empty. `megabytes` is the size of the download, 0 for none.
    `columns` say what the values of a vector are (see `vae.data.units`), and `lines` [C, T] that they are C lines of T
    steps, one line after the other. `settings` are spec entries that suit these data better than a preset's: networks
    of a fitting size, few training examples, so that training shows something within half a minute, a likelihood with
    the right support. `rate` is what two latents of a VAE tell of one of these data, in nats, where it was measured:
    what a preset asks for that sets the rate.
    `example` and `examples` say in words what one example is, and what many are.
    """

    name: str
    title: str
    sentence: str
    shape: tuple[int, ...]
    sizes: tuple[int, int, int]
    source: str
    classes: tuple[str, ...] = ()
    factors: tuple[str, ...] = ()
    levels: int = 255
    binary: bool = False
    megabytes: float = 0
    settings: Mapping[str, Any] = field(default_factory=dict)
    rate: float | None = None
    example: str = "image"
    examples: str = "images"
    columns: tuple[Mapping[str, Any], ...] = ()
    lines: tuple[int, int] | None = None

    @property
    def embedded(self) -> bool:
        """Whether it needs no download."""
        return self.megabytes == 0

    @property
    def pixels(self) -> bool:
        """Whether examples are images of whole-number pixels, not vectors of real numbers."""
        return len(self.shape) == 3

    @property
    def grey(self) -> bool:
        """Whether pixels have values between 0 and `levels`; only such pixels can be binarised."""
        return self.pixels and not self.binary

    def part(self, split: str) -> slice:
        """Return the slice of a split in all examples, in the order train, valid, test."""
        start = sum(self.sizes[: SPLITS.index(split)])
        return slice(start, start + self.sizes[SPLITS.index(split)])

    def dataset(self, split: str, examples: Examples) -> Dataset:
        """Return a split's examples as a dataset; without an index they are taken as the first of the split."""
        e = examples
        index = np.arange(len(e.images)) if e.index is None else e.index
        return Dataset(self.name, e.images, e.labels, self.classes, e.factors, self.levels, split, self.binary, index)

    def empty(self) -> Dataset:
        """Return this dataset without examples, for checks that need only its description."""
        images = np.empty((0, *self.shape), np.uint8 if self.pixels else np.float32)
        return self.dataset(SPLITS[0], Examples(images))
