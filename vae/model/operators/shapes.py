"""Operators that change a value's shape or choose parts of it."""

import math

import torch
from torch import Tensor

from vae.model.operators.elementwise import map_needed
from vae.model.operators.entry import (
    FLOATS,
    TYPES,
    Attributes,
    GraphError,
    Operator,
    Values,
    axes_of,
    bounded,
    inside,
    needed,
    on_one_device,
    optional,
    whole_numbers,
)
from vae.model.operators.linear import padded


def _sizes(values: Values, position: int) -> list[int]:
    found = whole_numbers(values, position)
    if found is None:
        raise GraphError(f"its input {position + 1} is missing")
    return found


def _reshape(values: Values, a: Attributes) -> Tensor:
    x, sizes = needed(values, 0), _sizes(values, 1)
    if not a.get("allowzero"):
        sizes = [x.shape[i] if size == 0 and i < x.ndim else size for i, size in enumerate(sizes)]
    try:
        return x.reshape(sizes)
    except RuntimeError as error:
        raise GraphError(f"{list(x.shape)} cannot be given the shape {sizes[:8]}") from error


def _flatten(values: Values, a: Attributes) -> Tensor:
    x, axis = needed(values, 0), int(a.get("axis", 1))
    axis = axis + x.ndim if axis < 0 else axis
    if not 0 <= axis <= x.ndim:
        raise GraphError(f"there is no axis {axis} of {x.ndim}")
    return x.reshape(math.prod(x.shape[:axis]), math.prod(x.shape[axis:]))


def _squeeze(values: Values, a: Attributes) -> Tensor:
    x, axes = needed(values, 0), axes_of(values, a)
    places = [i for i, n in enumerate(x.shape) if n == 1] if axes is None else [inside(i, x.ndim) for i in axes]
    if any(x.shape[i] != 1 for i in places):
        raise GraphError(f"it drops an axis of {list(x.shape)} that is not 1")
    return x.reshape([n for i, n in enumerate(x.shape) if i not in places])


def _unsqueeze(values: Values, a: Attributes) -> Tensor:
    x, axes = needed(values, 0), axes_of(values, a) or []
    if len(axes) > 16:
        raise GraphError("it adds more than 16 axes")
    rank = x.ndim + len(axes)
    places = {inside(i, rank) for i in axes}
    rest = iter(x.shape)
    return x.reshape([1 if i in places else next(rest) for i in range(rank)])


def _transpose(values: Values, a: Attributes) -> Tensor:
    x = needed(values, 0)
    return x.permute(list(a.get("perm") or range(x.ndim - 1, -1, -1)))


def _concat(values: Values, a: Attributes) -> Tensor:
    parts = on_one_device(*map_needed(values))
    axis = inside(int(a["axis"]), parts[0].ndim)
    bounded([sum(p.shape[axis] for p in parts), *parts[0].shape[:axis], *parts[0].shape[axis + 1 :]])
    return torch.cat(parts, axis)


def _split(values: Values, a: Attributes) -> tuple[Tensor, ...]:
    x = needed(values, 0)
    axis = inside(int(a.get("axis", 0)), x.ndim)
    sizes = a.get("split") or whole_numbers(values, 1)
    if sizes:
        return x.split([int(s) for s in sizes], axis)
    parts = int(a.get("num_outputs") or a.get("outputs") or 1)
    if not 1 <= parts <= 4096:
        raise GraphError(f"it splits a value into {parts}")
    return x.split(-(-x.shape[axis] // parts), axis)


def _chosen(size: int, start: int, end: int, step: int) -> range:
    """Return the entries of an axis that ONNX's Slice takes; backwards it moves a start before the axis to 0."""
    if step > 0:
        return range(size)[start:end:step]
    start, end = (place + size if place < 0 else place for place in (start, end))
    return range(min(max(start, 0), size - 1), min(max(end, -1), size - 1), step)


def _slice(values: Values, a: Attributes) -> Tensor:
    x = needed(values, 0)
    starts = a.get("starts") or _sizes(values, 1)
    ends = a.get("ends") or _sizes(values, 2)
    axes = axes_of(values, a, 3) or list(range(len(starts)))
    steps = whole_numbers(values, 4) or [1] * len(starts)
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        axis = inside(int(axis), x.ndim)
        chosen = _chosen(x.shape[axis], int(start), int(end), int(step))
        if step > 0:
            x = x.narrow(axis, 0, 0) if not chosen else x.narrow(axis, chosen[0], chosen[-1] - chosen[0] + 1)
            x = x if step == 1 else x[(slice(None),) * axis + (slice(None, None, int(step)),)]
        else:
            x = x.index_select(axis, torch.tensor(list(chosen), dtype=torch.int64, device=x.device))
    return x


def _gather(values: Values, a: Attributes) -> Tensor:
    x, index = on_one_device(needed(values, 0), needed(values, 1))
    axis = inside(int(a.get("axis", 0)), x.ndim)
    bounded([*x.shape[:axis], *index.shape, *x.shape[axis + 1 :]])
    flat = index.reshape(-1).long()
    if flat.device.type != "meta" and flat.numel():
        if flat.min() < -x.shape[axis] or flat.max() >= x.shape[axis]:
            raise GraphError(f"it takes an entry that the {x.shape[axis]} of an axis do not have")
        flat = flat % x.shape[axis]
    return x.index_select(axis, flat).reshape([*x.shape[:axis], *index.shape, *x.shape[axis + 1 :]])


def _gather_elements(values: Values, a: Attributes) -> Tensor:
    x, index = on_one_device(needed(values, 0), needed(values, 1))
    axis = inside(int(a.get("axis", 0)), x.ndim)
    index = index.long()
    return x.gather(axis, torch.where(index < 0, index + x.shape[axis], index))


def _expand(values: Values, a: Attributes) -> Tensor:
    x = needed(values, 0)
    sizes = torch.broadcast_shapes(x.shape, tuple(bounded(_sizes(values, 1))))
    return x.expand(bounded(sizes))


def _tile(values: Values, a: Attributes) -> Tensor:
    x, repeats = needed(values, 0), _sizes(values, 1)
    bounded([n * r for n, r in zip(x.shape, repeats, strict=True)])
    return x.repeat(repeats)


def _pad(values: Values, a: Attributes) -> Tensor:
    x, mode = needed(values, 0), str(a.get("mode", "constant"))
    pads = [int(p) for p in a["pads"]] if "pads" in a else _sizes(values, 1)
    axes = [inside(i, x.ndim) for i in whole_numbers(values, 3) or range(x.ndim)]
    if len(pads) != 2 * len(axes):
        raise GraphError(f"it has {len(pads)} pads for {len(axes)} axes")
    before, after = [0] * x.ndim, [0] * x.ndim
    for i, axis in enumerate(axes):
        before[axis], after[axis] = pads[i], pads[i + len(axes)]
    if mode == "constant":
        value = optional(values, 2)
        return padded(x, before, after, a.get("value", 0.0) if value is None else float(value.item()))
    bounded([n + b + c for n, b, c in zip(x.shape, before, after, strict=True)])
    for axis, n in enumerate(x.shape):
        if before[axis] or after[axis]:
            places = torch.arange(-before[axis], n + after[axis])
            if mode == "reflect":
                period = max(2 * (n - 1), 1)
                places = places.remainder(period)
                places = torch.where(places >= n, period - places, places)
            elif mode == "wrap":
                places = places.remainder(n)
            elif mode == "edge":
                places = places.clamp(0, n - 1)
            else:
                raise GraphError(f"there is no mode {mode[:20]!r} of Pad")
            x = x.index_select(axis, places.to(x.device))
    return x


def _shape(values: Values, a: Attributes) -> Tensor:
    sizes = list(needed(values, 0).shape)
    return torch.tensor(sizes[a.get("start") : a.get("end")], dtype=torch.int64)


def _size(values: Values, a: Attributes) -> Tensor:
    return torch.tensor(needed(values, 0).numel(), dtype=torch.int64)


def _constant_of_shape(values: Values, a: Attributes) -> Tensor:
    kind, value = a.get("type", "float32"), a.get("value", 0.0)
    dtype = torch.get_default_dtype() if kind in FLOATS else TYPES[kind]
    return torch.full(bounded(_sizes(values, 0)), value, dtype=dtype)


def _range(values: Values, a: Attributes) -> Tensor:
    ends = [needed(values, i) for i in range(3)]
    if any(t.device.type == "meta" or t.numel() != 1 for t in ends):
        raise GraphError("its length depends on the numbers of an example")
    start, stop, step = (t.item() for t in ends)
    if step == 0:
        raise GraphError("its step is 0")
    bounded([max(0, math.ceil((stop - start) / step))])
    return torch.arange(start, stop, step, dtype=ends[0].dtype)


def _depth_to_space(values: Values, a: Attributes) -> Tensor:
    x, block = needed(values, 0), int(a["blocksize"])
    n, channels, height, width = x.shape
    if block < 1 or channels % block**2:
        raise GraphError(f"{channels} channels cannot be cut into blocks of {block}")
    inner = channels // block**2
    if a.get("mode", "DCR") == "CRD":
        x = x.reshape(n, inner, block, block, height, width).permute(0, 1, 4, 2, 5, 3)
    else:
        x = x.reshape(n, block, block, inner, height, width).permute(0, 3, 4, 1, 5, 2)
    return x.reshape(n, inner, height * block, width * block)


def _space_to_depth(values: Values, a: Attributes) -> Tensor:
    x, block = needed(values, 0), int(a["blocksize"])
    n, channels, height, width = x.shape
    if block < 1 or height % block or width % block:
        raise GraphError(f"{height}×{width} cannot be cut into blocks of {block}")
    x = x.reshape(n, channels, height // block, block, width // block, block).permute(0, 3, 5, 1, 2, 4)
    return x.reshape(n, channels * block**2, height // block, width // block)


SHAPES = {
    "Identity": Operator(lambda values, a: needed(values, 0)),
    "Dropout": Operator(lambda values, a: needed(values, 0)),
    "Reshape": Operator(_reshape),
    "Flatten": Operator(_flatten),
    "Squeeze": Operator(_squeeze),
    "Unsqueeze": Operator(_unsqueeze),
    "Transpose": Operator(_transpose),
    "Concat": Operator(_concat),
    "Split": Operator(_split),
    "Slice": Operator(_slice),
    "Gather": Operator(_gather, trained=(0,)),
    "GatherElements": Operator(_gather_elements),
    "Expand": Operator(_expand),
    "Tile": Operator(_tile),
    "Pad": Operator(_pad, known=(2,)),
    "Shape": Operator(_shape),
    "Size": Operator(_size),
    "ConstantOfShape": Operator(_constant_of_shape),
    "Range": Operator(_range),
    "DepthToSpace": Operator(_depth_to_space),
    "SpaceToDepth": Operator(_space_to_depth),
}
