"""Layers of a state_dict by their names."""

from collections.abc import Mapping

import numpy as np

from vae.opened.errors import OpenError
from vae.opened.network import Step, affine, single, step

Weights = Mapping[str, np.ndarray]


def linear(weights: Weights, name: str) -> Step:
    """Return a linear layer by its name; raises OpenError where its weights are not those of one."""
    weight = _named(weights, f"{name}.weight", 2)
    bias = weights.get(f"{name}.bias", np.zeros(len(weight), np.float32))
    if bias.shape != (len(weight),):
        raise OpenError(
            f"The layer {name!r} has a bias of {list(bias.shape)} for {len(weight)} outputs: it is damaged."
        )
    return step(
        "linear", {"weight": single(weight), "bias": single(bias)}, **{"in": weight.shape[1], "out": len(weight)}
    )


def conv(weights: Weights, name: str, stride: int, padding: int) -> Step:
    """Return a convolution by its name."""
    weight = _named(weights, f"{name}.weight", 4)
    out, n_in, kernel, _ = weight.shape
    return step(
        "conv2d", {"weight": single(weight), "bias": _bias(weights, name, out)},
        **{"in": n_in, "out": out, "kernel": kernel, "stride": stride, "padding": padding},
    )  # fmt: skip


def conv_transpose(weights: Weights, name: str, stride: int, padding: int, extra: int = 0) -> Step:
    """Return a transposed convolution by its name."""
    weight = _named(weights, f"{name}.weight", 4)
    n_in, out, kernel, _ = weight.shape
    sizes = {"in": n_in, "out": out, "kernel": kernel, "stride": stride, "padding": padding}
    made = {"weight": single(weight), "bias": _bias(weights, name, out)}
    return step("conv_transpose2d", made, **sizes, output_padding=[extra, extra])


def batch_norm(weights: Weights, name: str, epsilon: float = 1e-5) -> Step:
    """Return a batch normalisation in evaluation mode as a scale and a shift for each channel."""
    mean, variance = (
        np.asarray(_named(weights, f"{name}.{part}", 1), np.float64) for part in ("running_mean", "running_var")
    )
    factor = np.asarray(weights.get(f"{name}.weight", np.ones_like(mean)), np.float64) / np.sqrt(variance + epsilon)
    return affine(factor, weights.get(f"{name}.bias", np.zeros_like(mean)) - mean * factor)


def beside(mean: Step, second: Step) -> Step:
    """Return two linear heads as one layer, the means first."""
    if mean.layer["in"] != second.layer["in"]:
        raise OpenError("The two heads of the encoder take vectors of different sizes, so they are not of one layer.")
    joined = {name: np.concatenate([mean.weights[name], second.weights[name]]) for name in ("weight", "bias")}
    return step("linear", joined, **{"in": mean.layer["in"], "out": len(joined["bias"])})


def _bias(weights: Weights, name: str, out: int) -> np.ndarray:
    bias = weights.get(f"{name}.bias", np.zeros(out, np.float32))
    if bias.shape != (out,):
        raise OpenError(f"The layer {name!r} has a bias of {list(bias.shape)} for {out} channels: it is damaged.")
    return single(bias)


def _named(weights: Weights, name: str, rank: int) -> np.ndarray:
    found = weights.get(name)
    if found is None or found.ndim != rank or not np.issubdtype(found.dtype, np.floating):
        raise OpenError(f"The weight {name!r} is missing or has another shape than its name says: it is damaged.")
    return found
