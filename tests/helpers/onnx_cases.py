"""Random inputs and attributes for each operator of the graph, and what onnxruntime makes of them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import onnxruntime
from hypothesis import strategies as st
from onnx import TensorProto, helper

Draw = Callable[[st.SearchStrategy], Any]
Case = tuple[list[np.ndarray | None], dict[str, Any]]

# attributes that are types in ONNX, where a node here has words
TYPES = {"float32": TensorProto.FLOAT, "int64": TensorProto.INT64, "bool": TensorProto.BOOL, "int32": TensorProto.INT32}


def numbers(draw: Draw, *shape: int, low: float = -2.0, high: float = 2.0) -> np.ndarray:
    """Return random float32 of a shape."""
    seed = draw(st.integers(0, 2**31))
    return np.random.default_rng(seed).uniform(low, high, shape).astype(np.float32)


def whole(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


def shape_of(draw: Draw, low: int = 1, high: int = 4) -> tuple[int, ...]:
    return tuple(draw(st.lists(st.integers(1, 4), min_size=low, max_size=high)))


def one(low: float = -2.0, high: float = 2.0, **options: st.SearchStrategy) -> Callable[[Draw], Case]:
    """Return the case of an operator of one input, with attributes that are drawn."""

    def make(draw: Draw) -> Case:
        x = numbers(draw, *shape_of(draw), low=low, high=high)
        return [x], {name: draw(option) for name, option in options.items()}

    return make


def broadcast(*, low: float = -2.0, truth: bool = False, apart: bool = False) -> Callable[[Draw], Case]:
    """Return the case of an operator of two inputs that broadcast."""

    def make(draw: Draw) -> Case:
        shape = shape_of(draw)
        other = [n if draw(st.booleans()) else 1 for n in shape][draw(st.integers(0, len(shape) - 1)) :]
        pair = [numbers(draw, *shape, low=low), numbers(draw, *other, low=low)]
        if truth:
            pair = [v > 0 for v in pair]
        return list(pair), {}

    return make


def many(draw: Draw) -> Case:
    shape = shape_of(draw)
    return [numbers(draw, *shape) for _ in range(draw(st.integers(1, 3)))], {}


def conv(draw: Draw) -> Case:
    sides, groups = draw(st.sampled_from([1, 2, 2, 2, 3])), draw(st.sampled_from([1, 1, 2]))
    kernel = [draw(st.integers(1, 3)) for _ in range(sides)]
    dilations = [draw(st.integers(1, 2)) for _ in range(sides)]
    x = numbers(draw, 2, 2 * groups, *(draw(st.integers(6, 9)) for _ in range(sides)))
    weight = numbers(draw, 2 * groups, 2, *kernel)
    a: dict[str, Any] = {"strides": [draw(st.integers(1, 3)) for _ in range(sides)], "group": groups}
    a["dilations"] = dilations
    auto = draw(st.sampled_from(["NOTSET", "NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"]))
    if auto == "NOTSET":
        a["pads"] = [draw(st.integers(0, 2)) for _ in range(2 * sides)]
    else:
        a["auto_pad"] = auto
        a["dilations"] = [1] * sides
    bias = [numbers(draw, 2 * groups)] if draw(st.booleans()) else []
    return [x, weight, *bias], a


def conv_transpose(draw: Draw) -> Case:
    sides, groups = draw(st.sampled_from([1, 2, 2, 3])), draw(st.sampled_from([1, 2]))
    kernel = [draw(st.integers(2, 4)) for _ in range(sides)]
    strides = [draw(st.integers(1, 3)) for _ in range(sides)]
    x = numbers(draw, 2, 2 * groups, *(draw(st.integers(3, 5)) for _ in range(sides)))
    weight = numbers(draw, 2 * groups, 2, *kernel)
    a: dict[str, Any] = {"strides": strides, "group": groups}
    if draw(st.booleans()):
        a["pads"] = [draw(st.integers(0, 1)) for _ in range(2 * sides)]
        a["output_padding"] = [draw(st.integers(0, s - 1)) for s in strides]
    elif draw(st.booleans()):
        a["output_shape"] = [n * s for n, s in zip(x.shape[2:], strides, strict=True)]
        if any((n - 1) * s + k < n * s for n, s, k in zip(x.shape[2:], strides, kernel, strict=True)):
            del a["output_shape"]
    bias = [numbers(draw, 2 * groups)] if draw(st.booleans()) else []
    return [x, weight, *bias], a


def gemm(draw: Draw) -> Case:
    n, k, m = (draw(st.integers(1, 5)) for _ in range(3))
    a = {"transA": draw(st.integers(0, 1)), "transB": draw(st.integers(0, 1))}
    a |= {"alpha": draw(st.sampled_from([1.0, 0.5])), "beta": draw(st.sampled_from([1.0, 2.0]))}
    left = numbers(draw, *((k, n) if a["transA"] else (n, k)))
    right = numbers(draw, *((m, k) if a["transB"] else (k, m)))
    bias = draw(st.sampled_from([None, (m,), (1, m), (n, 1), (1,)]))
    return [left, right, *([] if bias is None else [numbers(draw, *bias)])], a


def matmul(draw: Draw) -> Case:
    n, k, m, b = (draw(st.integers(1, 4)) for _ in range(4))
    left, right = draw(st.sampled_from([((n, k), (k, m)), ((b, n, k), (k, m)), ((b, n, k), (b, k, m)), ((n, k), (k,))]))
    return [numbers(draw, *left), numbers(draw, *right)], {}


def norm(count: int) -> Callable[[Draw], Case]:
    def make(draw: Draw) -> Case:
        x = numbers(draw, 2, 4, *(draw(st.integers(2, 4)) for _ in range(draw(st.integers(1, 2)))))
        parts = [numbers(draw, 4) for _ in range(min(count, 3))] + [numbers(draw, 4, low=0.5)] * (count == 4)
        return [x, *parts], {"epsilon": draw(st.sampled_from([1e-5, 1e-3]))}

    return make


def group_norm(draw: Draw) -> Case:
    x = numbers(draw, 2, 4, 3, 3)
    return [x, numbers(draw, 4), numbers(draw, 4)], {"num_groups": draw(st.sampled_from([1, 2, 4])), "epsilon": 1e-5}


def layer_norm(bias: bool) -> Callable[[Draw], Case]:
    def make(draw: Draw) -> Case:
        x = numbers(draw, 2, 3, 4)
        axis = draw(st.sampled_from([-1, 1, 2]))
        shape = x.shape[axis:]
        return [x, numbers(draw, *shape), *([numbers(draw, *shape)] if bias else [])], {"axis": axis}

    return make


def pool(average: bool) -> Callable[[Draw], Case]:
    def make(draw: Draw) -> Case:
        kernel = [draw(st.integers(1, 3)) for _ in range(2)]
        a: dict[str, Any] = {"kernel_shape": kernel, "strides": [draw(st.integers(1, 3)) for _ in range(2)]}
        if draw(st.booleans()):
            a["pads"] = [draw(st.integers(0, k - 1)) for k in kernel * 2]
        else:
            a["ceil_mode"] = draw(st.integers(0, 1))
        if average:
            a["count_include_pad"] = draw(st.integers(0, 1))
        return [numbers(draw, 2, 2, draw(st.integers(6, 9)), draw(st.integers(6, 9)))], a

    return make


def reduce(low: float = -2.0) -> Callable[[Draw], Case]:
    def make(draw: Draw) -> Case:
        x = numbers(draw, *shape_of(draw), low=low)
        axes = sorted(draw(st.sets(st.integers(0, x.ndim - 1), min_size=1)))
        a = {"keepdims": draw(st.integers(0, 1))}
        return ([x], a) if draw(st.booleans()) else ([x, whole(*axes)], a)

    return make


def resize(draw: Draw) -> Case:
    mode = draw(st.sampled_from(["nearest", "linear", "cubic"]))
    ways = ["asymmetric", "half_pixel", "pytorch_half_pixel", "align_corners"]
    a = {"mode": mode, "coordinate_transformation_mode": draw(st.sampled_from(ways))}
    if mode == "nearest":
        a["nearest_mode"] = draw(st.sampled_from(["floor", "round_prefer_floor", "ceil", "round_prefer_ceil"]))
    x = numbers(draw, 1, 2, draw(st.integers(2, 5)), draw(st.integers(2, 5)))
    if draw(st.booleans()):
        return [x, None, np.array([1, 1, 2, draw(st.sampled_from([2, 3, 0.5]))], np.float32)], a
    return [x, None, None, whole(1, 2, draw(st.integers(2, 9)), draw(st.integers(2, 9)))], a


def upsample(draw: Draw) -> Case:
    scales = np.array([1, 1, draw(st.integers(1, 3)), draw(st.integers(1, 3))], np.float32)
    return [numbers(draw, 1, 2, 3, 4), scales], {"mode": draw(st.sampled_from(["nearest", "linear"]))}


def pad(draw: Draw) -> Case:
    mode = draw(st.sampled_from(["constant", "reflect", "edge"]))
    pads = [draw(st.integers(0 if mode != "constant" else -1, 1)) for _ in range(4)]
    x = numbers(draw, 3, 4)
    value = [np.float32(1.5).reshape(())] if mode == "constant" and draw(st.booleans()) else []
    return [x, whole(*pads), *value], {"mode": mode}


def slices(draw: Draw) -> Case:
    x = numbers(draw, 5, 6)
    starts, ends = ([draw(st.integers(-7, 7)) for _ in range(2)] for _ in range(2))
    steps = [draw(st.sampled_from([1, 2, -1, -2])) for _ in range(2)]
    return [x, whole(*starts), whole(*ends), whole(0, 1), whole(*steps)], {}


def split(draw: Draw) -> Case:
    return [numbers(draw, 2, 6), whole(*draw(st.sampled_from([(2, 4), (1, 5), (3, 3)])))], {"axis": 1}


def gather(draw: Draw) -> Case:
    if draw(st.booleans()):
        return [numbers(draw, 3), np.array(draw(st.integers(-3, 2)))], {}
    index = np.array(draw(st.lists(st.integers(-3, 2), min_size=1, max_size=4)), np.int64)
    return [numbers(draw, 3, 3), index], {"axis": draw(st.integers(0, 1))}


def gather_elements(draw: Draw) -> Case:
    return [numbers(draw, 3, 4), np.array(draw(st.permutations([0, 1, 2, -1])), np.int64).reshape(1, 4)], {"axis": 0}


def pick(*cases: Case) -> Callable[[Draw], Case]:
    return lambda draw: draw(st.sampled_from(cases))


X = np.arange(24, dtype=np.float32).reshape(2, 3, 4) / 7
UNIT = st.sampled_from([0.1, 0.3, 1.5])
AXIS = st.integers(-1, 0)
BLOCKS = np.arange(64, dtype=np.float32).reshape(1, 4, 4, 4)


def where(draw: Draw) -> Case:
    (left, right), _ = broadcast()(draw)
    return [np.asarray(left > 0), left, right], {}


def clip(draw: Draw) -> Case:
    limits = [None if draw(st.booleans()) else np.float32(v).reshape(()) for v in (-0.5, 0.7)]
    return [numbers(draw, 4, 3), *limits], {}


def einsum(draw: Draw) -> Case:
    n = draw(st.integers(1, 4))
    return draw(st.sampled_from([
        ([numbers(draw, 2, 3, n), numbers(draw, 2, n, 4)], {"equation": "bij,bjk->bik"}),
        ([numbers(draw, n, 3), numbers(draw, 3, 2)], {"equation": "ij,jk"}),
    ]))  # fmt: skip


ROUNDED = pick(([np.array([-2.5, -1.5, -0.4, 0.5, 1.5, 2.6], np.float32)], {}))
CASES: dict[str, Callable[[Draw], Case]] = {
    **{op: broadcast() for op in ("Add", "Sub", "Mul", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "PRelu")},
    **{op: broadcast(truth=True) for op in ("And", "Or", "Xor")},
    **dict.fromkeys(("Min", "Max", "Sum", "Mean"), many),
    **{op: one() for op in (
        "Abs", "Neg", "Sign", "Exp", "Erf", "Sin", "Cos", "Relu", "Sigmoid", "Tanh", "Softplus", "Softsign",
        "HardSwish", "Mish", "Identity", "Dropout", "Flatten", "Shape", "Size", "IsNaN",
    )},
    **{op: one(low=0.1) for op in ("Sqrt", "Log", "Reciprocal")},
    **dict.fromkeys(("Floor", "Ceil", "Round"), ROUNDED),
    **{op: one(alpha=UNIT) for op in ("LeakyRelu", "Elu", "Celu", "ThresholdedRelu")},
    **{op: reduce() for op in ("ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1",
                               "ReduceL2", "ReduceSumSquare", "ReduceLogSumExp")},
    "Div": broadcast(low=0.5), "Pow": broadcast(low=0.5), "ReduceLogSum": reduce(low=0.1),
    "Mod": pick(([whole(5, -5, 7), whole(3, 3, -4)], {}), ([X, X[:1] + 1], {"fmod": 1})),
    "Equal": pick(([whole(1, 2, 3), whole(1, 5, 3)], {}), ([X, X[:1]], {})),
    "Not": pick(([X > 1], {})),
    "Clip": clip, "Where": where, "Einsum": einsum,
    "Cast": pick(([X], {"to": "int64"}), ([whole(1, 0)], {"to": "bool"}), ([whole(1, 0)], {"to": "float32"})),
    "CastLike": pick(([X, whole(1)], {}), ([whole(1), X], {})),
    "HardSigmoid": one(alpha=UNIT, beta=UNIT),
    "Selu": one(alpha=UNIT, gamma=UNIT),
    "Gelu": one(approximate=st.sampled_from(["none", "tanh"])),
    "Swish": one(alpha=st.sampled_from([1.0, 0.5])),
    "Conv": conv, "ConvTranspose": conv_transpose, "Gemm": gemm, "MatMul": matmul,
    "BatchNormalization": norm(4), "InstanceNormalization": norm(2), "GroupNormalization": group_norm,
    "LayerNormalization": layer_norm(True), "RMSNormalization": layer_norm(False),
    "LpNormalization": one(p=st.integers(1, 2), axis=AXIS),
    "Softmax": one(axis=AXIS), "LogSoftmax": one(axis=AXIS),
    "CumSum": pick(([X, np.array(1)], {})),
    **dict.fromkeys(("ArgMax", "ArgMin"), one(axis=AXIS, keepdims=st.integers(0, 1))),
    "MaxPool": pool(False), "AveragePool": pool(True),
    "GlobalAveragePool": pick(([BLOCKS], {})), "GlobalMaxPool": pick(([BLOCKS], {})),
    "Reshape": pick(([X, whole(0, -1)], {}), ([X, whole(4, 6)], {}), ([X, whole(2, 0, 2, 2)], {})),
    "Squeeze": pick(([X[:, :1], whole(1)], {}), ([X[:1, :1]], {})),
    "Unsqueeze": pick(([X, whole(0, -1)], {}), ([X, whole(1)], {})),
    "Transpose": pick(([X], {}), ([X], {"perm": [1, 0, 2]})),
    "Concat": pick(([X, X, X], {"axis": 1}), ([X, X], {"axis": -1})),
    "Split": split, "Slice": slices, "Gather": gather, "GatherElements": gather_elements,
    "Expand": pick(([X, whole(2, 1, 4)], {}), ([X[:, :1], whole(3, 1)], {}), ([X, whole(5, 1, 1, 1)], {})),
    "Tile": pick(([X, whole(1, 2, 3)], {})),
    "Pad": pad, "Resize": resize, "Upsample": upsample,
    "ConstantOfShape": pick(
        ([whole(2, 3)], {"value": 1.5, "type": "float32"}), ([whole(2)], {"value": 3, "type": "int64"})
    ),
    "Range": pick(([np.array(n) for n in (1, 9, 3)], {}), ([np.float32(n) for n in (0, 1, 0.25)], {})),
    "DepthToSpace": pick(([BLOCKS], {"blocksize": 2}), ([BLOCKS], {"blocksize": 2, "mode": "CRD"})),
    "SpaceToDepth": pick(([BLOCKS], {"blocksize": 2})),
}  # fmt: skip
OPSETS = {"Upsample": 9, "Gelu": 20, "CastLike": 19, "GroupNormalization": 21, "RMSNormalization": 23, "Swish": 24}
OUTPUTS = {"Split": 2}


def expected(op: str, inputs: list[np.ndarray | None], attributes: dict[str, Any]) -> list[np.ndarray]:
    """Return what onnxruntime gives for one node."""
    made = {k: TYPES[v] if k == "to" else v for k, v in attributes.items() if op != "ConstantOfShape"}
    if op == "ConstantOfShape":
        kind = TYPES[attributes["type"]]
        made["value"] = helper.make_tensor("value", kind, [1], [attributes["value"]])
    names = ["" if x is None else f"x{i}" for i, x in enumerate(inputs)]
    outputs = [f"y{i}" for i in range(OUTPUTS.get(op, 1))]
    given = {name: np.asarray(x) for name, x in zip(names, inputs, strict=True) if x is not None}
    node = helper.make_node(op, names, outputs, **made)
    described = [
        helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(x.dtype), x.shape)
        for name, x in given.items()
    ]
    graph = helper.make_graph([node], "g", described, [helper.make_empty_tensor_value_info(name) for name in outputs])
    opset = helper.make_opsetid("", OPSETS.get(op, 18))
    model = helper.make_model(graph, opset_imports=[opset], ir_version=10)
    onnx.shape_inference.infer_shapes(model)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return list(session.run(None, given))
