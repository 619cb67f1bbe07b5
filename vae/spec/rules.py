"""Which choices go together: what an objective and a gradient path ask of the rest of a spec. Without torch."""

from collections.abc import Callable, Mapping
from typing import Any

from vae.spec.heads import OBJECTIVES, PATHS, PRIORS, TERMS, Climb, Head, PriorHead, heads

Entries = Mapping[str, Any]


def _posterior(entries: Entries) -> Head:
    return heads(entries["posterior"])[entries["posterior"]["kind"]]


def _prior(entries: Entries) -> PriorHead | None:
    return None if entries["prior"] is None else PRIORS[entries["prior"]["kind"]]


def probabilistic(entries: Entries) -> bool:
    """Return whether q(z|x) has a density and there is a prior to hold it against: else there is no bound."""
    return _posterior(entries).density and entries["prior"] is not None


def closed_rate(entries: Entries) -> bool:
    """Return whether KL(q(z|x) || p(z)) is a closed form; else it is the mean over the samples."""
    prior = _prior(entries)
    return prior is not None and prior.factorised and _posterior(entries).closed


def _prior_is(entries: Entries, name: str) -> bool:
    prior = _prior(entries)
    return prior is not None and bool(getattr(prior, name))


# whether a spec has what an objective asks for, and what to say where it has not
NEEDS: dict[str, tuple[Callable[[Entries], bool], str]] = {
    "codebook": (lambda e: _posterior(e).codebook, "is about a codebook: it needs the posterior quantised."),
    "density": (
        probabilistic,
        "needs a prior and a posterior with a density; this autoencoder has none. Use the objective 'reconstruction', "
        "or a normal posterior with a prior.",
    ),
    "closed_rate": (
        closed_rate,
        "needs a rate in closed form: the posterior normal, laplace or full_normal, and the prior standard_normal.",
    ),
    "factorised_posterior": (
        lambda e: _posterior(e).factorised,
        "compares the latent dimensions: the posterior has to factorise over them, as normal and laplace do.",
    ),
    "factorised_prior": (
        lambda e: _prior_is(e, "factorised"),
        "compares the latent dimensions: the prior has to factorise over them, as standard_normal does.",
    ),
    "reparametrised_prior": (
        lambda e: _prior_is(e, "reparametrised"),
        "compares with samples of the prior, which here carry no gradient: use standard_normal or flow.",
    ),
}


def _entry_problem(what: str, entry: Entries, table: Mapping[str, Climb], entries: Entries) -> str:
    kind = entry.get("kind")
    if not isinstance(kind, str) or kind not in table:
        return f"unknown {what} {kind!r}; choose one of {sorted(table)}"
    known, path = table[kind].numbers, entries["path"]
    if unknown := sorted(set(entry) - {"kind"} - set(known)):
        return f"{what} {kind} has no {unknown}; it knows {sorted(known)}"
    for need in table[kind].needs:
        holds, message = NEEDS[need]
        if not holds(entries):
            return f"{kind} {message}"
    if path in PATHS and path not in table[kind].paths:
        return f"{kind} cannot take the gradient path {path}; choose one of {list(table[kind].paths)}"
    return ""


def problem(entries: Entries) -> str:
    """Return why a spec's entries (`vars(spec)`) cannot be climbed, in a sentence, or ""."""
    path = entries["path"]
    found = [_entry_problem("objective", entries["objective"], OBJECTIVES, entries)]
    found += [_entry_problem("term", term, TERMS, entries) for term in entries.get("terms", ())]
    if any(found):
        return next(filter(None, found))
    if path not in PATHS:
        return f"unknown gradient path {path!r}; choose one of {sorted(PATHS)}"
    if PATHS[path].density and not probabilistic(entries):
        return f"the gradient path {path} needs a posterior with a density; use reparametrised"
    if entries["samples"] < PATHS[path].least:
        return f"the gradient path {path} needs samples of at least {PATHS[path].least}, not {entries['samples']}"
    return ""
