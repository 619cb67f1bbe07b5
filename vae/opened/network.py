"""A network that was read: its layers and their weights, from which a module or a run folder is made."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from vae.model.networks import build
from vae.spec.given import given
from vae.spec.layer_kinds import KINDS, Layer, Shape
from vae.spec.layers import in_browser

MOVES = frozenset({"flatten", "unflatten", "permute"})  # they move numbers and change none


def single(value: Any) -> np.ndarray:
    """Return an array of float32."""
    return np.asarray(value, np.float32)


@dataclass(frozen=True)
class Step:
    """One layer with its weights by name, as vae.spec.layer_kinds has them."""

    layer: Layer
    weights: Mapping[str, np.ndarray] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """The kind of the layer."""
        return str(self.layer["kind"])


def step(kind: str, weights: Mapping[str, np.ndarray] | None = None, **options: Any) -> Step:
    """Return a layer with its weights."""
    return Step({"kind": kind, **options}, weights or {})


def affine(factor: Any, shift: Any) -> Step:
    """Return the layer factor * x + shift, of numbers or of arrays [C] over the first axis."""
    weight, bias = np.broadcast_arrays(np.atleast_1d(single(factor)), np.atleast_1d(single(shift)))
    return step("affine", {"weight": weight.copy(), "bias": bias.copy()}, **{"in": len(weight), "out": len(weight)})


def reshape(before: Shape, after: Shape) -> list[Step]:
    """Return the layers that give an example of one shape another shape with as many numbers."""
    if before == after:
        return []
    made = [step("flatten")] if len(before) > 1 else []
    return made + ([step("unflatten", shape=list(after))] if len(after) > 1 else [])


@dataclass(frozen=True)
class Network:
    """Layers with their weights, from `in_shape` to `out_shape`, one example's shapes."""

    steps: tuple[Step, ...]
    in_shape: Shape

    @cached_property
    def out_shape(self) -> Shape:
        """The shape of one example's output; raises NetworkError where layers do not follow on each other."""
        shape = self.in_shape
        for one in self.steps:
            shape = KINDS[one.kind].result(one.layer, shape)
        return shape

    @property
    def layers(self) -> list[Layer]:
        """The layers as the spec's network of kind "given" has them."""
        return [dict(one.layer) for one in self.steps]

    @property
    def weights(self) -> dict[str, np.ndarray]:
        """All weights by "layer.name", as a run's model.safetensors has them behind "encoder.net."."""
        return {f"{i}.{name}": value for i, one in enumerate(self.steps) for name, value in one.weights.items()}

    @property
    def parameters(self) -> int:
        """The number of weights."""
        return sum(value.size for one in self.steps for value in one.weights.values())

    @property
    def in_browser(self) -> bool:
        """Whether the browser can run it as a decoder."""
        return in_browser(self.layers)

    def before(self, steps: Sequence[Step], in_shape: Shape) -> "Network":
        """Return the network that runs these layers first, on inputs of another shape."""
        return Network((*steps, *self.steps), in_shape)

    def then(self, *steps: Step) -> "Network":
        """Return the network followed by more layers."""
        return Network((*self.steps, *steps), self.in_shape)

    @property
    def ends_with(self) -> str:
        """The kind of the last layer that changes numbers, such as "sigmoid" or "tanh"; "" without layers."""
        return next((one.kind for one in reversed(self.steps) if one.kind not in MOVES), "")

    def without_end(self) -> "Network":
        """Return the network without the last layer that changes numbers, such as a sigmoid; its shape must stay."""
        last = max(i for i, one in enumerate(self.steps) if one.kind not in MOVES)
        made = Network(self.steps[:last] + self.steps[last + 1 :], self.in_shape)
        assert math.prod(made.out_shape) == math.prod(self.out_shape)
        return made

    def check(self) -> "Network":
        """Return the network; raises NetworkError if its shapes do not fit or are too large."""
        given(self.in_shape, self.out_shape, self.layers)
        return self

    def module(self) -> nn.Module:
        """Return the network as a torch module in evaluation mode; raises NetworkError and GraphError."""
        made = build(self.check().layers)
        made.load_state_dict({name: torch.from_numpy(np.array(v, order="C")) for name, v in self.weights.items()})
        return made.eval()

    def __call__(self, x: Tensor) -> Tensor:
        """Return the output [N, *out_shape] for x [N, *in_shape], in float32, without gradient."""
        with torch.no_grad():
            made: Tensor = self._module(x.float())
        return made

    @cached_property
    def _module(self) -> nn.Module:
        return self.module()
