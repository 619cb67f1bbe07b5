"""Check a spec's entries. Spec raises these problems at once; without the check, torch would fail during training."""

from collections.abc import Callable, Mapping
from typing import Any

from vae.spec import plans, rules
from vae.spec.choices import CHOICES, NUMBERS, PATHS, POSTERIORS, PRIORS, ROLES, TERM, TERMS
from vae.spec.fields import LARGEST_LABEL, Scalar, any_of, show
from vae.spec.kinds import Role
from vae.spec.layers import NetworkError
from vae.spec.presets import PRESETS

Entries = Mapping[str, Any]
Problem = tuple[str, str]  # the entry, and what is wrong with it as a sentence

CLASSES = Scalar("The number of labels", "", 10, 1, LARGEST_LABEL, whole=True)
CONDITION = {"kind": "labels", "classes": 10, "prior": False}


def _kind_problems(role: Role, chosen: Any) -> list[str]:
    table = role.kinds
    if not isinstance(chosen, Mapping):
        return [f'{role.title} must be an object such as {{"kind": "{next(iter(table))}"}}, not {show(chosen)}.']
    kind = chosen.get("kind")
    if not isinstance(kind, str) or kind not in table:
        return [f"{role.title}: there is no {show(kind)}. Choose {any_of(table)}."]
    title, options = table[kind].title, table[kind].options
    found = [
        f"{title} has no option {show(name)}. It knows {any_of(options)}."
        if options
        else f"{title} has no option {show(name)}. It knows none."
        for name in chosen
        if name != "kind" and name not in options
    ]
    return found + [p for name, option in options.items() if name in chosen and (p := option.problem(chosen[name]))]


def _terms(entries: Entries) -> list[str]:
    terms = entries["terms"]
    if not isinstance(terms, tuple):
        return [f"Terms must be a list of objects, not {show(terms)}."]
    found = [text for term in terms for text in _kind_problems(TERM, term)]
    if found:
        return found
    given = [term["kind"] for term in terms]
    return [
        f"{kind.title} is there {given.count(name)} times. Give it one weight."
        for name, kind in TERMS.items()
        if given.count(name) > 1
    ]


def _shape(entries: Entries) -> list[str]:
    shape = entries["shape"]
    sizes = isinstance(shape, tuple) and all(isinstance(s, int) and not isinstance(s, bool) and s > 0 for s in shape)
    return [] if sizes and shape else [f"The shape must hold positive whole numbers, not {show(shape)}."]


def _condition(entries: Entries) -> list[str]:
    condition = entries["condition"]
    if condition is None:
        return []
    if not isinstance(condition, Mapping) or condition.get("kind") != "labels" or set(condition) - set(CONDITION):
        return [f"The condition must be null or an object such as {CONDITION}, not {show(condition)}."]
    if found := CLASSES.problem(condition.get("classes", CONDITION["classes"])):
        return [found]
    prior = entries["prior"] and PRIORS[entries["prior"]["kind"]]
    if prior and prior.no_labels:
        return [f"{prior.title} {prior.no_labels}: it cannot be conditioned on labels. Choose another prior."]
    if condition.get("prior") and not (prior and prior.by_label):
        able = any_of([name for name, kind in PRIORS.items() if kind.by_label])
        return [f"A prior for each label needs the prior {able}."]
    return []


def _together(entries: Entries) -> list[Problem]:
    """Return the problems of entries that are each valid but cannot be combined."""
    posterior = POSTERIORS[entries["posterior"]["kind"]]
    if not posterior.density and entries["prior"] is not None:
        return [("prior", "The points of an autoencoder have no density, so it has no prior. Set prior to null.")]
    for name, table in (("posterior", POSTERIORS), ("prior", PRIORS)):
        kind = table[entries[name]["kind"]] if entries[name] is not None else None
        if kind is not None and entries["latent"] < kind.least_latents:
            words = (
                f"A {name} of couplings needs {kind.least_latents} latents or more, not {entries['latent']}: with one, "
                "there is no second latent that could bend it, and it can only be a Normal. Choose a Normal, or more "
                "latents."
            )
            return [(name, words)]
    if posterior.codebook and entries["latent"] % (size := posterior.filled(entries["posterior"])["size"]):
        words = f"{entries['latent']} latents cannot be cut into codes of {size}. Choose a size that divides them."
        return [("posterior", words)]
    if text := rules.problem(entries):
        return [("objective", text)]
    for name, plan in (("encoder", plans.encoder), ("decoder", plans.decoder)):
        try:
            plan(entries)
        except NetworkError as error:
            text = str(error)
            return [(name, f"{text[:1].upper()}{text[1:]}.")]
    return []


def problems(entries: Entries) -> list[Problem]:
    """Return the problems of a spec's entries (`vars(spec)`), each as the entry's name and a sentence."""
    found: list[Problem] = []
    if not isinstance(entries["data"], str):
        found.append(("data", f"Data must be the name of a dataset, not {show(entries['data'])}."))
    for name, table in (("preset", PRESETS), ("path", PATHS)):
        if entries[name] not in list(table):
            found.append((name, f"There is no {name} {show(entries[name])}. Choose {any_of(table)}."))
    found += [("terms", text) for text in _terms(entries)]
    for name, role in ROLES.items():
        if entries[name] is not None or not role.optional:
            found += [(name, text) for text in _kind_problems(role, entries[name])]
    checks: dict[str, Callable[[Any], str]] = {name: option.problem for name, option in (NUMBERS | CHOICES).items()}
    found += [(name, text) for name, problem in checks.items() if (text := problem(entries[name]))]
    found += [("shape", text) for text in _shape(entries)]
    if not found:
        found += [("condition", text) for text in _condition(entries)]
    return found or _together(entries)
