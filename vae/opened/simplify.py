"""Fewer nodes and fewer layers with the same result: activations that were written out, scales folded into weights."""

import math
from dataclasses import replace
from typing import Any

import numpy as np

from vae.opened.graph import Graph, Node
from vae.opened.network import Step, affine, single, step
from vae.spec.layer_kinds import KINDS, Shape

HALF = math.sqrt(0.5)


def patterns(graph: Graph) -> Graph:
    """Return the graph with SiLU, Mish and GELU as one node each where exporters wrote them out.

    x sigmoid(x), x tanh(softplus(x)), and x / 2 (1 + erf(x / sqrt 2)) in any order of its products.
    """
    makers, uses = graph.makers(), _uses(graph)
    nodes: dict[int, Node] = {id(node): node for node in graph.nodes}
    for node in graph.nodes:
        for op, find in (("Swish", _silu), ("Mish", _mish), ("Gelu", _gelu)):
            found = find(node, graph, makers)
            if found is None:
                continue
            x, inner = found
            if all(uses.get(name, 0) == 1 for name in inner):
                nodes[id(node)] = {"op": op, "inputs": [x], "outputs": node["outputs"], "attributes": {}}
                break
    return replace(graph, nodes=tuple(nodes.values())).slice(graph.outputs)


def _uses(graph: Graph) -> dict[str, int]:
    found: dict[str, int] = dict.fromkeys(graph.outputs, 1)
    for node in graph.nodes:
        for name in node["inputs"]:
            found[name] = found.get(name, 0) + 1
    return found


Found = tuple[str, list[str]] | None  # x, and the values in between, which nothing else may use


def _product(node: Node | None) -> list[str]:
    return list(node["inputs"]) if node is not None and node["op"] == "Mul" else []


def _silu(node: Node, graph: Graph, makers: dict[str, Node]) -> Found:
    for x, gate in (pair for names in [_product(node)] if names for pair in (names, names[::-1])):
        made = makers.get(gate)
        if made is not None and made["op"] == "Sigmoid" and made["inputs"] == [x]:
            return x, [gate]
    return None


def _mish(node: Node, graph: Graph, makers: dict[str, Node]) -> Found:
    for x, gate in (pair for names in [_product(node)] if names for pair in (names, names[::-1])):
        outer = makers.get(gate)
        if outer is not None and outer["op"] == "Tanh":
            inner = makers.get(outer["inputs"][0])
            if inner is not None and inner["op"] == "Softplus" and inner["inputs"] == [x]:
                return x, [gate, outer["inputs"][0]]
    return None


def _gelu(node: Node, graph: Graph, makers: dict[str, Node]) -> Found:
    """Return x of x * 0.5 * (1 + erf(x / sqrt 2)), the factors in any order."""

    def number(name: str) -> float | None:
        value = graph.constants.get(name)
        return float(value.reshape(-1)[0]) if value is not None and value.size == 1 else None

    factors: list[str] = []
    inner: list[str] = []
    queue = _product(node)
    while queue and len(factors) < 4:
        name = queue.pop()
        made = makers.get(name)
        if made is not None and made["op"] == "Mul":
            inner.append(name)
            queue += made["inputs"]
        else:
            factors.append(name)
    numbers = [n for n in (number(name) for name in factors) if n is not None]
    rest = [name for name in factors if number(name) is None]
    if len(rest) != 2 or not math.isclose(math.prod(numbers), 0.5, rel_tol=1e-6):
        return None
    for x, gate in (rest, rest[::-1]):
        shifted = makers.get(gate)
        if shifted is None or shifted["op"] != "Add" or 1.0 not in map(number, shifted["inputs"]):
            continue
        (bent,) = [name for name in shifted["inputs"] if number(name) != 1.0] or [""]
        erf = makers.get(bent)
        scaled = makers.get(erf["inputs"][0]) if erf is not None and erf["op"] == "Erf" else None
        if erf is None or scaled is None or scaled["op"] not in ("Div", "Mul") or x not in scaled["inputs"]:
            continue
        factor = next((n for n in map(number, scaled["inputs"]) if n is not None), 0.0)
        if math.isclose(factor, HALF if scaled["op"] == "Mul" else 1 / HALF, rel_tol=1e-6):
            return x, [*inner, gate, bent, erf["inputs"][0]]
    return None


def simplified(steps: tuple[Step, ...], shape: Shape) -> tuple[Step, ...]:
    """Return the layers with scales folded into the weights before them, and without moves that cancel out."""
    made: list[Step] = []
    shapes = [shape]
    for one in steps:
        folded = _folded(made[-1], one) if made else None
        if folded is not None:
            made[-1] = folded
            continue
        if _changes_nothing(one):
            continue
        after = KINDS[one.kind].result(one.layer, shapes[-1])
        back = len(made) and one.kind in ("flatten", "unflatten") and after == shapes[-2]
        if back and made[-1].kind in ("flatten", "unflatten"):
            made.pop()
            shapes.pop()
            continue
        made.append(one)
        shapes.append(after)
    return tuple(made)


def _changes_nothing(one: Step) -> bool:
    return one.kind == "affine" and bool((one.weights["weight"] == 1).all() and not one.weights["bias"].any())


OUT_AXIS = {"linear": 0, "conv2d": 0, "conv_transpose2d": 1}  # the axis of the weight that holds the outputs


def _folded(before: Step, one: Step) -> Step | None:
    """Return a layer with the scale that follows it in its weights, or None where it cannot take it."""
    if one.kind != "affine":
        return None
    factor, shift = (np.asarray(one.weights[name], np.float64) for name in ("weight", "bias"))
    if before.kind == "affine":
        return affine(before.weights["weight"] * factor, before.weights["bias"] * factor + shift)
    axis = OUT_AXIS.get(before.kind)
    if axis is None:
        return None
    weight, out = before.weights["weight"], before.layer["out"]
    shape: list[Any] = [-1 if i == axis else 1 for i in range(weight.ndim)]
    factor, shift = np.broadcast_to(factor, (out,)), np.broadcast_to(shift, (out,))
    weights = {
        "weight": single(weight * factor.reshape(shape)),
        "bias": single(before.weights["bias"] * factor + shift),
    }
    return step(before.kind, weights, **{k: v for k, v in before.layer.items() if k != "kind"})
