"""Networks as plain lists of layers, from which torch builds modules and the browser's decoder runs.

A layer is a dict such as {"kind": "linear", "in": 2, "out": 128}. Because the list needs no torch, the app can
send a decoder to the browser without importing torch.
"""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from vae.spec.layer_kinds import KINDS, Layer, NetworkError, Shape, Weights

ACTIVATIONS = ("relu", "leaky_relu", "elu", "silu", "gelu", "softplus", "tanh", "sigmoid", "mish")

# the layers that the browser's decoder can run (ui/decode/decoder.js); other decoders need a pre-decoded atlas
IN_BROWSER = frozenset(name for name, kind in KINDS.items() if kind.in_browser)
LARGEST_IN_BROWSER = 2**24  # weights: 64 MB to send, and a decode of some hundredths of a second

__all__ = [
    "ACTIVATIONS", "IN_BROWSER", "Layer", "NetworkError", "Shape", "conv", "fold", "in_browser", "linear", "mlp",
    "weights",
]  # fmt: skip


def linear(in_shape: Shape, out_shape: Shape) -> list[Layer]:
    """Return one affine map between any two shapes."""
    return mlp(in_shape, out_shape, widths=())


def mlp(in_shape: Shape, out_shape: Shape, widths: Sequence[int] = (256, 128), activation: str = "relu") -> list[Layer]:
    """Return a multilayer perceptron between any two shapes; `widths` from input to output."""
    sizes = [math.prod(in_shape), *widths, math.prod(out_shape)]
    layers: list[Layer] = [{"kind": "flatten"}] if len(in_shape) > 1 else []
    for i, (n_in, n_out) in enumerate(pairwise(sizes)):
        layers += [{"kind": activation}] if i else []
        layers.append({"kind": "linear", "in": n_in, "out": n_out})
    return layers + ([{"kind": "unflatten", "shape": list(out_shape)}] if len(out_shape) > 1 else [])


def conv(
    in_shape: Shape,
    out_shape: Shape,
    channels: Sequence[int] = (32, 32, 64, 64),
    hidden: int = 256,
    activation: str = "relu",
) -> list[Layer]:
    """Return a strided convolutional network from [C, H, W] to a vector, or transposed from a vector to [C, H, W].

    Each layer halves (doubles) the sides, rounding down and restoring odd sides exactly; `channels` run from the
    image inwards in both directions. Raises NetworkError when an image side is too small for so many halvings.
    """
    image, vector = (in_shape, out_shape) if len(in_shape) == 3 else (out_shape, in_shape)
    if len(image) != 3 or len(vector) != 1:
        raise NetworkError(f"conv joins an image [C, H, W] and a vector [d], not {in_shape} and {out_shape}")
    if not channels:
        raise NetworkError("conv needs the channels of one layer or more")
    sides = [image[1:]]
    for _ in channels:
        sides.append((sides[-1][0] // 2, sides[-1][1] // 2))
    if min(sides[-1]) < 1:
        raise NetworkError(
            f"{len(channels)} halvings leave nothing of {image[1]}x{image[2]} pixels: use fewer channels"
        )
    inner = (channels[-1], *sides[-1])
    planes = [image[0], *channels]
    act: Layer = {"kind": activation}
    geometry = {"kernel": 4, "stride": 2, "padding": 1}
    if image is in_shape:
        layers: list[Layer] = []
        for a, b in pairwise(planes):
            layers += [{"kind": "conv2d", "in": a, "out": b, **geometry}, act]
        return [
            *layers,
            {"kind": "flatten"},
            {"kind": "linear", "in": math.prod(inner), "out": hidden},
            act,
            {"kind": "linear", "in": hidden, "out": vector[0]},
        ]
    layers = [
        {"kind": "linear", "in": vector[0], "out": hidden},
        act,
        {"kind": "linear", "in": hidden, "out": math.prod(inner)},
        act,
        {"kind": "unflatten", "shape": list(inner)},
    ]
    for i in reversed(range(len(channels))):
        restore = [sides[i][0] - 2 * sides[i + 1][0], sides[i][1] - 2 * sides[i + 1][1]]
        layers.append(
            {"kind": "conv_transpose2d", "in": planes[i + 1], "out": planes[i], **geometry, "output_padding": restore}
        )
        layers += [act] if i else []
    return layers


def fold(layers: list[Layer], weights: dict[str, Any], label: int) -> tuple[list[Layer], dict[str, Any]]:
    """Return layers and weights ("i.weight", "i.bias") of the network under one label, which is folded into a bias."""
    layers, weights = [dict(layer) for layer in layers], dict(weights)
    for i, layer in enumerate(layers):
        if layer.pop("labels", 0):
            weight = weights[f"{i}.weight"]
            weights[f"{i}.bias"] = weights[f"{i}.bias"] + weight[:, layer["in"] + label]
            weights[f"{i}.weight"] = weight[:, : layer["in"]]
    return layers, weights


def weights(layer: Layer) -> Weights:
    """Return the shapes of a layer's weights by name, in torch's convention."""
    return KINDS[layer["kind"]].weights(layer)


def in_browser(layers: Sequence[Layer]) -> bool:
    """Return whether the browser can run a decoder: it knows each of its layers, and they are small enough to send."""
    numbers = sum(math.prod(shape) for layer in layers for shape in weights(layer).values())
    return all(layer["kind"] in IN_BROWSER for layer in layers) and numbers <= LARGEST_IN_BROWSER
