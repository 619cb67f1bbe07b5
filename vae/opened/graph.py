"""A graph as a file holds it: nodes, constants, inputs and outputs; what depends on what."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any

import numpy as np
import torch
from torch import Tensor

from vae.model.graph import evaluate, trace
from vae.model.operators import OPERATORS
from vae.opened.foreign import Declared

SIZES_ONLY = frozenset({"Shape", "Size"})  # operators that take a value's shape and none of its numbers

Node = dict[str, Any]  # {"op", "inputs", "outputs", "attributes"}, see vae.model.graph


@dataclass(frozen=True)
class Graph:
    """Nodes in an order in which they can run, constants by name, inputs with their shapes (without the batch).

    `batch` is the batch's size where the file fixes it, None where it is open.
    """

    nodes: tuple[Node, ...]
    constants: Mapping[str, np.ndarray]
    inputs: Mapping[str, Declared]
    outputs: tuple[str, ...]
    batch: int | None = None
    about: Mapping[str, Any] = field(default_factory=dict)

    def tensors(self) -> dict[str, Tensor]:
        """Return the constants as tensors."""
        return {name: torch.from_numpy(np.array(value, order="C")) for name, value in self.constants.items()}

    def makers(self) -> dict[str, Node]:
        """Return the node that makes each value."""
        return {name: node for node in self.nodes for name in node["outputs"] if name}

    def slice(self, outputs: Collection[str], cut: Iterable[str] = ()) -> "Graph":
        """Return the part that the outputs need; values of `cut` are taken as given."""
        wanted, cut = set(outputs), set(cut)
        kept: list[Node] = []
        for node in reversed(self.nodes):
            if any(name in wanted and name not in cut for name in node["outputs"]):
                kept.append(node)
                wanted |= {name for name in node["inputs"] if name}
        used = {name for node in kept for name in node["inputs"]} | set(outputs)
        return replace(
            self,
            nodes=tuple(reversed(kept)),
            constants={name: value for name, value in self.constants.items() if name in used},
            inputs={name: value for name, value in self.inputs.items() if name in used},
            outputs=tuple(outputs),
        )

    def after(self, sources: Collection[str]) -> set[str]:
        """Return the values that depend on any of these, themselves included."""
        found = set(sources)
        for node in self.nodes:
            if found & set(node["inputs"]):
                found |= {name for name in node["outputs"] if name}
        return found

    def unknown(self) -> dict[str, str]:
        """Return the values that depend on an operator that does not run here, with that operator's name."""
        found: dict[str, str] = {}
        for node in self.nodes:
            why = next((found[name] for name in node["inputs"] if name in found), None)
            if why is None and node["op"] not in OPERATORS:
                why = node["op"]
            if why is not None:
                found |= {name: why for name in node["outputs"] if name}
        return found

    def trace(self, shapes: Mapping[str, tuple[int, ...]], batch: int) -> dict[str, Tensor]:
        """Return all values without computing them, for inputs of these shapes; raises GraphError."""
        return trace(self.nodes, self.tensors(), {name: (batch, *shape) for name, shape in shapes.items()})

    def run(self, inputs: Mapping[str, Tensor]) -> list[Tensor]:
        """Return the outputs for these inputs; raises GraphError. Trace it first: nothing is bounded here."""
        with torch.no_grad():
            made = evaluate(self.nodes, self.tensors() | dict(inputs), keep=self.outputs)
        return [made[name] for name in self.outputs]

    def bottlenecks(self, source: str, output: str) -> list[str]:
        """Return the values that every way from the input to the output passes through, in the order of the nodes.

        They are the dominators of the output, without the input; in a graph in which nodes come after what they use,
        a value's nearest dominator is the nearest common one of its node's inputs (Cooper, Harvey and Kennedy 2001).
        What only depends on a value's shape is no way.
        """
        nearest: dict[str, str] = {}
        depth = {source: 0}

        def common(one: str, other: str) -> str:
            while one != other:
                if depth[one] < depth[other]:
                    one, other = other, one
                one = nearest[one]
            return one

        for node in self.nodes:
            ways = [name for name in node["inputs"] if name in depth]
            if not ways or node["op"] in SIZES_ONLY:
                continue
            found = reduce(common, ways)
            for name in filter(None, node["outputs"]):
                nearest[name], depth[name] = found, depth[found] + 1
        chain = []
        while output in nearest:
            output = nearest[output]
            chain.append(output)
        return chain[-2::-1]
