"""Estimate the time of a training step from the number of operations of the networks and of the chosen kinds."""

import math
from collections.abc import Iterator, Mapping

from vae.spec.choices import ROLES, TERM
from vae.spec.layers import weights
from vae.spec.spec import Spec
from vae.spec.work import Work, effort, values

OVERHEAD = 1.1e-3  # fixed seconds of a step (Python, the optimiser's calls), measured on two cores with torch 2.13
SPEED = 60e9  # floating-point operations a second and thread
PASSES = 3  # forward once, backward twice
FLOAT = 4  # bytes
TORCH = 500e6  # bytes of a process that has done its first steps
COPIES = 9  # of the weights: they, their gradient, Adam's two, the best ones, and a checkpoint on its way to the disk
PER_RESULT = 2  # a layer's result is kept for the gradient, and has one
PER_PIXEL, PER_LATENT = 4, 12  # results that the likelihood, the posterior and the prior keep
PER_PAIR = 8  # results for each pair of a batch's examples and latent, of objectives that couple a batch
PER_VALUE = 80  # operations of noise, likelihood and activations for each output value of the decoder


def _works(spec: Spec) -> Iterator[Work]:
    """Yield the work that each of the spec's kinds adds to that of the networks."""
    for name, role in (ROLES | {"terms": TERM}).items():
        chosen = getattr(spec, name)
        for entry in [chosen] if isinstance(chosen, Mapping) else chosen or ():
            kind = role.kinds[entry["kind"]]
            yield kind.work(kind.filled(entry), spec)
    if spec.condition is not None and spec.condition.get("prior"):
        yield Work(2 * spec.labels * spec.latent)


def parameters(spec: Spec) -> int:
    """Return the model's number of weights."""
    layers = spec.encoder_layers() + spec.decoder_layers()
    networks = sum(math.prod(shape) for layer in layers for shape in weights(layer).values())
    return networks + sum(work.weights for work in _works(spec))


def step_seconds(spec: Spec, threads: int = 1) -> float:
    """Return the estimated seconds of one training step."""
    works = list(_works(spec))
    encoder = effort(spec.encoder_layers(), spec.shape) + sum(work.example for work in works)
    decoder = effort(spec.decoder_layers(), (spec.latent,)) + PER_VALUE * math.prod(spec.shape)
    sample = decoder + sum(work.sample for work in works)
    total = spec.batch * (encoder + spec.samples * sample) + sum(work.step for work in works)
    launched = OVERHEAD * (1 + sum(work.launches for work in works))
    return launched + PASSES * total / (SPEED * threads**0.7)


def step_bytes(spec: Spec) -> float:
    """Return the estimated bytes of memory of training: torch, weights with their copies, and every layer's results.

    Measured peaks of models with 0.3 to 1.3 GB lie at 0.5 to 1.0 of it.
    """
    weights = COPIES * parameters(spec)
    # a Jacobian keeps the encoder's results once for each latent
    jacobians = spec.latent * any(work.example for work in _works(spec))
    encoder = (1 + jacobians) * values(spec.encoder_layers(), spec.shape) + 2 * math.prod(spec.shape)
    decoder = values(spec.decoder_layers(), (spec.latent,)) + PER_PIXEL * math.prod(spec.shape)
    sample = decoder + sum(work.sample for work in _works(spec)) / 2 + PER_LATENT * spec.latent
    pairs = PER_PAIR * spec.samples * spec.batch**2 * spec.latent if spec.objective_kind.couples_batch else 0
    return TORCH + FLOAT * (weights + PER_RESULT * spec.batch * (encoder + spec.samples * sample) + pairs)
