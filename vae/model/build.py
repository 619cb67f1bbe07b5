"""Build torch objects from a spec; the only module that turns a spec's names into code."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from vae.model import networks
from vae.model.latent_model import Conditional, Draw, LatentModel
from vae.model.objectives import Objective
from vae.spec import Spec, SpecError, schedules
from vae.spec.choices import CORRUPTIONS, TERMS
from vae.spec.kinds import Kind


def _made(kind: Kind, entry: dict[str, Any], *arguments: Any) -> Any:
    try:
        return kind.load()(*arguments, **{name: value for name, value in entry.items() if name != "kind"})
    except (TypeError, ValueError) as error:
        raise SpecError(f"{kind.title}: {error}") from error


def _prior(spec: Spec, encoder: Conditional) -> nn.Module | None:
    kind = spec.prior_kind
    if kind is None or spec.prior is None:
        return None
    if spec.condition is not None and spec.condition.get("prior"):
        made: nn.Module = kind.load_by_label()(spec.latent, spec.labels)
    else:
        made = _made(kind, spec.prior, encoder, spec.latent, spec.shape)
    return made


def model(spec: Spec) -> LatentModel:
    """Return the spec's model with weights drawn from its seed; torch's global generator is unchanged."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(spec.seed)
        posterior = _made(spec.posterior_kind, spec.posterior, (spec.latent,))
        likelihood = _made(spec.likelihood_kind, spec.likelihood, spec.shape)
        encoder = Conditional(networks.build(spec.encoder_layers()), posterior, len(spec.shape))
        decoder = Conditional(networks.build(spec.decoder_layers()), likelihood, 1)
        prior = _prior(spec, encoder)
    return LatentModel(prior, decoder, encoder)


def objective(spec: Spec) -> Objective:
    """Return the spec's objective minus its weighted terms, as a function of a Draw and the step."""
    maximised, numbers = spec.objective_kind.load(), spec.objective_kind.filled(spec.objective)
    terms = [(kind.load(), kind.filled(term)["weight"]) for term in spec.terms for kind in [TERMS[term["kind"]]]]

    def value(draw: Draw, step: int) -> Tensor:
        total: Tensor = maximised(draw, **{name: schedules.at(number, step) for name, number in numbers.items()})
        for term, weight in terms:
            total = total - schedules.at(weight, step) * term(draw)
        return total

    return value


def corruption(spec: Spec) -> Callable[[Tensor, torch.Generator | None], Tensor] | None:
    """Return the corruption of the encoder's input as a function, or None for no corruption."""
    if spec.corruption is None:
        return None
    kind = CORRUPTIONS[spec.corruption["kind"]]
    function, numbers = kind.load(), kind.filled(spec.corruption)
    return lambda x, generator: function(x, generator, **numbers)
