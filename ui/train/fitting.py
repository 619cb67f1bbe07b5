"""Which choices go together: what is offered, and what a choice changes."""

from collections.abc import Mapping
from typing import Any

from ui.train.spec_fields import (
    CONSTANT,
    LABELS,
    NONE,
    Values,
    entry,
    judge,
    mirror,
    same,
    to_entries,
    to_values,
)
from vae import data
from vae.data.recommended import binarisations, covers, recommended
from vae.spec import PRESETS
from vae.spec import choices as options
from vae.spec import rules as compose
from vae.spec.choices import NUMBERS
from vae.spec.kinds import Kind


def _climbs(values: Values, **entries: Any) -> bool:
    """Return whether these entries can be trained with the chosen posterior and prior (see vae.spec.rules)."""
    without = not options.POSTERIORS[values["posterior"]].density or values["prior"] == NONE
    usual = {
        "posterior": {"kind": values["posterior"]},
        "prior": None if without else {"kind": values["prior"]},
        "objective": {"kind": values["objective"]},
        "path": next(iter(options.PATHS)),
        "samples": NUMBERS["samples"].high,  # `settle` raises them to what a path needs
        "terms": (),
    }
    return not compose.problem(usual | entries)


def _by_hand(table: Mapping[str, Kind], chosen: str) -> tuple[str, ...]:
    """Return the kinds that a form can describe, and the chosen one, which may have come with a model."""
    return tuple(name for name, kind in table.items() if kind.by_hand or name == chosen)


def offered(values: Values) -> dict[str, tuple[str, ...]]:
    """Return the choices of each role and of the binarisation; () hides the choice.

    Of objectives, paths and terms those that can be climbed: a posterior or prior may be any, and they follow it.
    """
    dataset = values["data"]
    density = options.POSTERIORS[values["posterior"]].density
    labels = values["condition"] == LABELS
    priors = tuple(name for name, kind in options.PRIORS.items() if not (labels and kind.no_labels))
    paths = tuple(name for name in options.PATHS if _climbs(values, path=name))
    images = data.describe(dataset).pixels
    networks = {name: kind for name, kind in options.NETWORKS.items() if images or not kind.images}
    fitting = binarisations(dataset, values["likelihood"])
    return {
        "encoder": _by_hand(networks, values["encoder"]),
        "decoder": () if values["mirrored"] else _by_hand(networks, values["decoder"]),
        "likelihood": tuple(
            kind for kind in _by_hand(options.LIKELIHOODS, values["likelihood"]) if covers(dataset, kind)
        ),
        "binarisation": fitting if len(fitting) > 1 else (),
        "posterior": _by_hand(options.POSTERIORS, values["posterior"]),
        "prior": (*priors, NONE) if density else (),
        "objective": tuple(name for name in options.OBJECTIVES if _climbs(values, objective={"kind": name})),
        "corruption": (NONE, *options.CORRUPTIONS),
        "path": paths if len(paths) > 1 else (),
        "terms": tuple(name for name in options.TERMS if _climbs(values, terms=({"kind": name},))),
        "condition": (NONE, LABELS) if data.describe(dataset).classes else (),
    }


def settle(values: Values) -> Values:
    """Return the values with each choice that no longer fits the others replaced by the first that does."""
    values = dict(values)
    for name in ("encoder", "decoder", "likelihood", "prior", "objective", "path"):
        kinds = offered(values)[name]
        if kinds and values[name] not in kinds:
            values[name] = kinds[0]
    choices = offered(values)
    if not choices["path"]:
        values["path"] = next(iter(options.PATHS))
    if not choices["condition"]:
        values["condition"] = NONE
    values["terms"] = [name for name in values["terms"] if name in choices["terms"]]
    least = options.PATHS[values["path"]].least
    if least > 1 and values["samples"] == 1:
        values["samples"] = least
    fitting = binarisations(values["data"], values["likelihood"])
    if values["binarisation"] not in fitting:
        values["binarisation"] = fitting[0]
    return values


def follow(values: Values, name: str) -> Values:
    """Return the values after a choice by hand has changed others: a fitting objective, its K, a schedule's ends."""
    values = dict(values)
    if name in ("posterior", "prior"):
        bound = options.POSTERIORS[values["posterior"]].density and values["prior"] != NONE
        if bound and not options.OBJECTIVES[values["objective"]].density:
            values["objective"] = next(o for o, kind in options.OBJECTIVES.items() if kind.density)
        # without the terms about it a codebook never moves
        about = [name for name, term in options.TERMS.items() if "codebook" in term.needs]
        if options.POSTERIORS[values["posterior"]].codebook and not set(about).intersection(values["terms"]):
            values["terms"] = [*values["terms"], *about]
    elif name == "objective":
        values["samples"] = options.OBJECTIVES[values["objective"]].samples
    elif name == "likelihood":
        binary = options.LIKELIHOODS[values["likelihood"]].binary
        values["binarisation"] = "dynamic" if binary else "none"
    elif name == "mirrored" and not values["mirrored"]:
        mirror(values)
    elif name.endswith("_shape") and values[name] != CONSTANT:
        number = name.removesuffix("_shape")
        start, stop = values[f"{number}_start"], values[f"{number}_stop"]
        if start == stop == 0:  # never used: a rate decays from what it was, anything else grows to it
            end = "start" if number == "learning_rate" else "stop"
            values[f"{number}_{end}"] = values[number]
    return settle(values)


def changed(values: Values) -> list[str]:
    """Return the entries that differ from the recommendation for this preset and data."""
    entries, usual = to_entries(values), recommended(values["preset"], values["data"])
    return [name for name, value in entries.items() if not same(name, value, getattr(usual, name))]


def carry(values: Values, old: tuple[str, str], new: tuple[str, str]) -> Values:
    """Return the values for another (preset, data), keeping what was changed by hand where it still fits.

    What the new preset is about (a β-VAE's objective, an autoencoder's posterior) is taken from it.
    """
    before, after = to_values(recommended(*old)), to_values(recommended(*new))
    base = recommended(*new)
    about = set(PRESETS[new[0]].entries) if old[0] != new[0] else set()
    for name, value in values.items():
        if name in ("data", "preset") or entry(name) in about or value == before[name]:
            continue
        trial = settle({**after, name: value})
        if trial[name] != value:
            continue  # not offered any more
        spec, found = judge(trial, base)
        if spec is not None and all(where == "data" for where, _ in found):
            after = trial
    return after
