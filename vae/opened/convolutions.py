"""Convolutions as the browser knows them: groups, dilation and oblong kernels written out as zeros."""

from dataclasses import dataclass

import numpy as np

from vae.model.operators.linear import windows
from vae.opened.network import single, step
from vae.opened.place import Place, Steps

MOST_DENSE = 2**22  # weights of a convolution whose groups and holes are written out as zeros


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


def conv(at: Place) -> Steps:
    """Return the layers of a convolution, or None where the browser has none."""
    known = _window(at, transposed=False)
    if known is None:
        return None
    even = known.before == known.after and known.before[0] == known.before[1] >= 0
    out, n_in, kernel, _ = known.weight.shape
    padding = known.before[0] if even else 0
    sizes = {"in": n_in, "out": out, "kernel": kernel, "stride": known.stride, "padding": padding}
    made = [] if even else [step("pad", pads=[*known.before, *known.after])]
    return [*made, step("conv2d", _convolved(known.weight, at.constant(2), out), **sizes)]


def conv_transpose(at: Place) -> Steps:
    """Return the layers of a transposed convolution, or None where the browser has none."""
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
