"""The arithmetic of a training step, counted from the sizes of a model's parts."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from vae.spec.layers import Layer, Shape


@dataclass(frozen=True)
class Work:
    """The work of a model's part besides its two networks: weights, operations per sampled z, per example and per step.

    `launches` counts its small calls, whose time does not depend on their size, as a multiple of a plain VAE's.
    """

    weights: int = 0
    sample: float = 0.0
    example: float = 0.0
    step: float = 0.0
    launches: float = 0.0


def operations(layers: list[Layer], shape: Shape) -> float:
    """Return the floating-point operations (2 a multiply-add) of one example through a network."""
    return sum(operations for operations, _ in _steps(layers, shape))


def values(layers: list[Layer], shape: Shape) -> int:
    """Return the numbers that one example leaves in memory on its way through a network: every layer's result."""
    return sum(math.prod(result) for _, result in _steps(layers, shape))


def _steps(layers: list[Layer], shape: Shape) -> Iterator[tuple[float, Shape]]:
    """Yield each layer's operations for one example and the shape of its result."""
    for layer in layers:
        total = 0.0
        kind = layer["kind"]
        if kind == "linear":
            total = 2.0 * layer["in"] * layer["out"]
            shape = (layer["out"],)
        elif kind in ("conv2d", "conv_transpose2d"):
            sides, stride, kernel, padding = shape[1:], layer["stride"], layer["kernel"], layer["padding"]
            if kind == "conv2d":
                shape = (layer["out"], *((s + 2 * padding - kernel) // stride + 1 for s in sides))
                at = shape
            else:
                extra = layer["output_padding"]
                grown = ((s - 1) * stride - 2 * padding + kernel + e for s, e in zip(sides, extra, strict=True))
                at, shape = shape, (layer["out"], *grown)
            total = 2.0 * layer["in"] * layer["out"] * kernel**2 * math.prod(at[1:])
        elif kind == "unflatten":
            shape = tuple(layer["shape"])
        elif kind == "upsample":
            shape = (shape[0], *(s * layer["scale"] for s in shape[1:]))
        yield total, shape


def couplings(layers: int, hidden: int, latent: int, context: int = 0) -> Work:
    """Return the work of a flow's couplings, each with one hidden layer."""
    each = (latent + context) * hidden + 2 * hidden * latent
    weights = layers * (each + hidden + 2 * latent)
    return Work(weights, sample=2.0 * layers * each, launches=0.5 * layers)


def normals(components: int, latent: int) -> Work:
    """Return the work of a mixture's log density; one Normal takes about eight operations per dimension."""
    return Work(sample=8.0 * components * latent, launches=0.5)
