"""Networks as plain lists of layers: torch builds them, the browser runs them, and both read the same list.

A layer is a dict such as {"kind": "linear", "in": 2, "out": 128}. Keeping the list apart from torch lets the app
hand a decoder to the browser without importing torch.
"""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn

Layer = dict[str, Any]
Shape = tuple[int, ...]

ACTIVATIONS = ("relu", "leaky_relu", "elu", "silu", "gelu", "softplus", "tanh", "sigmoid", "mish")

# what the browser's decoder runs (ui/decode/decoder.js); anything else is shown through a pre-decoded atlas
IN_BROWSER = frozenset(
    {"linear", "conv2d", "conv_transpose2d", "upsample", "flatten", "unflatten", *ACTIVATIONS} - {"mish"}
)


class NetworkError(ValueError):
    """A network that cannot be built for the given shapes."""


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


KINDS = {"linear": linear, "mlp": mlp, "conv": conv}


def plan(
    network: dict[str, Any], in_shape: Shape, out_shape: Shape, *, mirrored: bool = False, labels: int = 0
) -> list[Layer]:
    """Return the layers of a network given as {"kind": ..., **options}; `mirrored` reverses the widths of an mlp.

    Where there are `labels`, so many, the first linear layer sees them beside its input. Raises NetworkError on an
    unknown kind, option, width or activation.
    """
    options = {k: v for k, v in network.items() if k != "kind"}
    kind = network.get("kind")
    if kind not in KINDS:
        raise NetworkError(f"unknown network {kind!r}; choose one of {sorted(KINDS)}")
    if options.get("activation", "relu") not in ACTIVATIONS:
        raise NetworkError(f"unknown activation {options['activation']!r}; choose one of {list(ACTIVATIONS)}")
    for size in [*options.get("widths", []), *options.get("channels", []), options.get("hidden", 1)]:
        if not isinstance(size, int) or isinstance(size, bool) or not 1 <= size <= 65536:
            raise NetworkError(f"a layer's size must be a whole number from 1 to 65536, not {size!r}")
    if mirrored and "widths" in options:
        options["widths"] = list(reversed(options["widths"]))
    try:
        layers = KINDS[kind](in_shape, out_shape, **options)
    except TypeError as error:
        raise NetworkError(f"{kind} network: {error}") from error
    if labels:
        next(layer for layer in layers if layer["kind"] == "linear")["labels"] = labels
    return layers


def fold(layers: list[Layer], weights: dict[str, Any], label: int) -> tuple[list[Layer], dict[str, Any]]:
    """Return the layers and weights "i.weight", "i.bias" of the same network under one label: its bias has moved."""
    layers, weights = [dict(layer) for layer in layers], dict(weights)
    for i, layer in enumerate(layers):
        if layer.pop("labels", 0):
            weight = weights[f"{i}.weight"]
            weights[f"{i}.bias"] = weights[f"{i}.bias"] + weight[:, layer["in"] + label]
            weights[f"{i}.weight"] = weight[:, : layer["in"]]
    return layers, weights


def weight_shape(layer: Layer) -> Shape | None:
    """Return the shape of a layer's weight in torch's convention, or None for a layer without weights."""
    kernel = (layer["kernel"],) * 2 if "kernel" in layer else ()
    if layer["kind"] in ("linear", "conv2d"):
        return (layer["out"], layer["in"] + layer.get("labels", 0), *kernel)
    return (layer["in"], layer["out"], *kernel) if layer["kind"] == "conv_transpose2d" else None


def build(layers: Sequence[Layer]) -> "nn.Sequential":
    """Return the torch module of a list of layers; module i of the Sequential is layer i of the list."""
    from torch import nn

    from vae.model.labels import LabelLinear, LabelNet

    makers: dict[str, Any] = {
        "linear": lambda a: (
            LabelLinear(a["in"], a["labels"], a["out"]) if a.get("labels") else nn.Linear(a["in"], a["out"])
        ),
        "conv2d": lambda a: nn.Conv2d(a["in"], a["out"], a["kernel"], a["stride"], a["padding"]),
        "conv_transpose2d": lambda a: nn.ConvTranspose2d(
            a["in"], a["out"], a["kernel"], a["stride"], a["padding"], output_padding=tuple(a["output_padding"])
        ),
        "upsample": lambda a: nn.Upsample(scale_factor=a["scale"], mode="nearest"),
        "flatten": lambda _: nn.Flatten(1),
        "unflatten": lambda a: nn.Unflatten(1, tuple(a["shape"])),
        "relu": lambda _: nn.ReLU(),
        "leaky_relu": lambda _: nn.LeakyReLU(0.01),
        "elu": lambda _: nn.ELU(),
        "silu": lambda _: nn.SiLU(),
        "gelu": lambda _: nn.GELU(),
        "softplus": lambda _: nn.Softplus(),
        "tanh": lambda _: nn.Tanh(),
        "sigmoid": lambda _: nn.Sigmoid(),
        "mish": lambda _: nn.Mish(),
    }
    kind = LabelNet if any("labels" in layer for layer in layers) else nn.Sequential
    return kind(*(makers[layer["kind"]](layer) for layer in layers))
