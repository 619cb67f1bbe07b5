"""Read an ONNX file into a Graph: the protobuf alone, from bytes; nothing of it is run."""

from collections.abc import Iterable, Mapping
from itertools import count
from typing import Any

import numpy as np

from vae.opened.errors import OpenError
from vae.opened.foreign import Declared
from vae.opened.graph import Graph, Node
from vae.opened.onnx_weights import External, array, library
from vae.spec.given import MOST_NODES, MOST_WEIGHTS

LARGEST_FILE = 2**31 - 1  # bytes, protobuf's own limit
DOMAINS = ("", "ai.onnx")
DEEPEST = 32  # functions within functions
SCALER = "ai.onnx.ml.Scaler"  # what skl2onnx writes for StandardScaler and MinMaxScaler


def read(content: bytes, external: External | None = None) -> Graph:
    """Return the graph of an ONNX file's content; `external` reads weights that lie beside it. Raises OpenError."""
    try:
        return _graph(content, external)
    except OpenError:
        raise
    except Exception as error:  # protobuf decodes names when they are read, and has no base for its errors
        raise OpenError(
            f"This ONNX file is damaged: {str(error)[:150] or type(error).__name__}. Export it again."
        ) from error


def _graph(content: bytes, external: External | None) -> Graph:
    onnx = library()
    if len(content) > LARGEST_FILE:
        raise OpenError("This ONNX file is larger than 2 GB. Export its weights as external data.")
    try:
        model = onnx.load_model_from_string(content)
    except Exception as error:  # protobuf's own errors have no common base in onnx
        text = "This is no ONNX file, or it is cut short. Export it again, or download it again."
        raise OpenError(text) from error
    versions = {entry.domain: entry.version for entry in model.opset_import}
    graph = model.graph
    if not graph.node and not graph.output:
        raise OpenError("This ONNX file holds no graph, so it is cut short or no ONNX file. Export it again.")
    if graph.sparse_initializer:
        raise OpenError("This ONNX file has sparse weights, which are not read. Export it with dense weights.")
    constants = {one.name: array(one, external) for one in graph.initializer}
    if sum(value.size for value in constants.values()) > MOST_WEIGHTS:
        raise OpenError(f"This ONNX file holds more than {MOST_WEIGHTS:,} weights, too many to open here.")
    functions = {(f.domain, f.name): f for f in model.functions}
    nodes: list[Node] = []
    for node in _inlined(graph.node, functions):
        name = node.op_type if node.domain in DOMAINS else f"{node.domain}.{node.op_type}"
        attributes = {a.name: a for a in node.attribute}
        if name == "Constant":
            constants[node.output[0]] = _constant(attributes, external)
            continue
        made = {key: value for key, a in attributes.items() if (value := _attribute(name, a)) is not None}
        if name == SCALER:
            nodes += _scaler(node, made, constants)
            continue
        _older(name, made, node, versions.get("", 1))
        nodes.append({"op": name, "inputs": list(node.input), "outputs": list(node.output), "attributes": made})
    inputs, batches = {}, set()
    for one in graph.input:
        if one.name not in constants:
            inputs[one.name], batch = _declared(one)
            batches.add(batch)
    return Graph(
        _in_order(nodes, {*constants, *inputs}),
        constants,
        inputs,
        tuple(one.name for one in graph.output),
        next((b for b in batches if b is not None), None),
        {"producer": f"{model.producer_name} {model.producer_version}".strip()[:80], "opset": versions.get("", 0)},
    )


def _scaler(node: Any, attributes: Mapping[str, Any], constants: dict[str, np.ndarray]) -> list[Node]:
    """Return (x - offset) * scale as nodes of ONNX itself, and add their constants."""
    out = node.output[0]
    offset, scale, moved = f"{out} offset", f"{out} scale", f"{out} moved"
    constants[offset] = np.array(attributes.get("offset", [0.0]), np.float32)
    constants[scale] = np.array(attributes.get("scale", [1.0]), np.float32)
    return [
        {"op": "Sub", "inputs": [node.input[0], offset], "outputs": [moved], "attributes": {}},
        {"op": "Mul", "inputs": [moved, scale], "outputs": [out], "attributes": {}},
    ]


def _constant(attributes: Mapping[str, Any], external: External | None) -> np.ndarray:
    if "value" in attributes:
        return array(attributes["value"].t, external)
    for name, kind, dtype in (
        ("value_float", "f", np.float32), ("value_floats", "floats", np.float32),
        ("value_int", "i", np.int64), ("value_ints", "ints", np.int64),
    ):  # fmt: skip
        if name in attributes:
            return np.array(getattr(attributes[name], kind), dtype)
    raise OpenError("This ONNX file has a constant that is no number, which is not read here.")


def _type(number: int) -> str:
    onnx = library()
    return str(onnx.TensorProto.DataType.Name(number)).lower().replace("double", "float64")


def _attribute(op: str, attribute: Any) -> Any:
    """Return an attribute as a number, a word or a list of numbers; None for what no operator here takes."""
    onnx = library()
    kind = attribute.type
    if kind == onnx.AttributeProto.FLOAT:
        return float(attribute.f)
    if kind == onnx.AttributeProto.INT:
        return _type(attribute.i) if op == "Cast" and attribute.name == "to" else int(attribute.i)
    if kind == onnx.AttributeProto.STRING:
        return attribute.s.decode(errors="replace")[:200]
    if kind == onnx.AttributeProto.FLOATS:
        return [float(v) for v in attribute.floats[:4096]]
    if kind == onnx.AttributeProto.INTS:
        return [int(v) for v in attribute.ints[:4096]]
    if kind == onnx.AttributeProto.TENSOR and op == "ConstantOfShape":
        return array(attribute.t, None).reshape(-1)[:1].tolist()
    return None


def _older(op: str, made: dict[str, Any], node: Any, opset: int) -> None:
    """Bring a node of an older opset to today's meaning, in place; raises OpenError where it cannot be."""
    if op == "ConstantOfShape":
        value = (made.pop("value", None) or [0.0])[0]
        kinds = {bool: "bool", int: "int64", float: "float32"}
        made |= {"value": value, "type": kinds[type(value)]}
    elif op == "Cast":
        made["to"] = {"float": "float32"}.get(made.get("to", ""), made.get("to", ""))
    elif op == "Split" and "split" not in made and "num_outputs" not in made:
        made["outputs"] = len(node.output)
    elif op in ("Softmax", "LogSoftmax") and opset < 13:
        made["old"] = 1  # over all axes from this one on, which is the same for the last axis alone
        made.setdefault("axis", 1)


def _declared(value: Any) -> tuple[Declared, int | None]:
    """Return an input's shape for one example and type, and its batch where that is fixed."""
    kind = value.type.tensor_type
    dims = [int(d.dim_value) if d.HasField("dim_value") and d.dim_value > 0 else None for d in kind.shape.dim]
    layout = "flat" if len(dims) == 2 else None
    shape = tuple(dims[1:])
    if len(dims) == 4 and dims[1] in (1, 3, 4) and dims[3] not in (1, 3, 4):
        layout = "NCHW"
    elif len(dims) == 4 and dims[3] in (1, 3, 4) and dims[1] not in (1, 3, 4):
        layout = "NHWC"
    dtype = {"float": "float32"}.get(name := _type(kind.elem_type), name)
    return Declared(shape, dtype, layout, value.name), dims[0] if dims else None


def _inlined(nodes: Iterable[Any], functions: Mapping[tuple[str, str], Any]) -> list[Any]:
    """Return the nodes with the file's own functions in place of their calls; raises OpenError for too many."""
    made: list[Any] = []
    numbers = count()

    def put(node: Any, depth: int) -> None:
        if len(made) >= MOST_NODES or depth > DEEPEST:
            raise OpenError(f"This ONNX file has more than {MOST_NODES:,} nodes, too many to open here.")
        function = functions.get((node.domain, node.op_type))
        if function is None:
            made.append(node)
            return
        n = next(numbers)
        names = dict(zip(function.input, node.input, strict=False)) | {"": ""}
        names |= dict(zip(function.output, node.output, strict=False))
        given = {a.name: a for a in [*function.attribute_proto, *node.attribute]}
        for inner in function.node:
            copy = type(inner)()
            copy.CopyFrom(inner)
            for field in (copy.input, copy.output):
                field[:] = [names.setdefault(name, f"{name} of call {n}") for name in field]
            for attribute in copy.attribute:
                if attribute.ref_attr_name and attribute.ref_attr_name in given:
                    name = attribute.name
                    attribute.CopyFrom(given[attribute.ref_attr_name])
                    attribute.name = name
            put(copy, depth + 1)

    for node in nodes:
        put(node, 0)
    return made


def _in_order(nodes: list[Node], known: set[str]) -> tuple[Node, ...]:
    """Return the nodes; raises OpenError where one uses what is made later or never, as ONNX does not allow."""
    known = {*known, ""}
    for node in nodes:
        missing = [name for name in node["inputs"] if name not in known]
        if missing:
            raise OpenError(
                f"This ONNX file uses {missing[0][:60]!r} before it is made: it is damaged. Export it again."
            )
        known |= set(node["outputs"])
    return tuple(nodes)
