"""Resize and Upsample: one axis after the other, each as a weighted sum of chosen rows."""

import math
from typing import Any

import torch
from torch import Tensor

from vae.model.operators.entry import (
    Attributes,
    GraphError,
    Operator,
    Values,
    bounded,
    inside,
    needed,
    optional,
    whole_numbers,
)


def _places(mode: str, out: int, size: int, scale: float) -> Tensor:
    """Return where each output lies on the input's axis [out], in float64."""
    at = torch.arange(out, dtype=torch.float64)
    if mode == "asymmetric":
        return at / scale
    if mode == "align_corners":
        return at * ((size - 1) / (out - 1)) if out > 1 else at * 0
    if mode == "pytorch_half_pixel" and out == 1:
        return at * 0
    if mode in ("half_pixel", "pytorch_half_pixel"):
        return (at + 0.5) / scale - 0.5
    if mode == "half_pixel_symmetric":
        adjusted = out / (scale * size)
        return size / 2 * (1 - adjusted) + (at + 0.5) / scale - 0.5
    raise GraphError(f"Resize with the coordinates {mode[:30]!r} is not known")


def _rounded(mode: str, at: Tensor) -> Tensor:
    if mode == "floor":
        return at.floor()
    if mode == "ceil":
        return at.ceil()
    if mode == "round_prefer_ceil":
        return (at + 0.5).floor()
    if mode == "round_prefer_floor":
        return (at - 0.5).ceil()
    raise GraphError(f"Resize with the rounding {mode[:30]!r} is not known")


def _taps(a: Attributes, at: Tensor) -> list[tuple[Tensor, Tensor]]:
    """Return the rows and their weights whose sum is each output: one, two or four of them."""
    kind = a.get("mode", "nearest")
    if kind == "nearest":
        return [(_rounded(a.get("nearest_mode", "round_prefer_floor"), at), torch.ones_like(at))]
    low = at.floor()
    part = at - low
    if kind == "linear":
        return [(low, 1 - part), (low + 1, part)]
    if kind != "cubic" or a.get("exclude_outside"):
        raise GraphError(f"Resize by {str(kind)[:20]!r} is not known")
    c = a.get("cubic_coeff_a", -0.75)
    found = []
    for step in (-1, 0, 1, 2):
        t = (part - step).abs()
        near = ((c + 2) * t - (c + 3)) * t * t + 1
        far = ((c * t - 5 * c) * t + 8 * c) * t - 4 * c
        found.append((low + step, torch.where(t <= 1, near, far)))
    return found


def _axis(x: Tensor, axis: int, out: int, scale: float, a: Attributes) -> Tensor:
    size = x.shape[axis]
    at = _places(a.get("coordinate_transformation_mode", "half_pixel"), out, size, scale)
    taps = _taps(a, at)
    shape = [-1 if i == axis else 1 for i in range(x.ndim)]
    total: Any = None
    for rows, weights in taps:
        part = x.index_select(axis, rows.clamp(0, size - 1).long().to(x.device))
        if len(taps) > 1:
            part = part * weights.to(x.dtype).reshape(shape).to(x.device)
        total = part if total is None else total + part
    made: Tensor = total
    return made


def _resize(values: Values, a: Attributes) -> Tensor:
    x = needed(values, 0)
    if a.get("antialias") or a.get("keep_aspect_ratio_policy", "stretch") != "stretch":
        raise GraphError("Resize with antialias or a kept aspect ratio is not known")
    scales, sizes = optional(values, 2), whole_numbers(values, 3)
    axes = [inside(int(i), x.ndim) for i in a.get("axes") or range(x.ndim)]
    if sizes:
        outs = sizes
        factors = [out / x.shape[axis] for out, axis in zip(outs, axes, strict=True)]
    elif scales is not None and scales.device.type != "meta":
        factors = [float(s) for s in scales.detach().reshape(-1).tolist()]
        if any(not 0 < f < 1e6 for f in factors):
            raise GraphError("Resize needs positive scales")
        outs = [math.floor(x.shape[axis] * f) for f, axis in zip(factors, axes, strict=True)]
    else:
        raise GraphError("Resize needs sizes or scales that are known")
    final = list(x.shape)
    for out, axis in zip(outs, axes, strict=True):
        final[axis] = out
    bounded(final)
    for out, axis, factor in zip(outs, axes, factors, strict=True):
        if out != x.shape[axis] or factor != 1:
            x = _axis(x, axis, out, factor, a)
    return x


def _upsample(values: Values, a: Attributes) -> Tensor:
    x = needed(values, 0)
    scales = torch.tensor(a["scales"]) if "scales" in a else needed(values, 1)
    mode = {"mode": a.get("mode", "nearest"), "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    return _resize([x, None, scales], mode)


RESIZED = {"Resize": Operator(_resize, known=(2,)), "Upsample": Operator(_upsample, known=(1,))}
