"""The kinds that a spec can choose: a table for each role (prior, likelihood, ...), an entry for each kind. No torch.

To add a prior, a likelihood, an objective, a gradient path or a penalty, write its class or function in vae.model and
its entry in the table here: the form, the command line, the checks, the formulas and the estimate of time follow.
"""

from collections.abc import Mapping
from typing import Any

from vae.spec.choices.corruptions import CORRUPTIONS
from vae.spec.choices.likelihoods import LIKELIHOODS
from vae.spec.choices.networks import NETWORKS
from vae.spec.choices.numbers import CHOICES, NUMBERS
from vae.spec.choices.objectives import OBJECTIVES
from vae.spec.choices.paths import PATHS
from vae.spec.choices.posteriors import POSTERIORS
from vae.spec.choices.priors import PRIORS
from vae.spec.choices.terms import TERMS
from vae.spec.kinds import Role

ROLES = {
    "encoder": Role("Network", "The network of the encoder; the decoder mirrors it.", NETWORKS),
    "decoder": Role("Decoder network", "The network of the decoder.", NETWORKS, optional=True),
    "likelihood": Role(
        "Likelihood p(x|z)", "The distribution of an image around the decoder's output: p(x|z).", LIKELIHOODS
    ),
    "posterior": Role("Approximate posterior q(z|x)", "The encoder's distribution over z for one image.", POSTERIORS),
    "prior": Role(
        "Prior p(z)", "The distribution from which z is drawn when the model generates an image.", PRIORS, optional=True
    ),
    "objective": Role("Objective", "What training maximises, in nats per example.", OBJECTIVES),
    "corruption": Role("Corruption", "What is done to the image that the encoder sees.", CORRUPTIONS, optional=True),
}
TERM = Role("Term", "A penalty that is subtracted from the objective.", TERMS, optional=True)

__all__ = [
    "CHOICES", "CORRUPTIONS", "LIKELIHOODS", "NETWORKS", "NUMBERS", "OBJECTIVES", "PATHS", "POSTERIORS", "PRIORS",
    "ROLES", "TERM", "TERMS", "of", "plain",
]  # fmt: skip


def of(role: str, entry: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return an entry with all its options, defaults included, so that entries with the same meaning compare equal."""
    if entry is None:
        return None
    kind = (TERM if role == "terms" else ROLES[role]).kinds[entry["kind"]]
    return {"kind": entry["kind"]} | {name: plain(value) for name, value in kind.filled(entry).items()}


def plain(value: Any) -> Any:
    """Return a number, schedule or list of sizes in a normal form: values with the same meaning compare equal."""
    if isinstance(value, Mapping):
        return {"warmup": 0, **value}
    return list(value) if isinstance(value, tuple) else value
