"""Operators that normalise, reduce or pool."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from vae.model.operators.entry import Attributes, GraphError, Operator, Values, axes_of, inside, needed, optional
from vae.model.operators.linear import padded, windows

AVERAGES: dict[int, Any] = {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d}
LARGEST: dict[int, Any] = {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d}


def _batch_norm(values: Values, a: Attributes) -> Tensor:
    if a.get("training_mode"):
        raise GraphError("its batch normalisation is in training mode: export the model after model.eval()")
    x, scale, shift, mean, variance = (needed(values, i) for i in range(5))
    return F.batch_norm(x, mean, variance, scale, shift, False, 0.0, a.get("epsilon", 1e-5))


def _instance_norm(values: Values, a: Attributes) -> Tensor:
    x, scale, shift = (needed(values, i) for i in range(3))
    return F.instance_norm(x, weight=scale, bias=shift, eps=a.get("epsilon", 1e-5))


def _group_norm(values: Values, a: Attributes) -> Tensor:
    x, scale, shift = (needed(values, i) for i in range(3))
    groups = int(a["num_groups"])
    if groups < 1 or x.ndim < 2 or x.shape[1] % groups:
        raise GraphError(f"{x.shape[1] if x.ndim > 1 else 0} channels cannot be cut into {groups} groups")
    if scale.numel() == groups != x.shape[1]:  # before opset 21: one for each group
        scale, shift = (v.repeat_interleave(x.shape[1] // groups) for v in (scale, shift))
    return F.group_norm(x, groups, scale, shift, a.get("epsilon", 1e-5))


def _layer_norm(values: Values, a: Attributes) -> Tensor:
    x, scale, shift = needed(values, 0), needed(values, 1), optional(values, 2)
    axes = list(range(inside(int(a.get("axis", -1)), x.ndim), x.ndim))
    centred = x - x.mean(axes, keepdim=True)
    made = centred * torch.rsqrt(centred.square().mean(axes, keepdim=True) + a.get("epsilon", 1e-5)) * scale
    return made if shift is None else made + shift


def _rms_norm(values: Values, a: Attributes) -> Tensor:
    x, scale = needed(values, 0), needed(values, 1)
    axes = list(range(inside(int(a.get("axis", -1)), x.ndim), x.ndim))
    return x * torch.rsqrt(x.square().mean(axes, keepdim=True) + a.get("epsilon", 1e-5)) * scale


def _lp_norm(values: Values, a: Attributes) -> Tensor:
    x, axis, p = needed(values, 0), int(a.get("axis", -1)), int(a.get("p", 2))
    norm = x.abs().sum(axis, keepdim=True) if p == 1 else x.square().sum(axis, keepdim=True).sqrt()
    return torch.where(norm == 0, torch.zeros_like(x), x / torch.where(norm == 0, torch.ones_like(norm), norm))


def _reduce(function: Callable[[Tensor, list[int], bool], Tensor]) -> Operator:
    def run(values: Values, a: Attributes) -> Tensor:
        x, axes = needed(values, 0), axes_of(values, a)
        if not axes:
            if a.get("noop_with_empty_axes"):
                return x
            axes = list(range(x.ndim))
        axes = sorted({inside(axis, x.ndim) for axis in axes})
        return function(x, axes, bool(a.get("keepdims", 1))) if x.ndim else x

    return Operator(run)


def _product(x: Tensor, axes: list[int], keep: bool) -> Tensor:
    for axis in reversed(axes):
        x = x.prod(axis, keepdim=keep)
    return x


def _place(function: Callable[..., Tensor]) -> Operator:
    def run(values: Values, a: Attributes) -> Tensor:
        x = needed(values, 0)
        if a.get("select_last_index"):
            raise GraphError("the last of several largest or smallest places is not known")
        return function(x, inside(int(a.get("axis", 0)), x.ndim), keepdim=bool(a.get("keepdims", 1)))

    return Operator(run)


def _pool_sides(values: Values, a: Attributes) -> tuple[Tensor, list[int], tuple[Any, ...]]:
    x = needed(values, 0)
    kernel = [int(k) for k in a.get("kernel_shape") or []]
    if x.ndim - 2 != len(kernel) or len(kernel) not in LARGEST:
        raise GraphError(f"a pool of {x.ndim} axes with {len(kernel)} sides is not known")
    return x, kernel, windows(a, list(x.shape[2:]), kernel)


def _max_pool(values: Values, a: Attributes) -> Tensor:
    x, kernel, (strides, dilations, before, after) = _pool_sides(values, a)
    x = padded(x, before, after, -math.inf)
    made: Tensor = LARGEST[len(kernel)](x, kernel, strides, 0, dilations, bool(a.get("ceil_mode")))
    return made


def _average_pool(values: Values, a: Attributes) -> Tensor:
    x, kernel, (strides, dilations, before, after) = _pool_sides(values, a)
    if any(d != 1 for d in dilations):
        raise GraphError("an average pool with dilation is not known")
    pool = AVERAGES[len(kernel)]
    if a.get("ceil_mode") and (any(before) or any(after)):
        raise GraphError("an average pool with padding that rounds up is not known")
    made: Tensor = pool(padded(x, before, after), kernel, strides, 0, bool(a.get("ceil_mode")))
    if a.get("count_include_pad") or not (any(before) or any(after)):
        return made
    counted: Tensor = pool(padded(torch.ones_like(x[:1, :1]), before, after), kernel, strides, 0)
    return made / counted


def _over_sides(function: Callable[[Tensor, list[int]], Tensor]) -> Operator:
    def run(values: Values, a: Attributes) -> Tensor:
        x = needed(values, 0)
        return function(x, list(range(2, x.ndim)))

    return Operator(run)


def _softmax(function: Callable[[Tensor, int], Tensor]) -> Operator:
    def run(values: Values, a: Attributes) -> Tensor:
        x, axis = needed(values, 0), int(a.get("axis", -1))
        if a.get("old"):  # before opset 13: over all axes from this one on
            axis = inside(axis, x.ndim)
            return function(x.flatten(axis), axis).reshape(x.shape)
        return function(x, axis)

    return Operator(run)


def _cumulative(values: Values, a: Attributes) -> Tensor:
    x, axis = needed(values, 0), int(needed(values, 1).item())
    if a.get("exclusive") or a.get("reverse"):
        raise GraphError("a cumulative sum that is exclusive or reversed is not known")
    return x.cumsum(axis)


NORMALISED = {
    "BatchNormalization": Operator(_batch_norm, trained=(1, 2)),
    "InstanceNormalization": Operator(_instance_norm, trained=(1, 2)),
    "GroupNormalization": Operator(_group_norm, trained=(1, 2)),
    "LayerNormalization": Operator(_layer_norm, trained=(1, 2)),
    "RMSNormalization": Operator(_rms_norm, trained=(1,)),
    "LpNormalization": Operator(_lp_norm),
    "Softmax": _softmax(torch.softmax),
    "LogSoftmax": _softmax(torch.log_softmax),
    "CumSum": Operator(_cumulative),
    "ReduceMean": _reduce(lambda x, axes, keep: x.mean(axes, keep)),
    "ReduceSum": _reduce(lambda x, axes, keep: x.sum(axes, keep)),
    "ReduceMax": _reduce(lambda x, axes, keep: x.amax(axes, keep)),
    "ReduceMin": _reduce(lambda x, axes, keep: x.amin(axes, keep)),
    "ReduceProd": _reduce(_product),
    "ReduceL1": _reduce(lambda x, axes, keep: x.abs().sum(axes, keep)),
    "ReduceL2": _reduce(lambda x, axes, keep: x.square().sum(axes, keep).sqrt()),
    "ReduceSumSquare": _reduce(lambda x, axes, keep: x.square().sum(axes, keep)),
    "ReduceLogSum": _reduce(lambda x, axes, keep: x.sum(axes, keep).log()),
    "ReduceLogSumExp": _reduce(lambda x, axes, keep: x.logsumexp(axes, keep)),
    "ArgMax": _place(torch.argmax),
    "ArgMin": _place(torch.argmin),
    "MaxPool": Operator(_max_pool),
    "AveragePool": Operator(_average_pool),
    "GlobalAveragePool": _over_sides(lambda x, sides: x.mean(sides, keepdim=True)),
    "GlobalMaxPool": _over_sides(lambda x, sides: x.amax(sides, keepdim=True)),
}
