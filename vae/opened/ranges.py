"""The ranges of numbers that models are trained on, and the layers between them and this program's: [0, 1] for pixels,
and the kept values for rows of a table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vae.opened.network import Step, affine, step

# mean and standard deviation by channel that training scripts write out for the data that they are named after
CUSTOMARY: tuple[tuple[tuple[float, ...], tuple[float, ...]], ...] = (
    ((0.1307,), (0.3081,)),  # MNIST
    ((0.2860,), (0.3530,)),  # Fashion-MNIST
    ((0.1918,), (0.3483,)),  # KMNIST
    ((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)),  # CIFAR-10
    ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),  # ImageNet
)
NEAR = 0.02  # of a deviation by which data may differ from customary numbers, which were measured on all of them
CLAMPED = 1e-6  # of a probability whose logit is taken


@dataclass(frozen=True)
class Range:
    """x in a model's range is `factor` * x + `shift`, numbers or arrays by channel; `title` says it in words.

    `logits`: an output in this range is the logit of x, and factor and shift are not used.
    """

    name: str
    title: str
    factor: Any = 1.0
    shift: Any = 0.0
    logits: bool = False

    def _shaped(self, numbers: Any, x: Tensor) -> Tensor:
        return torch.as_tensor(np.asarray(numbers, np.float32)).reshape(-1, *[1] * (x.ndim - 2))

    def given(self, x: Tensor) -> Tensor:
        """Return x [N, C, ...] of this program in the model's range."""
        return x * self._shaped(self.factor, x) + self._shaped(self.shift, x)

    def back(self, made: Tensor) -> Tensor:
        """Return a model's output [N, C, ...] in this program's range."""
        if self.logits:
            return torch.sigmoid(made)
        return (made - self._shaped(self.shift, made)) / self._shaped(self.factor, made)

    def before(self) -> list[Step]:
        """Return the layers from this program's range to the model's."""
        return [] if self.same else [affine(self.factor, self.shift)]

    def after(self) -> list[Step]:
        """Return the layers from the model's range to this program's; none for logits, which a likelihood takes."""
        if self.same or self.logits:
            return []
        factor = np.asarray(self.factor, np.float64)
        return [affine(1 / factor, -np.asarray(self.shift, np.float64) / factor)]

    @property
    def same(self) -> bool:
        """Whether it is this program's own range."""
        return bool(np.all(np.asarray(self.factor) == 1) and np.all(np.asarray(self.shift) == 0))

    @property
    def deviation(self) -> float:
        """How many of the model's units one of this program's has, on average over channels."""
        return float(np.mean(np.asarray(self.factor, np.float64)))


UNIT, LOGITS = Range("unit", "0 to 1"), Range("logits", "logits of 0 to 1", logits=True)
SYMMETRIC = Range("symmetric", "−1 to 1", 2.0, -1.0)
BYTES = Range("bytes", "0 to 255", 255.0)


def standardised(x: NDArray[Any]) -> Range:
    """Return the range of pixels minus their mean over their deviation, for x [N, C, ...] in [0, 1].

    The mean and deviation are those of each channel, or customary ones that are near to them.
    """
    axes = (0, *range(2, x.ndim))
    mean, deviation = x.mean(axes, dtype=np.float64), np.maximum(x.std(axes, dtype=np.float64), 1e-3)
    for means, deviations in CUSTOMARY:
        if len(means) != len(mean):
            continue
        off = np.abs(np.subtract(means, mean)) / deviation
        wide = np.abs(np.divide(deviations, deviation) - 1)
        if max(off.max(), wide.max()) < 2 * NEAR:
            return scaled(means, deviations)
    return scaled(mean, deviation)


def scaled(mean: Sequence[float] | NDArray[Any], deviation: Sequence[float] | NDArray[Any]) -> Range:
    """Return the range (x - mean) / deviation, by channel."""
    mean, deviation = np.asarray(mean, np.float64), np.asarray(deviation, np.float64)
    words = f"({_words(mean)}) / {_words(deviation)}"
    return Range("standardised", f"standardised, (x − {words[1:]}", 1 / deviation, -mean / deviation)


def _words(numbers: NDArray[Any]) -> str:
    shown = [f"{v:.4g}" for v in numbers[:3]]
    return shown[0] if len(numbers) == 1 else f"[{', '.join(shown)}{', …' if len(numbers) > 3 else ''}]"


def of_pixels(x: NDArray[Any]) -> tuple[dict[str, Range], dict[str, Range]]:
    """Return the ranges of a model's input and of its output by name, for images x [N, C, H, W] in [0, 1]."""
    inputs = {one.name: one for one in (UNIT, SYMMETRIC, BYTES, standardised(x))}
    return inputs, {UNIT.name: UNIT, LOGITS.name: LOGITS} | inputs


def of_rows(x: NDArray[Any], columns: Sequence[Mapping[str, Any]] = ()) -> tuple[dict[str, Range], dict[str, Range]]:
    """Return the ranges of a model's input and of its output by name, for rows x [N, D] as they are kept.

    `columns` say how kept values were made of a table's, see vae.data.units.
    """
    kept = Range("unit", "as the data are kept")
    found = {kept.name: kept}
    if columns:
        offset = np.concatenate([_each(column, "offset", 0.0) for column in columns])
        scale = np.concatenate([_each(column, "scale", 1.0) for column in columns])
        if len(offset) == x.shape[1] and ((offset != 0) | (scale != 1)).any():
            found["units"] = Range("units", "in the file's own units", scale, offset)
    low, high = x.min(0).astype(np.float64), x.max(0).astype(np.float64)
    width = np.where(high > low, high - low, 1.0)
    if not ((low == 0) & (high == 1)).all():
        found["columns"] = Range("columns", "each column from 0 to 1", 1 / width, -low / width)
    if low.min() >= 0 and high.max() <= 1:
        return found, {**found, LOGITS.name: LOGITS}
    return found, found


def _each(column: Mapping[str, Any], name: str, other: float) -> NDArray[np.float64]:
    """Return a column's number for each of its values."""
    if column["kind"] == "words":
        return np.full(len(column["words"]), other)
    return np.array([float(column.get(name, other)) if column["kind"] == "number" else other])


def logit_steps(sigmoid: bool) -> list[Step]:
    """Return the layers from probabilities to logits; `sigmoid`: the last layer is one, and is left out instead."""
    return [] if sigmoid else [step("clamp", low=CLAMPED, high=1 - CLAMPED), step("logit")]
