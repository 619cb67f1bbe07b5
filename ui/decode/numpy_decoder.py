"""A decoder's forward pass in numpy, for the few images that the server draws; the browser decodes by itself."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

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
    "leaky_relu": lambda x: np.where(x > 0, x, 0.01 * x),
    "elu": lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
    "silu": lambda x: x * _sigmoid(x),
    "gelu": _gelu,
    "softplus": lambda x: np.logaddexp(0, x),
    "tanh": np.tanh,
    "sigmoid": _sigmoid,
    "mish": lambda x: x * np.tanh(np.logaddexp(0, x)),
}


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


def raw(layers: list[dict[str, Any]], weights: Weights, z: np.ndarray) -> np.ndarray:
    """Return the decoder's raw output at z [N, d]; raises Unsupported."""
    x = np.asarray(z, np.float32)
    for i, layer in enumerate(layers):
        kind = layer["kind"]
        if kind == "linear":
            x = x @ weights[f"{i}.weight"].T + weights[f"{i}.bias"]
        elif kind == "conv_transpose2d":
            x = _conv_transpose(x, layer, weights[f"{i}.weight"], weights[f"{i}.bias"])
        elif kind == "upsample":
            x = x.repeat(layer["scale"], 2).repeat(layer["scale"], 3)
        elif kind == "flatten":
            x = x.reshape(len(x), -1)
        elif kind == "unflatten":
            x = x.reshape(len(x), *layer["shape"])
        elif kind in ACTIVATIONS:
            x = ACTIVATIONS[kind](x)
        else:
            raise Unsupported(f"the server cannot draw images through a layer of kind {kind!r}")
    return x


def mean(spec: Spec, layers: list[dict[str, Any]], weights: Weights, z: np.ndarray) -> np.ndarray:
    """Return the mean of p(x|z) [N, *shape], limited to [0, 1] for display, at z [N, d]; raises Unsupported."""
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
    return np.clip(out, 0, 1)
