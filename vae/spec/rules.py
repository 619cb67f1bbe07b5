"""Which choices can be combined: the requirements of objectives, terms and gradient paths. No torch."""

from collections.abc import Callable, Mapping
from typing import Any

from vae.spec.choices import OBJECTIVES, PATHS, POSTERIORS, PRIORS, TERMS
from vae.spec.fields import any_of
from vae.spec.kinds import Kind, Objective, Posterior, Prior, Term

Entries = Mapping[str, Any]

# (q, p) by the distributions that posteriors and priors make: KL(q || p) is a closed form. torch.distributions.kl knows
# all but that of the full Normal, which vae.model.families.full_normal adds; a test compares the table with torch.
CLOSED_RATES = frozenset(
    {
        ("normal", "normal"),
        ("normal", "laplace"),
        ("laplace", "normal"),
        ("laplace", "laplace"),
        ("full_normal", "normal"),
    }
)


def _posterior(entries: Entries) -> Posterior:
    return POSTERIORS[entries["posterior"]["kind"]]


def _prior(entries: Entries) -> Prior | None:
    return None if entries["prior"] is None else PRIORS[entries["prior"]["kind"]]


def probabilistic(entries: Entries) -> bool:
    """Return whether q(z|x) has a density and there is a prior; otherwise there is no bound on log p(x)."""
    return _posterior(entries).density and entries["prior"] is not None


def closed_rate(entries: Entries) -> bool:
    """Return whether KL(q(z|x) || p(z)) has a closed form; otherwise it is the mean over the samples."""
    prior = _prior(entries)
    return prior is not None and (_posterior(entries).distribution, prior.distribution) in CLOSED_RATES


def by_label(entries: Entries) -> bool:
    """Return whether the prior has a mean and sigma for each label."""
    return bool(entries["condition"] and entries["condition"].get("prior"))


def standard_prior(entries: Entries) -> bool:
    """Return whether the prior is N(0, I) for every example."""
    prior = _prior(entries)
    return probabilistic(entries) and prior is not None and prior.standard and not by_label(entries)


def other_prior(entries: Entries) -> str:
    """Return how the prior differs from N(0, I), to follow "the prior" ("is learned"), or "" if it is N(0, I)."""
    prior = _prior(entries)
    if prior is None or standard_prior(entries):
        return ""
    if by_label(entries):
        return "differs from label to label"
    return "is learned" if prior.learned else f"is {prior.title}, not N(0, I)"


def _prior_is(entries: Entries, name: str) -> bool:
    prior = _prior(entries)
    return prior is not None and bool(getattr(prior, name))


def _names(table: Mapping[str, Kind], fits: Callable[[Any], bool]) -> str:
    return any_of([name for name, kind in table.items() if fits(kind)])


def _closed(name: str, which: int) -> bool:
    return any(pair[which] == name for pair in CLOSED_RATES)


# whether a spec has what an objective needs, and what to say where it has not
NEEDS: dict[str, tuple[Callable[[Entries], bool], Callable[[str], str]]] = {
    "codebook": (
        lambda e: _posterior(e).codebook,
        lambda name: f"{name} is about a codebook: it needs the posterior {_names(POSTERIORS, lambda q: q.codebook)}.",
    ),
    "density": (
        probabilistic,
        lambda name: (
            f"{name} needs a prior and a posterior with a density; this autoencoder has none. Use the objective "
            f"{_names(OBJECTIVES, lambda o: not o.density)}, or a posterior with a density and a prior."
        ),
    ),
    "closed_rate": (
        closed_rate,
        lambda name: (
            f"{name} needs a rate in closed form. Use the posterior "
            f"{_names(POSTERIORS, lambda q: _closed(q.distribution, 0))}, and the prior "
            f"{_names(PRIORS, lambda p: _closed(p.distribution, 1))}."
        ),
    ),
    "factorised_posterior": (
        lambda e: _posterior(e).factorised,
        lambda name: (
            f"{name} compares the latent dimensions: it needs a posterior that factorises over them, which is "
            f"{_names(POSTERIORS, lambda q: q.factorised and q.density)}."
        ),
    ),
    "factorised_prior": (
        lambda e: _prior_is(e, "factorised"),
        lambda name: (
            f"{name} compares the latent dimensions: it needs a prior that factorises over them, which is "
            f"{_names(PRIORS, lambda p: p.factorised)}."
        ),
    ),
    "reparametrised_prior": (
        lambda e: _prior_is(e, "reparametrised"),
        lambda name: (
            f"{name} compares with samples of the prior, and this one's carry no gradient. Use the prior "
            f"{_names(PRIORS, lambda p: p.reparametrised)}."
        ),
    ),
}


def _unfit(kind: Objective | Term, entries: Entries) -> str:
    """Return why an objective or a term cannot be combined with the other entries, or ""."""
    for need in kind.needs:
        holds, message = NEEDS[need]
        if not holds(entries):
            return message(kind.title)
    if entries["path"] not in kind.paths:
        return f"{kind.title} cannot take the gradient path {entries['path']}. Choose {any_of(kind.paths)}."
    return ""


def problem(entries: Entries) -> str:
    """Return why the choices of a spec (`vars(spec)`) cannot be combined, in sentences, or ""."""
    chosen: list[Objective | Term] = [
        OBJECTIVES[entries["objective"]["kind"]],
        *(TERMS[term["kind"]] for term in entries["terms"]),
    ]
    for kind in chosen:
        if found := _unfit(kind, entries):
            return found
    path = PATHS[entries["path"]]
    if path.density and not probabilistic(entries):
        return f"The gradient path {entries['path']} needs a posterior with a density. Use reparametrised."
    if entries["samples"] < path.least:
        return f"The gradient path {entries['path']} needs samples of at least {path.least}, not {entries['samples']}."
    return ""


def fits(entries: Entries, changes: Entries) -> bool:
    """Return whether the entries with these changes can be combined."""
    return not problem({**entries, **changes})
