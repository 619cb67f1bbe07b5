"""Networks of state_dicts whose names and shapes say what they are; an entry for each architecture."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from vae.opened.built import Built, built
from vae.opened.errors import OpenError
from vae.opened.layer_steps import Weights, batch_norm, beside, conv, conv_transpose, linear
from vae.opened.network import Network, Step, step
from vae.opened.perceptrons import chains_of, perceptrons
from vae.spec.layer_kinds import Shape

_EXAMPLES = ("fc1", "fc21", "fc22", "fc3", "fc4")
_ANTIXK_HEADS = (("fc_mu", "fc_var"), ("fc_z",))  # of variational models, and of the Wasserstein autoencoder


@dataclass(frozen=True)
class Architecture:
    """A layout of layers: its title, whether weights are of it, and how its networks are built of them."""

    title: str
    fits: Callable[[Weights], bool]
    build: Callable[[Weights, Mapping[str, Any]], Built]


def _is_examples(weights: Weights) -> bool:
    return {name.partition(".")[0] for name in weights} == set(_EXAMPLES)


def _examples(weights: Weights, options: Mapping[str, Any]) -> Built:
    first, mean, second, third, last = (linear(weights, name) for name in _EXAMPLES)
    encoder = (first, step("relu"), beside(mean, second))
    decoder = (third, step("relu"), last, step("sigmoid"))
    stated = {"second": "log variance", "likelihood": "bernoulli", "output": "probabilities", "beta": 1.0}
    return built(encoder, (first.layer["in"],), decoder, (third.layer["in"],), "fc22", stated)


def _blocks(weights: Weights, role: str) -> int:
    return len({name.split(".")[1] for name in weights if name.startswith(f"{role}.")})


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
    return built(encoder, image, decoder, (start.layer["in"],), "fc_var" if others else None, stated)


ARCHITECTURES: dict[str, Architecture] = {
    "examples": Architecture("The VAE of pytorch/examples", _is_examples, _examples),
    "antixk": Architecture("A convolutional VAE as in AntixK/PyTorch-VAE", _is_antixk, _antixk),
    "perceptrons": Architecture("Two lists of linear layers", lambda w: chains_of(w) is not None, perceptrons),
}
