"""Nodes as plain layers, which the browser runs too: an entry for each operator that has any."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from vae.model.operators.linear import windows
from vae.opened.graph import Node
from vae.opened.network import Step, affine, reshape, single, step
from vae.spec.layer_kinds import Shape

Steps = list[Step] | None
MOST_DENSE = 2**22  # weights of a convolution whose groups and holes are written out as zeros


@dataclass(frozen=True)
class Place:
    """A node with one input that depends on the example, at `position`; one example's shapes before and after."""

    node: Node
    position: int
    constants: Mapping[str, np.ndarray]
    before: Shape
    after: Shape

    @property
    def attributes(self) -> Mapping[str, Any]:
        """The node's attributes."""
        found: Mapping[str, Any] = self.node["attributes"]
        return found

    def constant(self, position: int) -> np.ndarray | None:
        """Return a constant input, None where it is left out."""
        names = self.node["inputs"]
        return self.constants[names[position]] if position < len(names) and names[position] else None


def _reshape(at: Place) -> Steps:
    return reshape(at.before, at.after) if math.prod(at.before) == math.prod(at.after) else None


def _same(at: Place) -> Steps:
    return []


def _transpose(at: Place) -> Steps:
    order = list(at.attributes.get("perm") or range(len(at.before), -1, -1))
    if order[0] != 0:
        return None
    axes = [i - 1 for i in order[1:]]
    return [] if axes == sorted(axes) else [step("permute", axes=axes)]


def linear(weight: np.ndarray, bias: np.ndarray | None) -> Step:
    """Return the layer of a weight [out, in] and a bias [out], or none."""
    out, n_in = weight.shape
    bias = np.zeros(out, np.float32) if bias is None else bias
    made = {"weight": single(weight), "bias": np.broadcast_to(single(bias).reshape(-1), (out,)).copy()}
    return step("linear", made, **{"in": n_in, "out": out})


def _gemm(at: Place) -> Steps:
    weight, bias = at.constant(1), at.constant(2)
    if at.position != 0 or at.attributes.get("transA") or weight is None or len(at.before) != 1:
        return None
    weight = at.attributes.get("alpha", 1.0) * (weight if at.attributes.get("transB") else weight.T)
    if bias is not None and bias.size not in (1, len(weight)):
        return None
    return [linear(weight, None if bias is None else at.attributes.get("beta", 1.0) * bias)]


def _matmul(at: Place) -> Steps:
    weight = at.constant(1)
    if at.position != 0 or weight is None or weight.ndim != 2 or len(at.before) != 1:
        return None
    return [linear(weight.T, None)]


@dataclass(frozen=True)
class _Window:
    """A convolution as the browser knows it: one group, a square kernel without holes, one stride, pads apart."""

    weight: np.ndarray
    stride: int
    before: list[int]
    after: list[int]


def _window(at: Place, *, transposed: bool) -> _Window | None:
    """Return a convolution with its groups, dilation and oblong kernel written out as zeros, or None if too large."""
    weight, a = at.constant(1), at.attributes
    if at.position != 0 or weight is None or weight.ndim != 4 or len(at.before) != 3:
        return None
    strides, dilations, before, after = windows(a, list(at.before[1:]), list(weight.shape[2:]))
    if strides[0] != strides[1]:
        return None
    weight = _one_group(weight, int(a.get("group", 1)), transposed)
    for axis, dilation in zip((2, 3), dilations, strict=True):
        weight = _with_holes(weight, axis, dilation)
    side = max(weight.shape[2:])
    missing = [side - n for n in weight.shape[2:]]
    weight = np.pad(weight, [(0, 0), (0, 0), (0, missing[0]), (0, missing[1])])
    if weight.size > MOST_DENSE:
        return None
    return _Window(weight, strides[0], before, [n + m for n, m in zip(after, missing, strict=True)])


def _one_group(weight: np.ndarray, groups: int, transposed: bool) -> np.ndarray:
    """Return the weight of a convolution in groups as one whose other connections are 0."""
    if groups == 1:
        return weight
    outs, ins = (
        (weight.shape[1], weight.shape[0] // groups) if transposed else (weight.shape[0] // groups, weight.shape[1])
    )
    sides = weight.shape[2:]
    dense = np.zeros(
        (ins * groups, outs * groups, *sides) if transposed else (outs * groups, ins * groups, *sides), np.float32
    )
    for g in range(groups):
        own_outs, own_ins = slice(g * outs, (g + 1) * outs), slice(g * ins, (g + 1) * ins)
        if transposed:
            dense[own_ins, own_outs] = weight[own_ins]
        else:
            dense[own_outs, own_ins] = weight[own_outs]
    return dense


def _with_holes(weight: np.ndarray, axis: int, dilation: int) -> np.ndarray:
    """Return a kernel whose entries along an axis lie `dilation` apart, with zeros in between."""
    if dilation == 1 or weight.shape[axis] == 1:
        return weight
    shape = list(weight.shape)
    shape[axis] = (shape[axis] - 1) * dilation + 1
    made = np.zeros(shape, np.float32)
    made[(slice(None),) * axis + (slice(None, None, dilation),)] = weight
    return made


def _convolved(weight: np.ndarray, bias: np.ndarray | None, out: int) -> dict[str, np.ndarray]:
    return {"weight": single(weight), "bias": np.zeros(out, np.float32) if bias is None else single(bias)}


def _conv(at: Place) -> Steps:
    known = _window(at, transposed=False)
    if known is None:
        return None
    even = known.before == known.after and known.before[0] == known.before[1] >= 0
    out, n_in, kernel, _ = known.weight.shape
    padding = known.before[0] if even else 0
    sizes = {"in": n_in, "out": out, "kernel": kernel, "stride": known.stride, "padding": padding}
    made = [] if even else [step("pad", pads=[*known.before, *known.after])]
    return [*made, step("conv2d", _convolved(known.weight, at.constant(2), out), **sizes)]


def _conv_transpose(at: Place) -> Steps:
    known = _window(at, transposed=True)
    if known is None or len(at.after) != 3:
        return None
    n_in, out, kernel, _ = known.weight.shape
    extra = [int(n) for n in at.attributes.get("output_padding") or [0, 0]]
    before, after = known.before, known.after
    whole = [(n - 1) * known.stride + kernel + e for n, e in zip(at.before[1:], extra, strict=True)]
    if at.attributes.get("output_shape") or at.attributes.get("auto_pad", "NOTSET") not in ("NOTSET", "VALID"):
        missing = [kernel - ((k - 1) * d + 1) for k, d in _sides(at)]
        totals = [n - m - x for n, m, x in zip(whole, at.after[1:], missing, strict=True)]
        small, large = [t // 2 for t in totals], [t - t // 2 for t in totals]
        before, after = (small, large) if at.attributes.get("auto_pad") == "SAME_UPPER" else (large, small)
        after = [n + m for n, m in zip(after, missing, strict=True)]
    even = before == after and before[0] == before[1] >= 0
    padding = before[0] if even else 0
    sizes = {"in": n_in, "out": out, "kernel": kernel, "stride": known.stride, "padding": padding}
    made = step("conv_transpose2d", _convolved(known.weight, at.constant(2), out), **sizes, output_padding=extra)
    return [made] if even else [made, step("pad", pads=[-n for n in [*before, *after]])]


def _sides(at: Place) -> list[tuple[int, int]]:
    """Return kernel and dilation of each side of a convolution."""
    weight = at.constant(1)
    assert weight is not None
    dilations = at.attributes.get("dilations") or [1, 1]
    return [(int(k), int(d)) for k, d in zip(weight.shape[2:], dilations, strict=True)]


def scaled(factor: np.ndarray, shift: np.ndarray, shape: Shape) -> Steps:
    """Return factor * x + shift, of arrays that broadcast over one example's shape, None where they do not."""
    rank = len(shape)
    arrays = [np.asarray(v, np.float32) for v in np.broadcast_arrays(factor, shift)]
    if arrays[0].ndim > rank:
        if arrays[0].shape[0] != 1:
            return None
        arrays = [v.reshape(v.shape[1:]) for v in arrays]
    if arrays[0].ndim > rank:
        return None
    arrays = [v.reshape((1,) * (rank - v.ndim) + v.shape) for v in arrays]
    sizes = arrays[0].shape
    if any(n not in (1, m) for n, m in zip(sizes, shape, strict=True)):
        return None  # the constant is larger than the example
    if all(n == 1 for n in sizes[1:]):
        return [affine(*(v.reshape(-1) for v in arrays))]
    whole = affine(*(np.broadcast_to(v, shape).reshape(-1) for v in arrays))
    flat = (math.prod(shape),)
    return [*reshape(shape, flat), whole, *reshape(flat, shape)]


def _arithmetic(function: Callable[[int, np.ndarray], tuple[Any, Any] | None]) -> Callable[[Place], Steps]:
    def make(at: Place) -> Steps:
        constant = at.constant(1 - at.position)
        if constant is None or len(at.node["inputs"]) != 2:
            return None
        found = function(at.position, np.asarray(constant, np.float64))
        if found is None:
            return None
        factor, shift = (np.asarray(v, np.float64) for v in found)
        return scaled(factor, shift, at.before)

    return make


def _batch_norm(at: Place) -> Steps:
    scale, shift, mean, variance = (at.constant(i) for i in range(1, 5))
    if at.position != 0 or at.attributes.get("training_mode") or scale is None or shift is None:
        return None
    if mean is None or variance is None:
        return None
    factor = np.float64(scale) / np.sqrt(np.float64(variance) + at.attributes.get("epsilon", 1e-5))
    return [affine(factor, shift - mean * factor)]


def _clip(at: Place) -> Steps:
    limits = []
    for position, name in ((1, "min"), (2, "max")):
        constant = at.constant(position)
        limits.append(at.attributes.get(name) if constant is None else float(constant.reshape(-1)[0]))
    return None if at.position != 0 else [step("clamp", low=limits[0], high=limits[1])]


def _hard_sigmoid(at: Place) -> Steps:
    made = affine(at.attributes.get("alpha", 0.2), at.attributes.get("beta", 0.5))
    return [made, step("clamp", low=0.0, high=1.0)]


def _resize(at: Place) -> Steps:
    a = at.attributes
    if len(at.before) != 3 or len(at.after) != 3 or a.get("mode", "nearest") != "nearest":
        return None
    scale = at.after[1] // at.before[1]
    plain = (at.before[0], *(scale * n for n in at.before[1:])) == at.after
    ways = {("asymmetric", "floor"), ("half_pixel", "round_prefer_floor"), ("half_pixel", "round_prefer_ceil")}
    way = (a.get("coordinate_transformation_mode", "half_pixel"), a.get("nearest_mode", "round_prefer_floor"))
    if at.node["op"] == "Upsample":
        way = ("asymmetric", "floor")
    return [step("upsample", scale=scale)] if plain and scale >= 1 and way in ways else None


def _pad(at: Place) -> Steps:
    value = at.constant(2)
    pads = at.attributes.get("pads")
    pads = at.constant(1) if pads is None else pads
    zero = at.attributes.get("value", 0.0) == 0 and (value is None or not np.any(value))
    if at.position != 0 or at.constant(3) is not None or pads is None or not zero or len(at.before) != 3:
        return None
    if at.attributes.get("mode", "constant") != "constant" or len(pads) != 8:
        return None
    sides = [int(pads[i]) for i in (2, 3, 6, 7)]
    return [step("pad", pads=sides)] if not any(int(pads[i]) for i in (0, 1, 4, 5)) else None


def _depth_to_space(at: Place) -> Steps:
    block, (channels, height, width) = int(at.attributes["blocksize"]), at.before
    inner = channels // block**2
    if at.attributes.get("mode", "DCR") == "CRD":
        parts, axes = (inner, block, block, height, width), [0, 3, 1, 4, 2]
    else:
        parts, axes = (block, block, inner, height, width), [2, 3, 0, 4, 1]
    moved = tuple(parts[axis] for axis in axes)
    return [*reshape(at.before, parts), step("permute", axes=axes), *reshape(moved, at.after)]


def _activation(kind: str, **options: Callable[[Mapping[str, Any]], float]) -> Callable[[Place], Steps]:
    def make(at: Place) -> Steps:
        return [step(kind, None, **{name: float(value(at.attributes)) for name, value in options.items()})]

    return make


def _prelu(at: Place) -> Steps:
    slope = at.constant(1)
    if at.position != 0 or slope is None or slope.size != 1:
        return None
    return [step("leaky_relu", slope=float(slope.reshape(-1)[0]))]


def _swish(at: Place) -> Steps:
    return [step("silu")] if at.attributes.get("alpha", 1.0) == 1 else None


def _gelu(at: Place) -> Steps:
    return [step("gelu")] if at.attributes.get("approximate", "none") == "none" else None


TRANSLATED: dict[str, Callable[[Place], Steps]] = {
    "Identity": _same,
    "Dropout": _same,
    "Cast": lambda at: [] if str(at.attributes.get("to", "")).startswith(("float", "bfloat")) else None,
    "Reshape": _reshape,
    "Flatten": _reshape,
    "Squeeze": _reshape,
    "Unsqueeze": _reshape,
    "Transpose": _transpose,
    "Gemm": _gemm,
    "MatMul": _matmul,
    "Conv": _conv,
    "ConvTranspose": _conv_transpose,
    "Add": _arithmetic(lambda position, c: (np.ones_like(c), c)),
    "Sub": _arithmetic(lambda position, c: (np.ones_like(c), -c) if position == 0 else (-np.ones_like(c), c)),
    "Mul": _arithmetic(lambda position, c: (c, np.zeros_like(c))),
    "Div": _arithmetic(lambda position, c: (1 / c, np.zeros_like(c)) if position == 0 and c.all() else None),
    "Neg": lambda at: [affine(-1.0, 0.0)],
    "BatchNormalization": _batch_norm,
    "Clip": _clip,
    "HardSigmoid": _hard_sigmoid,
    "Resize": _resize,
    "Upsample": _resize,
    "Pad": _pad,
    "DepthToSpace": _depth_to_space,
    "Relu": _activation("relu"),
    "LeakyRelu": _activation("leaky_relu", slope=lambda a: a.get("alpha", 0.01)),
    "Elu": _activation("elu", alpha=lambda a: a.get("alpha", 1.0)),
    "Sigmoid": _activation("sigmoid"),
    "Tanh": _activation("tanh"),
    "Softplus": _activation("softplus"),
    "Mish": _activation("mish"),
    "Gelu": _gelu,
    "PRelu": _prelu,
    "Swish": _swish,
}
