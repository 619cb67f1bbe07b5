"""From a spec to torch objects: the only place where names become functions."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from vae import networks, schedules
from vae.families import FAMILIES
from vae.model import Conditional, LatentModel
from vae.objectives import CORRUPTIONS, OBJECTIVES, Objective
from vae.paths import PATHS
from vae.priors import PRIORS
from vae.spec import Spec, SpecError


def _choose(kind: Any, options: dict[str, Any], what: str) -> Any:
    if kind not in options:
        raise SpecError(f"unknown {what} {kind!r}; choose one of {sorted(options)}")
    return options[kind]


def _make(chosen: dict[str, Any], table: dict[str, Any], what: str, *arguments: Any) -> Any:
    maker = _choose(chosen.get("kind"), table, what)
    try:
        return maker(*arguments, **{k: v for k, v in chosen.items() if k != "kind"})
    except (TypeError, ValueError) as error:
        raise SpecError(f"{what} {chosen['kind']}: {error}") from error


def model(spec: Spec) -> LatentModel:
    """Return the spec's model with weights drawn from its seed, leaving torch's global generator as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(spec.seed)
        posterior = _make(spec.posterior, FAMILIES, "posterior", (spec.latent,))
        likelihood = _make(spec.likelihood, FAMILIES, "likelihood", spec.shape)
        encoder = Conditional(networks.build(spec.encoder_layers()), posterior, len(spec.shape))
        decoder = Conditional(networks.build(spec.decoder_layers()), likelihood, 1)
        prior = None if spec.prior is None else _make(spec.prior, PRIORS, "prior", spec.latent)
    return LatentModel(prior, decoder, encoder)


def objective(spec: Spec) -> Objective:
    """Return the spec's objective, a function of a Draw and the step; raises SpecError if the model cannot have it."""
    function = _choose(spec.objective.get("kind"), OBJECTIVES, "objective")
    numbers = {k: v for k, v in spec.objective.items() if k != "kind"}
    known = set(function.__annotations__) - {"draw", "return"}
    if set(numbers) - known:
        raise SpecError(
            f"objective {spec.objective['kind']} has no {sorted(set(numbers) - known)}; it knows {sorted(known)}"
        )
    if not spec.probabilistic and function is not OBJECTIVES["reconstruction"]:
        raise SpecError(
            f"{spec.objective['kind']} needs a prior and a posterior with a density; this autoencoder has none. "
            "Use the objective 'reconstruction', or a normal posterior with a prior."
        )
    _choose(spec.path, PATHS, "gradient path")
    return lambda draw, step: function(draw, **{k: schedules.at(v, step) for k, v in numbers.items()})


def corruption(spec: Spec) -> Callable[[Tensor, torch.Generator | None], Tensor] | None:
    """Return what the encoder sees instead of x, or None for x itself."""
    if spec.corruption is None:
        return None
    function = _choose(spec.corruption.get("kind"), CORRUPTIONS, "corruption")
    numbers = {k: v for k, v in spec.corruption.items() if k != "kind"}
    return lambda x, generator: function(x, generator, **numbers)
