"""Batches by index from tensors in memory; pixels stay uint8 until a batch is taken."""

import math
import warnings
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from vae.data.binarisation import check_likelihood, static
from vae.data.dataset import DataError, Dataset
from vae.spec import Spec


@dataclass(frozen=True)
class Batches:
    """A split's examples [N, *shape], taken as batches of floats: binarised again each time, or scaled to [0, 1].

    `labels` [N] are present for models that are conditioned on labels.
    """

    examples: Tensor
    levels: int
    dynamic: bool
    labels: Tensor | None = None

    def __len__(self) -> int:
        return len(self.examples)

    def part(self, index: Tensor) -> "Batches":
        """Return the examples at `index` [n] as batches of their own."""
        return replace(self, examples=self.examples[index], labels=self.given(index))

    def given(self, index: Tensor | slice) -> Tensor | None:
        """Return the labels at `index` for `model.given`, or None for a model without a condition."""
        return None if self.labels is None else self.labels[index]

    def take(self, index: Tensor | slice, generator: torch.Generator | None = None) -> Tensor:
        """Return the examples at `index` as floats [B, *shape]; dynamic binarisation draws from `generator`.

        A pixel v of L levels becomes 1 where v > u, u uniform on {0, ..., L - 1}, so its probability is v / L exactly.
        """
        x = self.examples[index] if isinstance(index, slice) else self.examples.index_select(0, index)
        if x.dtype != torch.uint8:
            return x
        if self.dynamic:
            return (x > torch.empty_like(x).random_(0, self.levels, generator=generator)).to(torch.get_default_dtype())
        return x.to(torch.get_default_dtype()).div_(self.levels)


def prepare(dataset: Dataset, spec: Spec, device: str | torch.device = "cpu") -> Batches:
    """Return a dataset's batches with the spec's binarisation; raises DataError if the pixels do not fit the spec."""
    check_likelihood(spec.likelihood, dataset, spec.binarisation)
    if tuple(dataset.shape) != spec.shape:
        raise DataError(
            f"The model was specified for examples of shape {list(spec.shape)}, but {dataset.name} holds "
            f"{list(dataset.shape)}. Train a model on {dataset.name}, or choose data of the model's shape."
        )
    examples, levels = dataset.images, dataset.levels
    binarise = spec.binarisation if examples.dtype == np.uint8 and not dataset.binary else "none"
    if binarise == "static":
        examples, levels = static(dataset), 1
    given = None if spec.condition is None else torch.from_numpy(_labels(dataset, spec.labels)).to(device)
    tensor = _tensor(np.ascontiguousarray(examples))
    if tensor.dtype != torch.uint8:
        tensor = tensor.to(torch.get_default_dtype())
    return Batches(tensor.to(device), levels, binarise == "dynamic", given)


def _tensor(array: np.ndarray) -> Tensor:
    """Return an array as a tensor on the same memory; that of a memory map is only read here."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The given NumPy array is not writable")
        return torch.from_numpy(array)


def _labels(dataset: Dataset, classes: int) -> np.ndarray:
    """Return a dataset's labels; raises DataError if there are none, or more than `classes`."""
    if dataset.labels is None or dataset.labels.max(initial=0) >= classes:
        found = "no labels" if dataset.labels is None else f"{len(dataset.classes)} classes"
        raise DataError(
            f"The model is conditioned on {classes} labels, and {dataset.name} has {found}. Choose other data, or the "
            "condition's classes by them."
        )
    return dataset.labels


def order(n: int, batch: int, seed: int, epoch: int) -> list[Tensor]:
    """Return the epoch's batches as indices: a permutation of the whole set, the last batch possibly smaller."""
    # the generator's seed has 32 bits: the bits beyond them are folded back by exclusive or
    generator = torch.Generator().manual_seed((seed << 20) + epoch + (seed >> 12) * 0x9E3779B1)
    return list(torch.randperm(n, generator=generator).split(batch))


def steps_per_epoch(n: int, batch: int) -> int:
    """Return ceil(n / batch): no example is dropped."""
    return math.ceil(n / batch)
