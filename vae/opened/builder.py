"""Write a graph node by node, for networks that a configuration describes."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from vae.opened.errors import OpenError
from vae.opened.foreign import Declared
from vae.opened.graph import Graph, Node
from vae.opened.network import single
from vae.spec.layer_kinds import Shape


class Builder:
    """Nodes so far, and the weights that they take by name from a file."""

    def __init__(self, weights: Mapping[str, np.ndarray], source: str, shape: Shape) -> None:
        self.weights, self.source, self.shape = weights, source, shape
        self.nodes: list[Node] = []
        self.constants: dict[str, np.ndarray] = {}

    def op(self, op: str, *inputs: str, outputs: int = 1, **attributes: Any) -> Any:
        """Add a node; return its output's name, or a list of them."""
        names = [f"{op.lower()}{len(self.nodes)}_{i}" for i in range(outputs)]
        self.nodes.append({"op": op, "inputs": list(inputs), "outputs": names, "attributes": attributes})
        return names[0] if outputs == 1 else names

    def weight(self, name: str, rank: int | None = None) -> str:
        """Take a weight of the file as a constant; raises OpenError where it is missing or of another rank."""
        found = self.weights.get(name)
        if found is None or (rank is not None and found.ndim != rank):
            raise OpenError(
                f"The weight {name!r} is missing or of another shape, so the file and its configuration differ."
            )
        self.constants[name] = single(found)
        return name

    def whole(self, *numbers: int) -> str:
        """Add a constant of whole numbers."""
        name = f"whole{len(self.constants)}"
        self.constants[name] = np.array(numbers, np.int64)
        return name

    def number(self, value: float) -> str:
        """Add a constant number."""
        name = f"number{len(self.constants)}"
        self.constants[name] = np.array(value, np.float32)
        return name

    def conv(self, x: str, name: str, stride: int = 1, padding: int = 0) -> str:
        """Add a convolution of the file."""
        bias = [self.weight(f"{name}.bias", 1)] if f"{name}.bias" in self.weights else []
        made: str = self.op(
            "Conv", x, self.weight(f"{name}.weight", 4), *bias, strides=[stride] * 2, pads=[padding] * 4
        )
        return made

    def linear(self, x: str, name: str) -> str:
        """Add a linear layer of the file over the last axis; its weight may be written as a 1×1 convolution."""
        weight = self.weights.get(f"{name}.weight")
        if weight is None or weight.ndim not in (2, 4) or weight.shape[2:] not in ((), (1, 1)):
            raise OpenError(
                f"The weight {name!r} is missing or of another shape, so the file and its configuration differ."
            )
        self.constants[f"{name}.weight"] = single(weight.reshape(weight.shape[:2]).T)
        made: str = self.op("MatMul", x, f"{name}.weight")
        if f"{name}.bias" in self.weights:
            made = self.op("Add", made, self.weight(f"{name}.bias", 1))
        return made

    def group_norm(self, x: str, name: str, groups: int, epsilon: float) -> str:
        """Add a group normalisation of the file."""
        scale, shift = self.weight(f"{name}.weight", 1), self.weight(f"{name}.bias", 1)
        made: str = self.op("GroupNormalization", x, scale, shift, num_groups=groups, epsilon=epsilon)
        return made

    def graph(self, *outputs: str) -> Graph:
        """Return the graph of the nodes so far."""
        return Graph(tuple(self.nodes), self.constants, {self.source: Declared(self.shape)}, outputs)
