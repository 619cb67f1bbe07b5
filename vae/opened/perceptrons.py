"""Two multilayer perceptrons in a state_dict, by names or by the order of their shapes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from vae.opened import heads
from vae.opened.built import Built, built
from vae.opened.errors import ChoiceNeededError, OpenError
from vae.opened.layer_steps import Weights, beside, linear
from vae.opened.network import Step, step
from vae.spec.layers import ACTIVATIONS

FINALS = ("sigmoid", "tanh", "none")


@dataclass(frozen=True)
class _Chains:
    """Linear layers by their names: the encoder's, the heads (mean, then second if any), and the decoder's."""

    encoder: list[str]
    heads: list[str]
    decoder: list[str]


def chains_of(weights: Weights) -> _Chains | None:
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


def perceptrons(weights: Weights, options: Mapping[str, Any]) -> Built:
    """Return the networks of two lists of linear layers; raises ChoiceNeededError for a last function that is open."""
    chains = chains_of(weights)
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
    return built(encoder, (encoder[0].layer["in"],), decoder, (d,), second, stated, (note,))
