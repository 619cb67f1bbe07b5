"""What is wrong with a spec, in sentences: refused before a trainer starts, by the tables of vae.spec.choices."""

from collections.abc import Callable, Mapping
from typing import Any

from vae.spec import PRESETS, Spec, SpecError
from vae.spec import rules as compose
from vae.spec.choices import CHOICES, NUMBERS, OBJECTIVES, PATHS, POSTERIORS, ROLES, TERMS
from vae.spec.fields import any_of, show


def _kind_problems(role: str, chosen: Any) -> list[str]:
    title, _, table = (ROLES | {"terms": ("Term", "", TERMS)})[role]
    if not isinstance(chosen, Mapping):
        return [f'{title} must be an object such as {{"kind": "{next(iter(table))}"}}, not {show(chosen)}.']
    kind = chosen.get("kind")
    if not isinstance(kind, str) or kind not in table:
        return [f"{title}: there is no {show(kind)}. Choose {any_of(table)}."]
    options = table[kind].options
    found = [
        f"{table[kind].title} has no option {show(name)}. It knows {any_of(options) if options else 'none'}."
        for name in chosen
        if name != "kind" and name not in options
    ]
    return found + [p for name, option in options.items() if name in chosen and (p := option.problem(chosen[name]))]


def problems(entries: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what is wrong with a spec's entries (`vars(spec)`): the entry's name, and why as a sentence."""
    found = []
    for name, table in (("preset", PRESETS), ("path", PATHS)):
        if entries[name] not in list(table):
            found.append((name, f"There is no {name} {show(entries[name])}. Choose {any_of(table)}."))
    given = [term.get("kind") for term in entries.get("terms", ()) if isinstance(term, Mapping)]
    for name in [name for name in TERMS if given.count(name) > 1]:
        found.append(("terms", f"{TERMS[name].title} is there {given.count(name)} times. Give it one weight."))
    for term in entries.get("terms", ()):
        found += [("terms", text) for text in _kind_problems("terms", term)]
    for role in ROLES:
        if entries[role] is not None or role not in ("decoder", "prior", "corruption"):
            found += [(role, text) for text in _kind_problems(role, entries[role])]
    checks: dict[str, Callable[[Any], str]] = {name: option.problem for name, option in (NUMBERS | CHOICES).items()}
    found += [(name, text) for name, problem in checks.items() if (text := problem(entries[name]))]
    if found:
        return found
    posterior, objective = POSTERIORS[entries["posterior"]["kind"]], OBJECTIVES[entries["objective"]["kind"]]
    if not posterior.density and entries["prior"] is not None:
        found.append(("prior", "An autoencoder's points have no density to hold against a prior. Set prior to null."))
    if objective.density and not compose.probabilistic(entries):
        without = "a prior" if posterior.density else "a posterior with a density"
        found.append(
            ("objective", f"{objective.title} needs {without}. Choose reconstruction, or another posterior and prior.")
        )
    if entries["posterior"]["kind"] == "quantised":
        size = entries["posterior"].get("size", posterior.options["size"].default)
        if entries["latent"] % size:
            found.append(
                (
                    "posterior",
                    f"{entries['latent']} latents cannot be cut into codes of {size}. Choose a size that divides them.",
                )
            )
    if not found and (text := compose.problem(entries)):
        found.append(("objective", f"{text[0].upper()}{text[1:].removesuffix('.')}."))
    return found


def check(spec: Spec) -> None:
    """Raise SpecError, with all reasons, where a spec chooses what does not exist or numbers out of bounds."""
    if found := problems(vars(spec)):
        raise SpecError(" ".join(text for _, text in found))
