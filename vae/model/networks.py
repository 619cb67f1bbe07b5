"""Build torch modules from the lists of layers of vae.spec.layers."""

from collections.abc import Sequence
from typing import Any

from torch import nn

from vae.model.foreign_layers import Affine, Clamp, Logit, LogSigma, Pad, Permute
from vae.model.graph import Graph
from vae.model.labels import LabelLinear, LabelNet
from vae.spec.layers import Layer


def build(layers: Sequence[Layer]) -> nn.Sequential:
    """Return the torch module of a list of layers; module i of the Sequential is layer i of the list."""
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
        "permute": lambda a: Permute(a["axes"]),
        "pad": lambda a: Pad(a["pads"]),
        "affine": lambda a: Affine(a["in"]),
        "clamp": lambda a: Clamp(a["low"], a["high"]),
        "logit": lambda _: Logit(),
        "log_sigma": lambda a: LogSigma(a["reading"]),
        "graph": Graph,
        "leaky_relu": lambda a: nn.LeakyReLU(a.get("slope", 0.01)),
        "elu": lambda a: nn.ELU(a.get("alpha", 1.0)),
        "silu": lambda _: nn.SiLU(),
        "gelu": lambda _: nn.GELU(),
        "softplus": lambda _: nn.Softplus(),
        "tanh": lambda _: nn.Tanh(),
        "sigmoid": lambda _: nn.Sigmoid(),
        "mish": lambda _: nn.Mish(),
    }
    kind = LabelNet if any("labels" in layer for layer in layers) else nn.Sequential
    return kind(*(makers[layer["kind"]](layer) for layer in layers))
