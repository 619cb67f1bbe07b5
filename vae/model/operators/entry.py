"""What an operator of a graph is: a function of tensors and attributes in ONNX's vocabulary, and its bounds."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

Values = Sequence[Tensor | None]
Attributes = Mapping[str, Any]
Result = Tensor | tuple[Tensor, ...]

LARGEST_VALUE = 2**27  # numbers in one value: 512 MB in float32
FLOATS = frozenset({"float16", "bfloat16", "float32", "float64"})
TYPES: dict[str, torch.dtype] = {
    "bool": torch.bool, "int8": torch.int8, "int16": torch.int16, "int32": torch.int32, "int64": torch.int64,
    "uint8": torch.uint8,
}  # fmt: skip


class GraphError(ValueError):
    """A graph that cannot be run; the message says which node asks for what."""


def result_size(values: Values, attributes: Attributes, result: Tensor) -> float:
    """Return one operation for each number of the result."""
    return float(result.numel())


@dataclass(frozen=True)
class Operator:
    """One operator. `trained` are the positions of the inputs that are weights, which training may change.

    `known` are those of fractional numbers that set the result's shape, such as the scales of Resize.
    `operations(inputs, attributes, result)` returns the floating-point operations.
    """

    run: Callable[[Values, Attributes], Result]
    trained: tuple[int, ...] = ()
    known: tuple[int, ...] = ()
    operations: Callable[[Values, Attributes, Tensor], float] = result_size


def bounded(shape: Sequence[int]) -> list[int]:
    """Return a shape; raises GraphError if a value of this shape would be too large."""
    sizes = [int(n) for n in shape]
    if any(n < 0 for n in sizes) or math.prod(sizes) > LARGEST_VALUE:
        raise GraphError(f"it asks for a value of {'×'.join(map(str, sizes))} numbers; {LARGEST_VALUE:,} are the most")
    return sizes


def needed(values: Values, position: int) -> Tensor:
    """Return an input that must be there; raises GraphError if it is missing."""
    found = optional(values, position)
    if found is None:
        raise GraphError(f"its input {position + 1} is missing")
    return found


def optional(values: Values, position: int) -> Tensor | None:
    """Return an input, or None where it is left out."""
    return values[position] if position < len(values) else None


def whole_numbers(values: Values, position: int) -> list[int] | None:
    """Return the whole numbers of an input such as a shape, or None where it is left out."""
    found = optional(values, position)
    if found is None:
        return None
    if found.device.type == "meta":
        raise GraphError(f"its input {position + 1} depends on the numbers of an example, so its shapes are unknown")
    if found.numel() > 4096:
        raise GraphError(f"its input {position + 1} has {found.numel():,} numbers, too many for sizes or places")
    return [int(n) for n in found.reshape(-1).tolist()]


def on_one_device(*tensors: Tensor) -> list[Tensor]:
    """Return tensors on one device: shapes are computed on the CPU, weights and examples anywhere."""
    other = next((t.device for t in tensors if t.device.type != "cpu"), None)
    return list(tensors) if other is None else [t.to(other) for t in tensors]


def inside(axis: int, rank: int) -> int:
    """Return an axis counted from the front; raises GraphError if there is none."""
    if not -rank <= axis < max(rank, 1):
        raise GraphError(f"there is no axis {axis} of {rank}")
    return axis % rank if rank else 0


def axes_of(values: Values, attributes: Attributes, position: int = 1) -> list[int] | None:
    """Return the axes that an operator names, as an attribute (older files) or as an input."""
    named = attributes.get("axes")
    return [int(n) for n in named] if named is not None else whole_numbers(values, position)
