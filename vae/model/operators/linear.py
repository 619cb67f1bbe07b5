"""Operators that are matrix products or convolutions."""

import math
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from vae.model.operators.entry import (
    Attributes,
    GraphError,
    Operator,
    Values,
    bounded,
    needed,
    on_one_device,
    optional,
)

CONVOLUTIONS: dict[int, Any] = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
TRANSPOSED: dict[int, Any] = {1: F.conv_transpose1d, 2: F.conv_transpose2d, 3: F.conv_transpose3d}


def windows(a: Attributes, sizes: list[int], kernel: list[int]) -> tuple[list[int], list[int], list[int], list[int]]:
    """Return strides, dilations, and the padding before and after each side, from attributes and the sides' sizes.

    Raises GraphError for attributes that do not fit the number of sides.
    """
    n = len(sizes)
    strides = [int(s) for s in a.get("strides") or [1] * n]
    dilations = [int(d) for d in a.get("dilations") or [1] * n]
    pads = [int(p) for p in a.get("pads") or [0] * 2 * n]
    if (len(strides), len(dilations), len(pads), len(kernel)) != (n, n, 2 * n, n):
        raise GraphError(f"its strides, dilations, pads or kernel are not those of {n} sides")
    if min([*strides, *dilations, *kernel]) < 1:
        raise GraphError("its strides, dilations and kernel must be positive")
    before, after = pads[:n], pads[n:]
    auto = a.get("auto_pad", "NOTSET")
    if auto in ("SAME_UPPER", "SAME_LOWER"):
        spans = [(k - 1) * d + 1 for k, d in zip(kernel, dilations, strict=True)]
        wanted = [-(-size // s) for size, s in zip(sizes, strides, strict=True)]
        totals = [
            max(0, (w - 1) * s + span - size) for w, s, span, size in zip(wanted, strides, spans, sizes, strict=True)
        ]
        small = [t // 2 for t in totals]
        large = [t - t // 2 for t in totals]
        before, after = (small, large) if auto == "SAME_UPPER" else (large, small)
    elif auto == "VALID":
        before = after = [0] * n
    return strides, dilations, before, after


def padded(x: Tensor, before: list[int], after: list[int], value: float = 0.0) -> Tensor:
    """Return x with its last sides padded (negative: cropped)."""
    if not any(before) and not any(after):
        return x
    sides = [n for pad in reversed(list(zip(before, after, strict=True))) for n in pad]
    grown = [s + b + a for s, b, a in zip(x.shape[-len(before) :], before, after, strict=True)]
    bounded([*x.shape[: -len(before)], *grown])
    return F.pad(x, sides, value=value)


def _conv(values: Values, a: Attributes) -> Tensor:
    x, weight, bias = needed(values, 0), needed(values, 1), optional(values, 2)
    n = weight.ndim - 2
    if n not in CONVOLUTIONS or x.ndim != weight.ndim:
        raise GraphError(f"a convolution of {x.ndim} axes with a kernel of {weight.ndim} is not known")
    strides, dilations, before, after = windows(a, list(x.shape[2:]), list(weight.shape[2:]))
    inner = before if before == after and min(before) >= 0 else [0] * n
    if inner != before or before != after:
        x = padded(x, before, after)
    sizes = [
        (s + 2 * p - (k - 1) * d - 1) // stride + 1
        for s, p, k, d, stride in zip(x.shape[2:], inner, weight.shape[2:], dilations, strides, strict=True)
    ]
    bounded([x.shape[0], weight.shape[0], *sizes])
    made: Tensor = CONVOLUTIONS[n](x, weight, bias, strides, inner, dilations, int(a.get("group", 1)))
    return made


def _transposed(values: Values, a: Attributes) -> Tensor:
    x, weight, bias = needed(values, 0), needed(values, 1), optional(values, 2)
    n, kernel = weight.ndim - 2, list(weight.shape[2:])
    if n not in TRANSPOSED or x.ndim != weight.ndim:
        raise GraphError(f"a convolution of {x.ndim} axes with a kernel of {weight.ndim} is not known")
    notset = {**a, "auto_pad": "NOTSET"}
    strides, dilations, before, after = windows(notset, list(x.shape[2:]), kernel)
    extra = [int(e) for e in a.get("output_padding") or [0] * n]
    spans = [(k - 1) * d + 1 for k, d in zip(kernel, dilations, strict=True)]
    whole = [(s - 1) * t + e + w for s, t, e, w in zip(x.shape[2:], strides, extra, spans, strict=True)]
    auto, wanted = a.get("auto_pad", "NOTSET"), a.get("output_shape")
    if auto == "VALID":
        before = after = [0] * n
    if auto in ("SAME_UPPER", "SAME_LOWER") or wanted:
        sizes = [int(w) for w in wanted or [s * t for s, t in zip(x.shape[2:], strides, strict=True)]][-n:]
        totals = [w - s for w, s in zip(whole, sizes, strict=True)]
        small, large = [t // 2 for t in totals], [t - t // 2 for t in totals]
        before, after = (small, large) if auto == "SAME_UPPER" else (large, small)
    groups = int(a.get("group", 1))
    bounded([x.shape[0], weight.shape[1] * groups, *whole])
    plain = before == after and min(before) >= 0
    made: Tensor = TRANSPOSED[n](x, weight, bias, strides, before if plain else [0] * n, extra, groups, dilations)
    return made if plain else padded(made, [-b for b in before], [-c for c in after])


def _conv_operations(values: Values, a: Attributes, result: Tensor) -> float:
    weight = needed(values, 1)
    return 2.0 * result.numel() * math.prod(weight.shape[1:])


def _transposed_operations(values: Values, a: Attributes, result: Tensor) -> float:
    x, weight = needed(values, 0), needed(values, 1)
    return 2.0 * x.numel() * math.prod(weight.shape[1:])


def _product_operations(values: Values, a: Attributes, result: Tensor) -> float:
    left = needed(values, 0)
    return 2.0 * result.numel() * left.shape[0 if a.get("transA") else -1]


def _gemm(values: Values, a: Attributes) -> Tensor:
    left, right = on_one_device(needed(values, 0), needed(values, 1))
    if left.ndim != 2 or right.ndim != 2:
        raise GraphError(f"Gemm multiplies matrices, not {left.ndim} and {right.ndim} axes")
    left = left.T if a.get("transA") else left
    right = right.T if a.get("transB") else right
    bounded([left.shape[0], right.shape[1]])
    alpha, beta, bias = a.get("alpha", 1.0), a.get("beta", 1.0), optional(values, 2)
    if bias is not None and alpha == 1.0 and beta == 1.0 and bias.ndim <= 1:
        return torch.addmm(bias, left, right)
    made = left @ right
    made = made if alpha == 1.0 else alpha * made
    return made if bias is None else made + (bias if beta == 1.0 else beta * bias)


def _matmul(values: Values, a: Attributes) -> Tensor:
    left, right = on_one_device(needed(values, 0), needed(values, 1))
    if min(left.ndim, right.ndim) > 1:
        lead = torch.broadcast_shapes(left.shape[:-2], right.shape[:-2])
        bounded([*lead, left.shape[-2], right.shape[-1]])
        bounded([*lead, *left.shape[-2:]])
        bounded([*lead, *right.shape[-2:]])
    return left @ right


def _einsum(values: Values, a: Attributes) -> Tensor:
    equation = str(a.get("equation", ""))
    if len(equation) > 200:
        raise GraphError("its equation is too long")
    tensors = on_one_device(*(needed(values, i) for i in range(len(values))))
    left, _, right = equation.replace(" ", "").partition("->")
    names = left.split(",")
    if "." in equation or any(len(n) != t.ndim for n, t in zip(names, tensors, strict=True)):
        raise GraphError("its equation does not fit its inputs")
    sizes: dict[str, int] = {}
    for name, tensor in zip(names, tensors, strict=True):
        sizes |= dict(zip(name, tensor.shape, strict=True))
    if not right and "->" not in equation:
        right = "".join(sorted(c for c in sizes if left.count(c) == 1))
    bounded([sizes.get(c, 1) for c in right])
    for one, two in pairwise(names):  # a step holds the indices of two inputs at most
        bounded([sizes[c] for c in set(one + two) & set(right)])
    return torch.einsum(equation, *tensors)


LINEAR = {
    "Conv": Operator(_conv, trained=(1, 2), operations=_conv_operations),
    "ConvTranspose": Operator(_transposed, trained=(1, 2), operations=_transposed_operations),
    "Gemm": Operator(_gemm, trained=(0, 1, 2), operations=_product_operations),
    "MatMul": Operator(_matmul, trained=(0, 1), operations=_product_operations),
    "Einsum": Operator(_einsum, trained=(0, 1)),
}
