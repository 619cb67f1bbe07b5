"""Read an ONNX file into a Graph: the protobuf alone, from bytes; nothing of it is run."""

import os
import stat
from collections.abc import Callable, Iterable, Mapping
from itertools import count
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from vae.opened.errors import OpenError
from vae.opened.foreign import Declared
from vae.opened.graph import Graph, Node
from vae.spec.given import MOST_NODES, MOST_WEIGHTS

LARGEST_FILE = 2**31 - 1  # bytes, protobuf's own limit
DOMAINS = ("", "ai.onnx")
PIP = "pip install 'latent-space-explorer[onnx]'"
DEEPEST = 32  # functions within functions

External = Callable[[str, int, int | None], bytes]  # (file name, offset, length) -> bytes


def library() -> Any:
    """Return the onnx package; raises OpenError with its pip line where it cannot be imported."""
    try:
        import onnx
    except Exception as error:  # a package that is there but broken raises anything
        raise OpenError(f"ONNX files need the package onnx, which cannot be imported ({error}). Type: {PIP}") from error
    return onnx


def read(content: bytes, external: External | None = None) -> Graph:
    """Return the graph of an ONNX file's content; `external` reads weights that lie beside it. Raises OpenError."""
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


def beside(folder: Path) -> External:
    """Return the reader of external weights in a folder: plain files only, never through a link."""

    def load(name: str, offset: int, length: int | None) -> bytes:
        if name in ("", ".", "..") or Path(name).name != name or "\\" in name or "\0" in name:
            raise OpenError(f"This ONNX file asks for weights at {name[:80]!r}, outside its folder; they are not read.")
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        try:
            handle = os.open(folder / name, flags)
        except OSError as error:
            raise OpenError(
                f"This ONNX file keeps weights in {name[:80]!r}, which is not beside it or is a link. Open both files "
                "together, or save the model as one file."
            ) from error
        about = os.fstat(handle)
        if not stat.S_ISREG(about.st_mode) or about.st_nlink != 1:
            os.close(handle)
            raise OpenError(f"The weights in {name[:80]!r} are a link or no file. Copy them beside the model.")
        with os.fdopen(handle, "rb") as file:
            size = about.st_size - offset if length is None else length
            if offset < 0 or size < 0 or offset + size > about.st_size:
                raise OpenError(f"{name[:80]!r} is shorter than the ONNX file says: it is cut short. Copy it again.")
            file.seek(offset)
            return file.read(size)

    return load


def array(tensor: Any, external: External | None) -> np.ndarray:
    """Return a tensor as an array: float32, whole numbers or truth values; raises OpenError."""
    onnx = library()
    name, dims = tensor.name[:80], [int(n) for n in tensor.dims]
    if any(n < 0 for n in dims) or prod(dims) > MOST_WEIGHTS:
        raise OpenError(f"The weight {name!r} of this ONNX file is said to have {dims} numbers. The file is damaged.")
    try:
        if tensor.data_location == onnx.TensorProto.EXTERNAL:
            tensor = _loaded(tensor, external, onnx)
        elif not _holds(tensor, prod(dims), onnx):
            raise OpenError(f"The weight {name!r} of this ONNX file is shorter than it says. The file is damaged.")
        value = onnx.numpy_helper.to_array(tensor)
    except OpenError:
        raise
    except Exception as error:  # numpy and onnx have no common base for damage
        raise OpenError(f"The weight {name!r} of this ONNX file cannot be read: {error}.") from error
    return plain(value, name)


def plain(value: np.ndarray, name: str) -> np.ndarray:
    """Return an array as float32, int64, int32 or truth values; raises OpenError for other types and for NaN."""
    if value.dtype == np.bool_ or value.dtype in (np.int8, np.int16, np.int32, np.int64, np.uint8):
        return value
    if np.issubdtype(value.dtype, np.unsignedinteger):
        return value.astype(np.int64)
    try:
        made = value.astype(np.float32) if value.dtype.kind in "fV" else None
    except (TypeError, ValueError):
        made = None
    if made is None:
        raise OpenError(f"The weight {name!r} is of the type {value.dtype}, which is no number that is read here.")
    if np.isnan(made).any():
        raise OpenError(f"The weight {name!r} holds NaN: the training diverged. Save a model from before that.")
    return made


def _holds(tensor: Any, n: int, onnx: Any) -> bool:
    """Return whether a tensor holds as many numbers as its shape says, before it is read."""
    if tensor.HasField("raw_data"):
        return len(tensor.raw_data) * 8 >= n
    fields = ("float_data", "int32_data", "int64_data", "double_data", "uint64_data", "string_data")
    return sum(len(getattr(tensor, field)) for field in fields) * 2 >= n


def _loaded(tensor: Any, external: External | None, onnx: Any) -> Any:
    """Return a tensor with the numbers that lie in another file."""
    about = {entry.key: entry.value for entry in tensor.external_data}
    name = about.get("location", "")
    if external is None:
        raise OpenError(
            f"This ONNX file keeps weights in {name[:80]!r}. Open both files together, as a folder or a zip, or save "
            "the model as one file."
        )
    try:
        offset, length = int(about.get("offset", 0)), about.get("length")
        bits = onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type).itemsize
        size = int(length) if length is not None else prod(tensor.dims) * bits
    except (ValueError, KeyError, TypeError) as error:
        raise OpenError(f"This ONNX file says wrongly where its weights lie: {error}.") from error
    if size != prod(tensor.dims) * bits:
        raise OpenError(f"The weights in {name[:80]!r} are not as many as the ONNX file says. The files do not fit.")
    made = onnx.TensorProto(name=tensor.name, data_type=tensor.data_type, dims=tensor.dims)
    made.raw_data = external(name, offset, size)
    return made


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
