"""A decoder's forward pass in numpy, for the few images that the server draws; the browser decodes by itself."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ui.words import say
from vae.spec import Spec

Weights = dict[str, np.ndarray]


class Unsupported(ValueError):
    """A layer that this forward pass does not know."""


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 0.5 * (1.0 + np.tanh(0.5 * x))


def _gelu(x: np.ndarray) -> np.ndarray:
    # math.erf is exact, but a loop in Python; a decoder's activations number some thousands
    return x * 0.5 * (1.0 + np.vectorize(math.erf, otypes=[x.dtype])(x / math.sqrt(2)))


ACTIVATIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "relu": lambda x: np.maximum(x, 0),
    "silu": lambda x: x * _sigmoid(x),
    "gelu": _gelu,
    "softplus": lambda x: np.logaddexp(0, x),
    "tanh": np.tanh,
    "sigmoid": _sigmoid,
    "mish": lambda x: x * np.tanh(np.logaddexp(0, x)),
    "logit": lambda x: np.log((p := np.clip(x, 1e-7, 1 - 1e-7)) / (1 - p)),
}


def _leaky_relu(x: np.ndarray, layer: dict[str, Any]) -> np.ndarray:
    return np.where(x > 0, x, layer.get("slope", 0.01) * x)


def _elu(x: np.ndarray, layer: dict[str, Any]) -> np.ndarray:
    return np.where(x > 0, x, layer.get("alpha", 1.0) * np.expm1(np.minimum(x, 0)))


def _clamp(x: np.ndarray, layer: dict[str, Any]) -> np.ndarray:
    low, high = layer["low"], layer["high"]
    return np.clip(x, -np.inf if low is None else low, np.inf if high is None else high)


def _pad(x: np.ndarray, layer: dict[str, Any]) -> np.ndarray:
    """Return images with zeros around them, or cropped where a pad is negative."""
    top, left, bottom, right = layer["pads"]
    outer = [(0, 0), (0, 0), (max(top, 0), max(bottom, 0)), (max(left, 0), max(right, 0))]
    x = np.pad(x, outer)
    rows, columns = x.shape[2] + min(bottom, 0), x.shape[3] + min(right, 0)
    return x[:, :, max(-top, 0) : rows, max(-left, 0) : columns]


def _flatten(x: np.ndarray, layer: dict[str, Any]) -> np.ndarray:
    return x.reshape(len(x), -1)


def _unflatten(x: np.ndarray, layer: dict[str, Any]) -> np.ndarray:
    return x.reshape(len(x), *layer["shape"])


def _upsample(x: np.ndarray, layer: dict[str, Any]) -> np.ndarray:
    return x.repeat(layer["scale"], 2).repeat(layer["scale"], 3)


def _permute(x: np.ndarray, layer: dict[str, Any]) -> np.ndarray:
    return x.transpose(0, *(axis + 1 for axis in layer["axes"]))


WITHOUT_WEIGHTS: dict[str, Callable[[np.ndarray, dict[str, Any]], np.ndarray]] = {
    "leaky_relu": _leaky_relu,
    "elu": _elu,
    "clamp": _clamp,
    "pad": _pad,
    "flatten": _flatten,
    "unflatten": _unflatten,
    "upsample": _upsample,
    "permute": _permute,
}


def _linear(x: np.ndarray, layer: dict[str, Any], weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    return x @ weight.T + bias


def _affine(x: np.ndarray, layer: dict[str, Any], weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    shape = (-1, *(1,) * (x.ndim - 2))
    return x * weight.reshape(shape) + bias.reshape(shape)


def _conv(x: np.ndarray, layer: dict[str, Any], weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """Return the convolution: for each place of the kernel, the input pixels under it."""
    k, s, p = layer["kernel"], layer["stride"], layer["padding"]
    x = np.pad(x, [(0, 0), (0, 0), (p, p), (p, p)])
    rows, columns = ((size - k) // s + 1 for size in x.shape[2:])
    made = np.zeros((len(x), layer["out"], rows, columns), x.dtype)
    for i in range(k):
        for j in range(k):
            under = x[:, :, i : i + rows * s : s, j : j + columns * s : s]
            made += np.einsum("nchw,oc->nohw", under[:, :, :rows, :columns], weight[:, :, i, j], optimize=True)
    return made + bias[:, None, None]


def _conv_transpose(x: np.ndarray, layer: dict[str, Any], weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """Return the transposed convolution: every input pixel stamps its kernel on the output, which is then cropped."""
    n, _, h, w = x.shape
    k, s, p, extra = layer["kernel"], layer["stride"], layer["padding"], layer["output_padding"]
    full = np.zeros((n, layer["out"], (h - 1) * s + k + extra[0], (w - 1) * s + k + extra[1]), x.dtype)
    for i in range(k):
        for j in range(k):
            stamp = np.einsum("nchw,co->nohw", x, weight[:, :, i, j], optimize=True)
            full[:, :, i : i + h * s : s, j : j + w * s : s] += stamp
    rows, columns = full.shape[2] - p, full.shape[3] - p
    return full[:, :, p:rows, p:columns] + bias[:, None, None]


WITH_WEIGHTS: dict[str, Callable[[np.ndarray, dict[str, Any], np.ndarray, np.ndarray], np.ndarray]] = {
    "linear": _linear,
    "affine": _affine,
    "conv2d": _conv,
    "conv_transpose2d": _conv_transpose,
}


def raw(layers: list[dict[str, Any]], weights: Weights, z: np.ndarray) -> np.ndarray:
    """Return the decoder's raw output at z [N, d]; raises Unsupported."""
    x = np.asarray(z, np.float32)
    for i, layer in enumerate(layers):
        kind = layer["kind"]
        if kind in WITH_WEIGHTS:
            x = WITH_WEIGHTS[kind](x, layer, weights[f"{i}.weight"], weights[f"{i}.bias"])
        elif kind in WITHOUT_WEIGHTS:
            x = WITHOUT_WEIGHTS[kind](x, layer)
        elif kind in ACTIVATIONS:
            x = ACTIVATIONS[kind](x)
        else:
            raise Unsupported(say("the server cannot draw images through a layer of kind {kind!r}", kind=kind))
    return x


def mean(spec: Spec, layers: list[dict[str, Any]], weights: Weights, z: np.ndarray) -> np.ndarray:
    """Return the mean of p(x|z) [N, *shape] at z [N, d], images limited to [0, 1] for display; raises Unsupported."""
    family = spec.likelihood_kind
    out = raw(layers, weights, z)[:, : spec.shape[0]]
    if family.mean == "sigmoid":
        out = _sigmoid(out)
    elif family.mean == "continuous_bernoulli":
        # the formula's two large terms cancel near 0
        out = out.astype(np.float64)
        near = np.abs(out) < 1e-2
        safe = np.where(near, 1.0, out)
        out = np.where(near, 0.5 + out / 12, 0.5 + 0.5 / np.tanh(safe / 2) - 1 / safe)
    return np.clip(out, 0, 1) if len(spec.shape) == 3 else out
