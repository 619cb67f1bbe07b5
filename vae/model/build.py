"""From a spec to torch objects: the only place where names become functions."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from vae.model import Conditional, Draw, LatentModel
from vae.model.families import FAMILIES
from vae.model.objectives import CORRUPTIONS, OBJECTIVES, TERMS, Objective
from vae.model.priors import PRIORS, ByLabel
from vae.spec import Spec, SpecError, heads, schedules
from vae.spec import layers as networks
from vae.spec import rules as compose


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
        prior: nn.Module | None = None
        if spec.condition is not None and spec.condition.get("prior"):
            prior = ByLabel(spec.latent, spec.labels)
        elif spec.prior is not None:
            prior = _make(spec.prior, PRIORS, "prior", encoder, spec.latent, spec.shape)
    return LatentModel(prior, decoder, encoder)


def objective(spec: Spec) -> Objective:
    """Return the spec's objective minus its weighed terms, a function of a Draw and the step.

    Raises SpecError where the model cannot have it.
    """
    if found := compose.problem(vars(spec)):
        raise SpecError(found)
    climbed = OBJECTIVES[spec.objective["kind"]]
    numbers = {k: v for k, v in spec.objective.items() if k != "kind"}
    terms = [(TERMS[term["kind"]], (heads.TERMS[term["kind"]].numbers | term)["weight"]) for term in spec.terms]

    def value(draw: Draw, step: int) -> Tensor:
        total = climbed(draw, **{k: schedules.at(v, step) for k, v in numbers.items()})
        for term, weight in terms:
            total = total - schedules.at(weight, step) * term(draw)
        return total

    return value


def corruption(spec: Spec) -> Callable[[Tensor, torch.Generator | None], Tensor] | None:
    """Return what the encoder sees instead of x, or None for x itself."""
    if spec.corruption is None:
        return None
    function = _choose(spec.corruption.get("kind"), CORRUPTIONS, "corruption")
    numbers = {k: v for k, v in spec.corruption.items() if k != "kind"}
    return lambda x, generator: function(x, generator, **numbers)
