"""The network whose layers are written out, as models of other libraries come with: its check and its shapes."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vae.spec.layer_kinds import KINDS, OPTIONAL, Layer, NetworkError, Shape, sizes

MOST_LAYERS = 4096
MOST_NODES = 20_000
MOST_NUMBERS = 4096  # of an attribute or a constant
MOST_WEIGHTS = 2**30
LARGEST_RESULT = 2**27  # numbers that one layer makes of one example: 512 MB
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,79}")
CONSTANTS = ("bool", "int8", "int16", "int32", "int64", "uint8")
_PARTS = {"in", "out", "input", "output", "nodes", "weights", "constants", "operations", "numbers"}


def given(in_shape: Shape, out_shape: Shape, layers: Sequence[Layer] = ()) -> list[Layer]:
    """Return a copy of the layers; raises NetworkError unless they lead from one shape to the other."""
    shape, weights = tuple(in_shape), 0
    for i, layer in enumerate(layers):
        kind = KINDS[layer["kind"]]
        try:
            shape = kind.result(layer, shape)
        except NetworkError as error:
            raise NetworkError(f"layer {i + 1}: {error}") from error
        weights += sum(math.prod(s) for s in kind.weights(layer).values())
        if not shape or min(shape) < 1 or math.prod(shape) > LARGEST_RESULT or weights > MOST_WEIGHTS:
            raise NetworkError(
                f"layer {i + 1} makes {list(shape)} of one example, with {weights:,} weights so far: more than "
                f"{LARGEST_RESULT:,} numbers or {MOST_WEIGHTS:,} weights are not run, and less than 1 is none"
            )
    if shape != tuple(out_shape):
        raise NetworkError(f"the given layers lead from {list(in_shape)} to {list(shape)}, not to {list(out_shape)}")
    return [dict(layer) for layer in layers]


@dataclass(frozen=True)
class Layers:
    """The option that holds the layers of a given network."""

    title: str
    sentence: str
    default: tuple[Layer, ...] = ()

    def problem(self, value: Any) -> str:
        """Return why a value is refused, as a sentence, or "" if it is valid."""
        if not isinstance(value, list | tuple) or len(value) > MOST_LAYERS:
            return f"{self.title} must be a list of at most {MOST_LAYERS:,} layers."
        for i, layer in enumerate(value):
            if found := layer_problem(layer):
                return f"{self.title}: layer {i + 1} {found}."
        return ""


def layer_problem(layer: Any) -> str:
    """Return what is wrong with a layer, to follow "layer 3", or ""."""
    if not isinstance(layer, Mapping):
        return "is no object"
    name = layer.get("kind")
    kind = KINDS.get(name) if isinstance(name, str) else None
    if kind is None:
        return f"is of no known kind: {str(name)[:40]!r}"
    if name == "graph":
        return graph_problem(layer)
    for key in layer:
        if key != "kind" and key not in kind.numbers and key not in kind.options:
            return f"has no option {str(key)[:40]!r}"
    for key, least in kind.numbers.items():
        if not sizes([layer.get(key)], least):
            return f"needs a whole number of at least {least} as {key!r}"
    for key, fits in kind.options.items():
        if (key in layer or key not in OPTIONAL) and not fits(layer.get(key)):
            return f"has a value of {key!r} that is not allowed"
    return ""


def graph_problem(layer: Mapping[str, Any]) -> str:
    """Return what is wrong with the layer of kind "graph", or ""; the model checks operators and shapes when built."""
    if set(layer) != {"kind", *_PARTS}:
        return f"is a graph without all of {', '.join(sorted(_PARTS))}, or with more"
    if not sizes(layer["in"]) or not sizes(layer["out"]) or not _name(layer["input"]) or not _name(layer["output"]):
        return "is a graph whose input or output is not named with its sizes"
    if not all(isinstance(layer[key], int | float) and 0 <= layer[key] < 1e18 for key in ("operations", "numbers")):
        return "is a graph that counts its operations and numbers wrongly"
    nodes, weights, constants = layer["nodes"], layer["weights"], layer["constants"]
    if not isinstance(nodes, list | tuple) or len(nodes) > MOST_NODES or not all(map(_node, nodes)):
        return f"is a graph whose nodes are not at most {MOST_NODES:,} with op, inputs, outputs and attributes"
    if not isinstance(weights, Mapping) or not all(_name(n) and _shape(s) for n, s in weights.items()):
        return "is a graph whose weights are not names with their shapes"
    if not isinstance(constants, Mapping) or not all(_name(n) and _constant(c) for n, c in constants.items()):
        return "is a graph whose constants are not names with type, shape and data"
    known = {layer["input"], *weights, *constants, ""}
    for node in nodes:
        if missing := set(node["inputs"]) - known:
            return f"is a graph that uses {min(missing)!r} before it is made"
        known |= set(node["outputs"])
    return "" if layer["output"] in known else "is a graph that does not make its output"


def _name(value: Any) -> bool:
    return isinstance(value, str) and NAME.fullmatch(value) is not None


def _shape(value: Any) -> bool:
    return isinstance(value, list | tuple) and (not value or sizes(value, 0)) and math.prod(value) <= MOST_WEIGHTS


def _numbers(value: Any) -> bool:
    return isinstance(value, bool | int | float | str) and (not isinstance(value, str) or len(value) <= 200)


def _node(node: Any) -> bool:
    if not isinstance(node, Mapping) or set(node) != {"op", "inputs", "outputs", "attributes"}:
        return False
    names = [node["inputs"], node["outputs"]]
    if not all(isinstance(n, list | tuple) and len(n) <= 256 and all(v == "" or _name(v) for v in n) for n in names):
        return False
    attributes = node["attributes"]
    if not isinstance(node["op"], str) or len(node["op"]) > 80 or not isinstance(attributes, Mapping):
        return False
    return all(_name(key) and _attribute(value) for key, value in attributes.items())


def _attribute(value: Any) -> bool:
    many = isinstance(value, list | tuple) and len(value) <= MOST_NUMBERS and all(map(_numbers, value))
    return many or _numbers(value)


def _constant(entry: Any) -> bool:
    if not isinstance(entry, Mapping) or set(entry) != {"type", "shape", "data"} or entry["type"] not in CONSTANTS:
        return False
    data, shape = entry["data"], entry["shape"]
    whole = isinstance(data, list | tuple) and len(data) <= MOST_NUMBERS and all(isinstance(v, int) for v in data)
    return whole and _shape(shape) and math.prod(shape) == len(data) and all(-(2**63) <= v < 2**63 for v in data)
