"""Nodes as plain layers, which the browser runs too: an entry for each operator that has any."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from vae.opened.convolutions import conv, conv_transpose
from vae.opened.network import Step, affine, reshape, single, step
from vae.opened.place import Place, Steps
from vae.spec.layer_kinds import Shape


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
    "Conv": conv,
    "ConvTranspose": conv_transpose,
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
