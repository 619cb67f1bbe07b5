"""Compute at once what does not depend on an example: constants, shapes, and targets of reshapes."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from vae.model.graph import run_node
from vae.model.operators import OPERATORS, GraphError
from vae.opened.errors import OpenError
from vae.opened.graph import Graph, Node
from vae.spec.layer_kinds import Shape

BATCHES = (2, 3)  # what differs between these two depends on the batch
MOST_FIXED = 64  # the largest batch that a graph is tried with
FIXED = (
    "This model was exported for a batch of exactly {0}, which its own reshapes ask for: {1} Export it again with a "
    "batch of any size (`dynamic_axes` or `dynamic_shapes` of torch.onnx.export)."
)


def folded(graph: Graph, shapes: Mapping[str, Shape]) -> Graph:
    """Return the graph with constants in place of all that is the same for every example and batch.

    `shapes` are the inputs' shapes for one example. Raises GraphError, and OpenError for a fixed batch.
    """
    graph = _constants_computed(graph)
    batch = fixed_batch(graph, shapes)
    if batch is not None:
        graph = _any_batch(graph, shapes, batch)
    try:
        one, other = (graph.trace(shapes, batch) for batch in BATCHES)
    except GraphError as error:
        if batch is None:
            raise
        raise OpenError(FIXED.format(batch, error)) from error
    constants, nodes = dict(graph.constants), []
    for i, node in enumerate(graph.nodes):
        names = [name for name in node["outputs"] if name in one]
        if names and all(_same(one[name], other[name]) for name in names):
            constants |= {name: one[name].numpy() for name in names}
            continue
        nodes.append(_known_target(node, i, one, other, constants))
    return replace(graph, nodes=tuple(nodes), constants=constants, batch=None).slice(graph.outputs)


def _same(one: Tensor, other: Tensor) -> bool:
    """Return whether a value has the same known numbers for both batches."""
    known = "meta" not in (one.device.type, other.device.type)
    return known and one.dtype == other.dtype and one.shape == other.shape and bool((one == other).all())


def _constants_computed(graph: Graph) -> Graph:
    values, nodes, constants = graph.tensors(), [], dict(graph.constants)
    for node in graph.nodes:
        names = [name for name in node["inputs"] if name]
        if names and node["op"] in OPERATORS and all(name in constants for name in names):
            with torch.no_grad():
                made = zip(node["outputs"], run_node(node, values), strict=False)
            found = {name: value.contiguous() for name, value in made if name}
            values |= found
            constants |= {name: value.numpy() for name, value in found.items()}
        else:
            nodes.append(node)
    return replace(graph, nodes=tuple(nodes), constants=constants)


def _known_target(
    node: Node, i: int, one: Mapping[str, Tensor], other: Mapping[str, Tensor], constants: dict[str, Any]
) -> Node:
    """Return a Reshape with a constant target, -1 for the axis that holds the batch; any other node as it is."""
    if node["op"] != "Reshape":
        return node
    sizes, others = (list(values[node["outputs"][0]].shape) for values in (one, other))
    target = [n if n == m else -1 for n, m in zip(sizes, others, strict=True)]
    if target.count(-1) > 1 or 0 in target:
        return node
    name = f"target of node {i}"
    constants[name] = np.array(target, np.int64)
    return {**node, "inputs": [node["inputs"][0], name], "attributes": {}}


def fixed_batch(graph: Graph, shapes: Mapping[str, Shape]) -> int | None:
    """Return the batch that a graph is fixed to, None for any: exporters fix it without saying so, too.

    Raises GraphError for a graph that runs with no batch.
    """
    if graph.batch is not None:
        return graph.batch
    try:
        for batch in BATCHES:
            graph.trace(shapes, batch)
    except GraphError as error:
        for batch in range(1, MOST_FIXED + 1):
            with suppress(GraphError):
                graph.trace(shapes, batch)
                return batch
        raise error
    return None


def _any_batch(graph: Graph, shapes: Mapping[str, Shape], batch: int) -> Graph:
    """Return a graph of a fixed batch whose reshapes take any: -1 stands for the size that the batch divides.

    Raises OpenError where it then gives other numbers for this batch.
    """
    at = graph.trace(shapes, batch)
    constants, nodes = dict(graph.constants), []
    for i, node in enumerate(graph.nodes):
        if node["op"] == "Reshape":
            target = list(at[node["outputs"][0]].shape)
            holding = [axis for axis, size in enumerate(target) if size and size % batch == 0]
            first = 0 if target[:1] == [batch] else holding[0] if holding else None
            if first is not None and 0 not in target:
                name = f"batch of node {i}"
                constants[name] = np.array([-1 if axis == first else n for axis, n in enumerate(target)], np.int64)
                node = {**node, "inputs": [node["inputs"][0], name], "attributes": {}}
        nodes.append(node)
    made = replace(graph, nodes=tuple(nodes), constants=constants)
    generator = torch.Generator().manual_seed(0)
    inputs = {name: torch.rand(batch, *shape, generator=generator) for name, shape in shapes.items()}
    for found, expected in zip(made.run(inputs), graph.run(inputs), strict=True):
        if found.shape != expected.shape or not torch.allclose(found, expected, atol=1e-5, equal_nan=True):
            raise OpenError(FIXED.format(batch, "with another batch it gives other numbers."))
    return made
