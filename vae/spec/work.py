"""The arithmetic of a training step, counted from the sizes of a model's parts."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from vae.spec.layer_kinds import KINDS, Layer, Shape

# Operations that take as long as one number of an image between two layers: it is written and read again. Measured on
# the sprites' model (60,928 numbers), whose decoder takes 246 us an image, of which the products are 145.
PER_NUMBER = 100


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
    return sum(operations for operations, _, _ in _steps(layers, shape))


def effort(layers: list[Layer], shape: Shape) -> float:
    """Return how long one example takes through a network, in operations: its own, and its images' way to memory."""
    return sum(operations + PER_NUMBER * numbers * image for operations, numbers, image in _steps(layers, shape))


def values(layers: list[Layer], shape: Shape) -> int:
    """Return the numbers that one example leaves in memory on its way through a network: every layer's result."""
    return int(sum(numbers for _, numbers, _ in _steps(layers, shape)))


def _steps(layers: list[Layer], shape: Shape) -> Iterator[tuple[float, float, bool]]:
    """Yield each layer's operations for one example, the numbers that it leaves in memory, and if they are an image."""
    for layer in layers:
        kind = KINDS[layer["kind"]]
        after = kind.result(layer, shape)
        numbers = layer.get("numbers", math.prod(after))
        # where the dimensions alone change, nothing is written
        image = "numbers" in layer or len(shape) == len(after) == 3
        yield kind.operations(layer, shape, after), numbers, image
        shape = after


def couplings(layers: int, hidden: int, latent: int, context: int = 0) -> Work:
    """Return the work of a flow's couplings, each with one hidden layer."""
    each = (latent + context) * hidden + 2 * hidden * latent
    weights = layers * (each + hidden + 2 * latent)
    return Work(weights, sample=2.0 * layers * each, launches=0.5 * layers)


def normals(components: int, latent: int) -> Work:
    """Return the work of a mixture's log density; one Normal takes about eight operations per dimension."""
    return Work(sample=8.0 * components * latent, launches=0.5)
