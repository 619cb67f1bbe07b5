"""Networks of state_dicts whose names and shapes say what they are; an entry for each architecture."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from vae.opened import heads
from vae.opened.errors import ChoiceNeededError, OpenError
from vae.opened.network import Network, Step, affine, single, step
from vae.opened.simplify import simplified
from vae.spec.layer_kinds import Shape
from vae.spec.layers import ACTIVATIONS

Weights = Mapping[str, np.ndarray]
FINALS = ("sigmoid", "tanh", "none")


@dataclass(frozen=True)
class Built:
    """The two networks of an architecture, its second head, and what the architecture says of its conventions."""

    encoder: Network
    decoder: Network
    second: str | None
    stated: Mapping[str, Any]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Architecture:
    """A layout of layers: its title, whether weights are of it, and how its networks are built of them."""

    title: str
    fits: Callable[[Weights], bool]
    build: Callable[[Weights, Mapping[str, Any]], Built]


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


# --- the VAE of pytorch/examples ---

_EXAMPLES = ("fc1", "fc21", "fc22", "fc3", "fc4")


def _is_examples(weights: Weights) -> bool:
    return {name.partition(".")[0] for name in weights} == set(_EXAMPLES)


def _examples(weights: Weights, options: Mapping[str, Any]) -> Built:
    first, mean, second, third, last = (linear(weights, name) for name in _EXAMPLES)
    encoder = (first, step("relu"), beside(mean, second))
    decoder = (third, step("relu"), last, step("sigmoid"))
    stated = {"second": "log variance", "likelihood": "bernoulli", "output": "probabilities", "beta": 1.0}
    return _built(encoder, (first.layer["in"],), decoder, (third.layer["in"],), "fc22", stated)


# --- the convolutional VAE of AntixK/PyTorch-VAE ---


def _blocks(weights: Weights, role: str) -> int:
    return len({name.split(".")[1] for name in weights if name.startswith(f"{role}.")})


_ANTIXK_HEADS = (("fc_mu", "fc_var"), ("fc_z",))  # of variational models, and of the Wasserstein autoencoder


def _is_antixk(weights: Weights) -> bool:
    needed = ("encoder.0.0.weight", "encoder.0.1.running_mean")
    if not any(all(f"{name}.weight" in weights for name in names) for names in _ANTIXK_HEADS):
        return False
    return all(
        name in weights for name in (*needed, "decoder_input.weight", "final_layer.0.weight", "final_layer.3.weight")
    )


def _antixk(weights: Weights, options: Mapping[str, Any]) -> Built:
    encoder: list[Step] = []
    for i in range(_blocks(weights, "encoder")):
        encoder += [conv(weights, f"encoder.{i}.0", 2, 1), batch_norm(weights, f"encoder.{i}.1"), step("leaky_relu")]
    channels = encoder[-3].layer["out"]
    names = next(names for names in _ANTIXK_HEADS if f"{names[0]}.weight" in weights)
    mean, *others = (linear(weights, name) for name in names)
    start = linear(weights, "decoder_input")
    side = math.isqrt(mean.layer["in"] // channels)
    if side * side * channels != mean.layer["in"]:
        raise OpenError("The heads of this convolutional VAE take no square image of its last channels: it is damaged.")
    inner: Shape = (start.layer["out"] // side**2, side, side)
    encoder += [step("flatten"), *(beside(mean, other) for other in others)]
    encoder += [] if others else [mean]
    decoder = [start, step("unflatten", shape=list(inner))]
    for i in range(_blocks(weights, "decoder")):
        decoder += [conv_transpose(weights, f"decoder.{i}.0", 2, 1, 1), batch_norm(weights, f"decoder.{i}.1")]
        decoder.append(step("leaky_relu"))
    decoder += [conv_transpose(weights, "final_layer.0", 2, 1, 1), batch_norm(weights, "final_layer.1")]
    decoder += [step("leaky_relu"), conv(weights, "final_layer.3", 1, 1), step("tanh")]
    image = Network(tuple(decoder), (start.layer["in"],)).out_shape
    stated = {"likelihood": "normal", "output": "[-1, 1]", "input": "[-1, 1]"}
    stated |= {"second": "log variance"} if others else {}
    return _built(encoder, image, decoder, (start.layer["in"],), "fc_var" if others else None, stated)


# --- two lists of linear layers ---


@dataclass(frozen=True)
class _Chains:
    """Linear layers by their names: the encoder's, the heads (mean, then second if any), and the decoder's."""

    encoder: list[str]
    heads: list[str]
    decoder: list[str]


def _chains(weights: Weights) -> _Chains | None:
    """Return the layers of two multilayer perceptrons, None for weights that are more than linear layers."""
    names = [name.removesuffix(".weight") for name in weights if name.endswith(".weight")]
    if len(names) < 2 or any(weights[f"{name}.weight"].ndim != 2 for name in names):
        return None
    if any(name.rpartition(".")[2] not in ("weight", "bias") for name in weights):
        return None
    return _by_name(weights, names) or _by_order(weights, names)


def _by_name(weights: Weights, names: Sequence[str]) -> _Chains | None:
    """Return the layers by their names: encoder, heads, decoder."""
    sides: dict[str, list[str]] = {"enc": [], "dec": []}
    found: list[str] = []
    for name in names:
        word = heads.plain(name.replace(".", "/"))
        if word in heads.MEANS or word in heads.SECONDS:
            found.append(name)
            continue
        role = next((key for key in sides if any(part.lower().startswith(key) for part in name.split("."))), None)
        if role is None:
            return None
        sides[role].append(name)
    first, later = sides["enc"], sides["dec"]
    if not later or not (first or found) or len(found) > 2:
        return None
    found.sort(key=lambda name: heads.plain(name.replace(".", "/")) in heads.SECONDS)
    return _Chains(first, found, later) if _follow(weights, first, found, later) else None


def _by_order(weights: Weights, names: Sequence[str]) -> _Chains | None:
    """Return the layers by their order in the file, where two of one shape in a row are the heads."""
    for i in range(len(names) - 2):
        first, pair, later = list(names[:i]), list(names[i : i + 2]), list(names[i + 2 :])
        if weights[f"{pair[0]}.weight"].shape != weights[f"{pair[1]}.weight"].shape:
            continue
        pair.sort(key=lambda name: heads.plain(name.replace(".", "/")) in heads.SECONDS)
        if _follow(weights, first, pair, later) and weights[f"{later[0]}.weight"].shape[1] < min(
            weights[f"{name}.weight"].shape[1] for name in pair
        ):
            return _Chains(first, pair, later)
    return None


def _follow(weights: Weights, encoder: Sequence[str], found: Sequence[str], decoder: Sequence[str]) -> bool:
    """Return whether each layer takes what the one before gives, and the decoder what the encoder gives, or half."""

    def sizes(name: str) -> tuple[int, int]:
        out, n_in = weights[f"{name}.weight"].shape
        return n_in, out

    pairs = [*pairwise(encoder), *pairwise(decoder)]
    pairs += [(encoder[-1], head) for head in found if encoder]
    if any(sizes(one)[1] != sizes(other)[0] for one, other in pairs):
        return False
    code = sizes(found[0] if found else encoder[-1])[1]
    whole = sizes(decoder[-1])[1] == sizes(encoder[0] if encoder else found[0])[0]
    return whole and sizes(decoder[0])[0] in (code, code / 2)


def _perceptrons(weights: Weights, options: Mapping[str, Any]) -> Built:
    chains = _chains(weights)
    assert chains is not None
    kind, final = options.get("activation", "relu"), options.get("final")
    if kind not in ACTIVATIONS:
        raise OpenError(f"There is no activation {str(kind)[:40]!r}. Choose one of {', '.join(ACTIVATIONS)}.")
    if final not in FINALS:
        raise ChoiceNeededError(
            "These weights do not say what the decoder ends with. Choose sigmoid, tanh or none as `final`.",
            "final", FINALS,
        )  # fmt: skip
    encoder = [step for name in chains.encoder for step in (linear(weights, name), Step({"kind": kind}))]
    made = [linear(weights, name) for name in chains.heads]
    if not made:
        encoder.pop()  # the last of the encoder's own layers gives the codes
    elif len(made) == 1:
        encoder += made
    else:
        encoder.append(beside(*made))
    decoder = [step for name in chains.decoder for step in (linear(weights, name), Step({"kind": kind}))][:-1]
    decoder += [] if final == "none" else [step(final)]
    d, code = decoder[0].layer["in"], encoder[-1].layer["out"]
    second = chains.heads[1] if len(made) == 2 else "second half" if code == 2 * d else None
    stated = {"second": heads.reading(second)} if heads.reading(second) else {}
    if final in FINALS[:2]:
        stated["output"] = "probabilities" if final == "sigmoid" else "[-1, 1]"
    note = f"The file holds no activations; {kind} is taken between its layers, and {final} at its end."
    return _built(encoder, (encoder[0].layer["in"],), decoder, (d,), second, stated, (note,))


def _built(
    encoder: Sequence[Step],
    image: Shape,
    decoder: Sequence[Step],
    latent: Shape,
    second: str | None,
    stated: Mapping[str, Any],
    notes: tuple[str, ...] = (),
) -> Built:
    first = Network(simplified(tuple(encoder), image), image).check()
    return Built(first, Network(simplified(tuple(decoder), latent), latent).check(), second, stated, notes)


ARCHITECTURES: dict[str, Architecture] = {
    "examples": Architecture("The VAE of pytorch/examples", _is_examples, _examples),
    "antixk": Architecture("A convolutional VAE as in AntixK/PyTorch-VAE", _is_antixk, _antixk),
    "perceptrons": Architecture("Two lists of linear layers", lambda w: _chains(w) is not None, _perceptrons),
}
