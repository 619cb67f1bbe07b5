"""The kinds of layer: an entry each, which says what shape it makes, which weights it has, and who can run it.

A layer is a dict such as {"kind": "linear", "in": 2, "out": 128}; a shape is one example's, without the batch.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Layer = dict[str, Any]
Shape = tuple[int, ...]
Weights = dict[str, Shape]


class NetworkError(ValueError):
    """A network that cannot be built for the given shapes."""


def _same(layer: Layer, shape: Shape) -> Shape:
    return shape


def _none(layer: Layer) -> Weights:
    return {}


def _nothing(layer: Layer, before: Shape, after: Shape) -> float:
    return 0.0


@dataclass(frozen=True)
class LayerKind:
    """One kind of layer.

    `numbers` are the whole numbers that it takes, with the least of each; `result(layer, shape)` is the shape that it
    makes of another, and raises NetworkError for one that it does not take; `weights(layer)` are its weights' shapes in
    torch's convention; `operations(layer, before, after)` its floating-point operations for one example. `in_browser`:
    the browser's decoder knows it. `options` say whether the value of each other option is allowed.
    """

    numbers: Mapping[str, int] = field(default_factory=dict)
    result: Callable[[Layer, Shape], Shape] = _same
    weights: Callable[[Layer], Weights] = _none
    operations: Callable[[Layer, Shape, Shape], float] = _nothing
    in_browser: bool = True
    options: Mapping[str, Callable[[Any], bool]] = field(default_factory=dict)

    @property
    def computes(self) -> bool:
        """Whether it computes products of its weights; other layers scale, bend or move what these make."""
        return self.operations is not _nothing


def _image(layer: Layer, shape: Shape) -> Shape:
    if len(shape) != 3:
        raise NetworkError(f"a {layer['kind']} layer takes an image [C, H, W], not {list(shape)}")
    return shape


def _linear(layer: Layer, shape: Shape) -> Shape:
    if shape != (layer["in"],):
        raise NetworkError(f"a linear layer of {layer['in']} inputs cannot take {list(shape)}")
    return (layer["out"],)


def _channels(layer: Layer, shape: Shape) -> Shape:
    if _image(layer, shape)[0] != layer["in"]:
        raise NetworkError(f"a {layer['kind']} layer of {layer['in']} channels cannot take {list(shape)}")
    return shape


def _conv(layer: Layer, shape: Shape) -> Shape:
    stride, kernel, padding = layer["stride"], layer["kernel"], layer["padding"]
    return (layer["out"], *((s + 2 * padding - kernel) // stride + 1 for s in _channels(layer, shape)[1:]))


def _conv_transpose(layer: Layer, shape: Shape) -> Shape:
    stride, kernel, padding, extra = layer["stride"], layer["kernel"], layer["padding"], layer["output_padding"]
    sides = _channels(layer, shape)[1:]
    return (layer["out"], *((s - 1) * stride - 2 * padding + kernel + e for s, e in zip(sides, extra, strict=True)))


def _upsample(layer: Layer, shape: Shape) -> Shape:
    channels, *sides = _image(layer, shape)
    return (channels, *(s * layer["scale"] for s in sides))


def _unflatten(layer: Layer, shape: Shape) -> Shape:
    if len(shape) != 1 or math.prod(layer["shape"]) != shape[0]:
        raise NetworkError(f"{list(shape)} cannot be given the shape {layer['shape']}")
    return tuple(layer["shape"])


def _permute(layer: Layer, shape: Shape) -> Shape:
    if sorted(layer["axes"]) != list(range(len(shape))):
        raise NetworkError(f"{layer['axes']} is no order of the axes of {list(shape)}")
    return tuple(shape[axis] for axis in layer["axes"])


def _pad(layer: Layer, shape: Shape) -> Shape:
    channels, height, width = _image(layer, shape)
    top, left, bottom, right = layer["pads"]
    return (channels, height + top + bottom, width + left + right)


def _affine(layer: Layer, shape: Shape) -> Shape:
    if layer["in"] not in (1, shape[0]) or layer["in"] != layer["out"]:
        raise NetworkError(f"an affine layer of {layer['in']} factors cannot take {list(shape)}")
    return shape


def _second(layer: Layer, shape: Shape) -> Shape:
    if len(shape) != 1 or shape[0] % 2:
        raise NetworkError(f"a log_sigma layer takes means and as many scales, not {list(shape)}")
    return shape


def _graph(layer: Layer, shape: Shape) -> Shape:
    if shape != tuple(layer["in"]):
        raise NetworkError(f"a graph of {layer['in']} cannot take {list(shape)}")
    return tuple(layer["out"])


def _kernel(layer: Layer) -> Shape:
    return (layer["kernel"],) * 2


def _products(layer: Layer, before: Shape, after: Shape) -> float:
    return 2.0 * layer["in"] * layer["out"]


def sizes(value: Any, low: int = 1, high: int = 2**27, most: int = 8) -> bool:
    """Return whether a value is a list of at most `most` whole numbers within bounds."""
    whole = isinstance(value, list | tuple) and 0 < len(value) <= most
    return whole and all(isinstance(v, int) and not isinstance(v, bool) and low <= v <= high for v in value)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _optional_number(value: Any) -> bool:
    return value is None or _number(value)


READINGS = ("sigma", "log sigma", "variance", "log variance")  # what a model's second head can mean

_ACTIVATION, _TWO = LayerKind(), {"in": 1, "out": 1}
KINDS: dict[str, LayerKind] = {
    "linear": LayerKind(
        _TWO, _linear,
        lambda a: {"weight": (a["out"], a["in"] + a.get("labels", 0)), "bias": (a["out"],)},
        _products, options={"labels": lambda v: sizes([v], 0)},
    ),
    "conv2d": LayerKind(
        {**_TWO, "kernel": 1, "stride": 1, "padding": 0}, _conv,
        lambda a: {"weight": (a["out"], a["in"], *_kernel(a)), "bias": (a["out"],)},
        lambda a, before, after: _products(a, before, after) * a["kernel"] ** 2 * math.prod(after[1:]),
    ),
    "conv_transpose2d": LayerKind(
        {**_TWO, "kernel": 1, "stride": 1, "padding": 0}, _conv_transpose,
        lambda a: {"weight": (a["in"], a["out"], *_kernel(a)), "bias": (a["out"],)},
        lambda a, before, after: _products(a, before, after) * a["kernel"] ** 2 * math.prod(before[1:]),
        options={"output_padding": lambda v: sizes(v, 0) and len(v) == 2},
    ),
    "affine": LayerKind(_TWO, _affine, lambda a: {"weight": (a["in"],), "bias": (a["in"],)}),
    "upsample": LayerKind({"scale": 1}, _upsample),
    "flatten": LayerKind(result=lambda a, shape: (math.prod(shape),)),
    "unflatten": LayerKind(result=_unflatten, options={"shape": sizes}),
    "permute": LayerKind(result=_permute, options={"axes": lambda v: sizes(v, 0)}),
    "pad": LayerKind(result=_pad, options={"pads": lambda v: sizes(v, -4096, 4096) and len(v) == 4}),
    "clamp": LayerKind(options={"low": _optional_number, "high": _optional_number}),
    "logit": _ACTIVATION,
    "relu": _ACTIVATION,
    "leaky_relu": LayerKind(options={"slope": _number}),
    "elu": LayerKind(options={"alpha": _number}),
    "silu": _ACTIVATION,
    "gelu": _ACTIVATION,
    "softplus": _ACTIVATION,
    "tanh": _ACTIVATION,
    "sigmoid": _ACTIVATION,
    "mish": LayerKind(in_browser=False),
    "log_sigma": LayerKind(result=_second, in_browser=False, options={"reading": lambda v: v in READINGS}),
    "graph": LayerKind(
        result=_graph, in_browser=False,
        weights=lambda a: {name: tuple(shape) for name, shape in a["weights"].items()},
        operations=lambda a, before, after: float(a["operations"]),
    ),
}  # fmt: skip
OPTIONAL = frozenset({"labels", "slope", "alpha", "low", "high"})
