"""From a spec to torch objects: the only place where names become functions."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from vae import heads, networks, schedules
from vae.families import FAMILIES
from vae.model import Conditional, Draw, LatentModel
from vae.objectives import CORRUPTIONS, OBJECTIVES, TERMS, Objective
from vae.paths import PATHS
from vae.priors import PRIORS
from vae.spec import Spec, SpecError, head


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
        prior = None if spec.prior is None else _make(spec.prior, PRIORS, "prior", encoder, spec.latent, spec.shape)
    return LatentModel(prior, decoder, encoder)


# what objectives ask for (see objectives.asks): whether a spec has it, and what to say where it has not
NEEDS: dict[str, tuple[Callable[[Spec], bool], str]] = {
    "density": (
        lambda s: s.probabilistic,
        "needs a prior and a posterior with a density; this autoencoder has none. Use the objective 'reconstruction', "
        "or a normal posterior with a prior.",
    ),
    "closed_rate": (
        lambda s: s.closed_rate,
        "needs a rate in closed form: the posterior normal, laplace or full_normal, and the prior standard_normal",
    ),
    "factorised_posterior": (
        lambda s: head(s.posterior).factorised,
        "compares the latent dimensions: the posterior has to factorise over them, as normal and laplace do",
    ),
    "factorised_prior": (
        lambda s: s.prior is not None and heads.PRIORS[s.prior["kind"]].factorised,
        "compares the latent dimensions: the prior has to factorise over them, as standard_normal does",
    ),
    "reparametrised_prior": (
        lambda s: s.prior is not None and heads.PRIORS[s.prior["kind"]].reparametrised,
        "compares with samples of the prior, which here carry no gradient: use standard_normal or flow",
    ),
}


def _function(entry: dict[str, Any], table: dict[str, Any], what: str, spec: Spec) -> Callable[[Draw, int], Tensor]:
    """Return an objective or a term of a Draw and the step; raises SpecError where the spec cannot have it."""
    kind = entry.get("kind")
    function = _choose(kind, table, what)
    numbers = {k: v for k, v in entry.items() if k not in ("kind", "weight" if table is TERMS else "")}
    known = set(function.__annotations__) - {"draw", "return"}
    if set(numbers) - known:
        raise SpecError(f"{what} {kind} has no {sorted(set(numbers) - known)}; it knows {sorted(known)}")
    for need in function.needs:
        holds, message = NEEDS[need]
        if not holds(spec):
            raise SpecError(f"{kind} {message}")
    if spec.path not in function.paths:
        raise SpecError(f"{kind} cannot take the gradient path {spec.path}; choose one of {list(function.paths)}")
    return lambda draw, step: function(draw, **{k: schedules.at(v, step) for k, v in numbers.items()})


def _check_path(spec: Spec) -> None:
    path = _choose(spec.path, PATHS, "gradient path")
    if path.density and not spec.probabilistic:
        raise SpecError(f"the gradient path {spec.path} needs a posterior with a density; use reparametrised")
    if spec.samples < path.least:
        raise SpecError(f"the gradient path {spec.path} needs samples of at least {path.least}, not {spec.samples}")


def objective(spec: Spec) -> Objective:
    """Return the spec's objective minus its weighed terms, a function of a Draw and the step; raises SpecError if the
    model cannot have it."""
    _check_path(spec)
    climbed = _function(spec.objective, OBJECTIVES, "objective", spec)
    terms = [(_function(t, TERMS, "term", spec), heads.TERMS[t["kind"]] | t) for t in spec.terms]

    def value(draw: Draw, step: int) -> Tensor:
        total = climbed(draw, step)
        for term, entry in terms:
            total = total - schedules.at(entry["weight"], step) * term(draw, step)
        return total

    return value


def couples_batch(spec: Spec) -> bool:
    """Return whether the objective compares a batch's examples with each other."""
    return bool(getattr(OBJECTIVES.get(str(spec.objective.get("kind"))), "couples_batch", False))


def corruption(spec: Spec) -> Callable[[Tensor, torch.Generator | None], Tensor] | None:
    """Return what the encoder sees instead of x, or None for x itself."""
    if spec.corruption is None:
        return None
    function = _choose(spec.corruption.get("kind"), CORRUPTIONS, "corruption")
    numbers = {k: v for k, v in spec.corruption.items() if k != "kind"}
    return lambda x, generator: function(x, generator, **numbers)
