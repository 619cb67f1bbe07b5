"""Noise in a graph: where it is drawn, and the graph with zeros in its place."""

from dataclasses import replace

import numpy as np

from vae.opened.graph import Graph, Node

LIKE = frozenset({"RandomNormalLike", "RandomUniformLike"})  # of the shape of their input
OF_SHAPE = frozenset({"StatelessRandomNormalV2"})  # of the shape that their input says
FIXED = frozenset({"RandomNormal", "RandomUniform"})  # of the shape of an attribute


def quiet(graph: Graph) -> tuple[Graph, set[str]]:
    """Return the graph with zeros instead of noise, and the names of the values that were noise."""
    nodes: list[Node] = []
    constants, noise = dict(graph.constants), set()
    constants["no noise"] = np.zeros((), np.float32)
    for node in graph.nodes:
        name = node["outputs"][0] if node["outputs"] else ""
        if node["op"] in LIKE:
            nodes.append({"op": "Mul", "inputs": [node["inputs"][0], "no noise"], "outputs": [name], "attributes": {}})
        elif node["op"] in OF_SHAPE:
            inputs = node["inputs"][:1]
            nodes.append({"op": "ConstantOfShape", "inputs": inputs, "outputs": [name], "attributes": {}})
        elif node["op"] in FIXED and 0 < np.prod(node["attributes"].get("shape") or [0]) <= 2**20:
            constants[name] = np.zeros(node["attributes"]["shape"], np.float32)
        else:
            nodes.append(node)
            continue
        noise.add(name)
    return replace(graph, nodes=tuple(nodes), constants=constants), noise


def sampled(graph: Graph, noise: set[str], value: str) -> tuple[str, str] | None:
    """Return mean and sigma of a value that is made as mean + sigma * noise, or None."""
    makers, noisy = graph.makers(), graph.after(noise)
    add = makers.get(value)
    if add is None or add["op"] != "Add" or len(add["inputs"]) != 2:
        return None
    for mean, part in (add["inputs"], add["inputs"][::-1]):
        product = makers.get(part)
        if mean in noisy or product is None or product["op"] != "Mul":
            continue
        scales = [name for name in product["inputs"] if name not in noisy]
        if len(scales) == 1:
            return mean, scales[0]
    return None
