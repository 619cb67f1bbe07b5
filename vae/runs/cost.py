"""How long a training will take on this machine: from its arithmetic, corrected by what earlier runs took."""

import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from vae.data import data_root
from vae.runs import files
from vae.runs.status import Status
from vae.spec import Spec, choices
from vae.spec.layers import Layer, Shape, weight_shape

OVERHEAD = 1.1e-3  # seconds a step beside the arithmetic: Python, the optimiser's launches; two cores, torch 2.13
SPEED = 60e9  # floating-point operations a second and thread
PASSES = 3  # forward once, backward twice
PER_VALUE = 80  # operations of noise, likelihood and activations for each value that the decoder puts out
MEMORY = 0.3  # weight of the newest run in the learned correction
FEWEST_STEPS = 200  # a shorter run says nothing about speed


def operations(layers: list[Layer], shape: Shape) -> float:
    """Return the floating-point operations (2 a multiply-add) of one example through a network."""
    total = 0.0
    for layer in layers:
        kind = layer["kind"]
        if kind == "linear":
            total += 2.0 * layer["in"] * layer["out"]
        elif kind in ("conv2d", "conv_transpose2d"):
            sides, stride, kernel, padding = shape[1:], layer["stride"], layer["kernel"], layer["padding"]
            if kind == "conv2d":
                shape = (layer["out"], *((s + 2 * padding - kernel) // stride + 1 for s in sides))
                at = shape
            else:
                extra = layer["output_padding"]
                grown = ((s - 1) * stride - 2 * padding + kernel + e for s, e in zip(sides, extra, strict=True))
                at, shape = shape, (layer["out"], *grown)
            total += 2.0 * layer["in"] * layer["out"] * kernel**2 * math.prod(at[1:])
        elif kind == "unflatten":
            shape = tuple(layer["shape"])
        elif kind == "upsample":
            shape = (shape[0], *(s * layer["scale"] for s in shape[1:]))
    return total


@dataclass(frozen=True)
class Part:
    """What a part of a model adds to its two networks: weights, operations a sampled z, an example, and a step.

    `launches` counts its many small calls, which take time whatever their size, as a multiple of a plain VAE's.
    """

    weights: int = 0
    sample: float = 0.0
    example: float = 0.0
    step: float = 0.0
    launches: float = 0.0


Options = Mapping[str, Any]


def _couplings(entry: Options, spec: Spec, context: int = 0) -> Part:
    hidden, d = entry["hidden"], spec.latent
    each = (d + context) * hidden + 2 * hidden * d
    weights = entry["layers"] * (each + hidden + 2 * d)
    return Part(weights, sample=2.0 * entry["layers"] * each, launches=0.5 * entry["layers"])


def _shared_sigma(entry: Options, spec: Spec) -> Part:
    return Part(int(entry.get("sigma", "each") == "shared"))


def _mixture(entry: Options, spec: Spec) -> Part:
    # a Normal's log density is about eight operations a dimension
    weights = entry["components"] * (2 * spec.latent + 1)
    return Part(weights, sample=8.0 * entry["components"] * spec.latent, launches=0.5)


def _vamp(entry: Options, spec: Spec) -> Part:
    inputs = entry["inputs"]
    encoded = inputs * operations(spec.encoder_layers(), spec.shape)
    return Part(inputs * math.prod(spec.shape), sample=8.0 * inputs * spec.latent, step=encoded, launches=0.5)


def _codebook(entry: Options, spec: Spec) -> Part:
    return Part(entry["codes"] * entry["size"], example=2.0 * entry["codes"] * spec.latent)


def _jacobian(entry: Options, spec: Spec) -> Part:
    # a backward pass for each latent, each differentiated once more
    return Part(example=spec.latent * operations(spec.encoder_layers(), spec.shape))


PARTS: dict[str, dict[str, Callable[[Options, Spec], Part]]] = {
    "likelihood": dict.fromkeys(("normal", "laplace", "discretised_logistic"), _shared_sigma),
    "posterior": {
        "flow": lambda entry, spec: _couplings(entry, spec, entry["context"]),
        "full_normal": lambda entry, spec: Part(launches=0.8),
        "quantised": _codebook,
        "normal": _shared_sigma,
        "laplace": _shared_sigma,
    },
    "prior": {"mixture": _mixture, "vamp": _vamp, "flow": _couplings},
    "terms": {"jacobian": _jacobian},
}
KINDS = {
    "likelihood": choices.LIKELIHOODS,
    "posterior": choices.POSTERIORS,
    "prior": choices.PRIORS,
    "terms": choices.TERMS,
}


def _parts(spec: Spec) -> Iterator[Part]:
    """Yield what the spec's families and terms add to its networks."""
    for role, known in PARTS.items():
        chosen = getattr(spec, role)
        for entry in [chosen] if isinstance(chosen, Mapping) else chosen or ():
            if entry["kind"] in known:
                defaults = {name: option.default for name, option in KINDS[role][entry["kind"]].options.items()}
                yield known[entry["kind"]]({**defaults, **entry}, spec)
    if spec.labels and spec.condition is not None and spec.condition.get("prior"):
        yield Part(2 * spec.labels * spec.latent)


def parameters(spec: Spec) -> int:
    """Return how many weights a model has."""
    shapes = [(weight_shape(layer), layer) for layer in spec.encoder_layers() + spec.decoder_layers()]
    networks = sum(math.prod(shape) + layer["out"] for shape, layer in shapes if shape is not None)
    return networks + sum(part.weights for part in _parts(spec))


def step_seconds(spec: Spec, threads: int = 1) -> float:
    """Return the seconds of one training step by arithmetic alone."""
    parts = list(_parts(spec))
    encoder = operations(spec.encoder_layers(), spec.shape) + sum(part.example for part in parts)
    decoder = operations(spec.decoder_layers(), (spec.latent,)) + PER_VALUE * math.prod(spec.shape)
    sample = decoder + sum(part.sample for part in parts)
    total = spec.batch * (encoder + spec.samples * sample) + sum(part.step for part in parts)
    launched = OVERHEAD * (1 + sum(part.launches for part in parts))
    return launched + PASSES * total / (SPEED * threads**0.7)


def _key(spec: Spec, threads: int) -> str:
    return f"{spec.encoder['kind']}, {threads} threads"


def _learned() -> dict[str, Any]:
    try:
        content = json.loads((data_root() / "machine.json").read_text())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def correction(spec: Spec, threads: int) -> float:
    """Return measured over calculated seconds of this machine's earlier runs with such networks, or 1."""
    value = _learned().get(_key(spec, threads), 1.0)
    return float(value) if isinstance(value, (int, float)) and math.isfinite(value) and value > 0 else 1.0


def seconds(spec: Spec, n_train: int, threads: int = 1) -> float:
    """Return the seconds that training on n_train examples will take here, validation and saving left out."""
    steps = spec.epochs * math.ceil(n_train / spec.batch)
    return steps * step_seconds(spec, threads) * correction(spec, threads)


def learn(spec: Spec, status: Status) -> None:
    """Remember how long a finished run's steps took, beside what the arithmetic says."""
    if status.step < FEWEST_STEPS or status.seconds <= 0 or status.processes > 1:
        return
    key, content = _key(spec, status.threads), _learned()
    ratio = status.seconds / status.step / step_seconds(spec, status.threads)
    old = correction(spec, status.threads) if key in content else ratio
    content[key] = old ** (1 - MEMORY) * ratio**MEMORY
    files.write_json(data_root() / "machine.json", content)
