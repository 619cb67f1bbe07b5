"""A graph as a network: plain layers where there are any, and one layer of kind "graph" for the rest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from vae.model.graph import work
from vae.opened.fold import folded
from vae.opened.graph import Graph, Node
from vae.opened.network import Network, Step, reshape, single, step
from vae.opened.simplify import patterns, simplified
from vae.opened.translate import TRANSLATED, Place
from vae.spec.layer_kinds import Shape

JOINED = "all outputs"  # the name of the flattened outputs side by side
SAME = 1e-4  # how far plain layers may be from the nodes that they replace, of the largest number


@dataclass(frozen=True)
class _Chain:
    """What was translated: the layers, the value that they end with, and that value's shape."""

    steps: tuple[Step, ...]
    end: str
    shape: Shape


def network(graph: Graph, source: str, shape: Shape, outputs: Sequence[str], *, flat_input: bool = False) -> Network:
    """Return the network from one input [*shape] to the outputs, flattened and joined where they are several.

    `flat_input`: the network takes a vector, which it gives the input's shape. Raises GraphError and OpenError for a
    graph that asks for too much or whose batch is fixed.
    """
    graph = graph.slice(outputs, [source])
    graph = folded(graph, {source: shape})
    whole = _joined(graph, outputs) if len(outputs) > 1 else graph
    at = whole.trace({source: shape}, 2)
    plain = patterns(whole)
    first = _chain(plain, source, shape, plain.trace({source: shape}, 2), whole.outputs[0])
    made = _finish(plain, first, outputs, at) if first.end != whole.outputs[0] else Network(first.steps, shape)
    made = Network(simplified(made.steps, shape), shape)
    if not _agrees(made, whole, source):
        made = Network((_layer(whole, source, shape),), shape)
    if flat_input and len(shape) != 1:
        flat = (int(np.prod(shape)),)
        made = made.before(reshape(flat, shape), flat)
    return made.check()


def _joined(graph: Graph, outputs: Sequence[str]) -> Graph:
    names = [f"flat output {i}" for i in range(len(outputs))]
    flat: list[Node] = [
        {"op": "Flatten", "inputs": [name], "outputs": [made], "attributes": {"axis": 1}}
        for name, made in zip(outputs, names, strict=True)
    ]
    together: Node = {"op": "Concat", "inputs": names, "outputs": [JOINED], "attributes": {"axis": 1}}
    return replace(graph, nodes=(*graph.nodes, *flat, together), outputs=(JOINED,))


def _chain(graph: Graph, value: str, shape: Shape, at: Mapping[str, torch.Tensor], goal: str) -> _Chain:
    """Return the plain layers from a value as far as nodes with one input that depends on the example go."""
    users: dict[str, list[Node]] = {}
    for node in graph.nodes:
        for name in set(node["inputs"]):
            users.setdefault(name, []).append(node)
    steps: list[Step] = []
    while value != goal:
        after = users.get(value, [])
        if len(after) != 1:
            break
        node = after[0]
        names = [name for name in node["inputs"] if name]
        made = node["outputs"][0]
        if names.count(value) != 1 or any(n not in graph.constants for n in names if n != value):
            break
        result = at[made]
        if node["op"] not in TRANSLATED or result.shape[:1] != (2,) or len([n for n in node["outputs"] if n]) != 1:
            break
        place = Place(node, node["inputs"].index(value), graph.constants, shape, tuple(result.shape[1:]))
        found = TRANSLATED[node["op"]](place)
        if found is None:
            break
        steps += found
        value, shape = made, place.after
    return _Chain(tuple(steps), value, shape)


def _finish(graph: Graph, first: _Chain, outputs: Sequence[str], at: Mapping[str, torch.Tensor]) -> Network:
    """Return a network that begins with plain layers: linear heads side by side, or a graph between plain layers."""
    goal = graph.outputs[0]
    if goal == JOINED and (heads := _heads(graph, first, outputs, at)) is not None:
        return Network((*first.steps, heads), ())
    # from the end backwards: the last value of the graph after which plain layers lead to the output
    start, tail = goal, _Chain((), goal, tuple(at[goal].shape[1:]))
    for name in reversed(graph.bottlenecks(first.end, goal)):
        if at[name].shape[:1] != (2,):
            continue
        shape = tuple(at[name].shape[1:])
        found = _chain(graph, name, shape, at, goal)
        if found.end != goal:
            break
        start, tail = name, found
    middle = _layer(graph.slice([start], [first.end]), first.end, first.shape)
    return Network((*first.steps, middle, *tail.steps), ())


def _heads(graph: Graph, first: _Chain, outputs: Sequence[str], at: Mapping[str, torch.Tensor]) -> Step | None:
    """Return two linear heads on one value as one layer, or None."""
    found = [_chain(graph.slice([name]), first.end, first.shape, at, name) for name in outputs]
    if any(chain.end != name for chain, name in zip(found, outputs, strict=True)):
        return None
    steps = [simplified(chain.steps, first.shape) for chain in found]
    if any(len(head) != 1 or head[0].kind != "linear" for head in steps):
        return None
    weights = {name: np.concatenate([head[0].weights[name] for head in steps]) for name in ("weight", "bias")}
    return step("linear", weights, **{"in": first.shape[0], "out": len(weights["bias"])})


def _layer(graph: Graph, source: str, shape: Shape) -> Step:
    """Return a graph as one layer, its values renamed and its weights apart."""
    names = {source: "x", "": ""}
    weights: dict[str, np.ndarray] = {}
    constants: dict[str, Any] = {}
    for name, value in graph.constants.items():
        if np.issubdtype(value.dtype, np.floating):
            names[name] = f"w{len(weights)}"
            weights[names[name]] = np.nan_to_num(single(value), nan=np.nan)  # a mask's infinity: the largest number
        else:
            names[name] = f"c{len(constants)}"
            data = [int(n) for n in value.reshape(-1)]
            constants[names[name]] = {"type": str(value.dtype), "shape": list(value.shape), "data": data}
    nodes = []
    for node in graph.nodes:
        for name in node["outputs"]:
            names.setdefault(name, f"v{len(names)}")
        nodes.append({**node, **{key: [names[name] for name in node[key]] for key in ("inputs", "outputs")}})
    traced = graph.trace({source: shape}, 1)
    operations, numbers = work(graph.nodes, graph.tensors(), {source: (1, *shape)})
    layer = {
        "kind": "graph",
        "in": list(shape),
        "out": list(traced[graph.outputs[0]].shape[1:]),
        "input": "x",
        "output": names[graph.outputs[0]],
        "nodes": nodes,
        "weights": {name: list(value.shape) for name, value in weights.items()},
        "constants": constants,
        "operations": operations,
        "numbers": numbers,
    }
    return Step(layer, weights)


def _agrees(made: Network, graph: Graph, source: str) -> bool:
    """Return whether the network gives what the graph gives, on random examples."""
    x = torch.rand(2, *made.in_shape, generator=torch.Generator().manual_seed(0))
    wanted = graph.run({source: x})[0]
    found = made(x)
    if found.shape != wanted.shape:
        return False
    difference = (found - wanted).abs()
    return bool(difference.nan_to_num().max() <= SAME * (1 + wanted.abs().nan_to_num().max()))
