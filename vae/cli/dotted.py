"""Dotted names of a spec on a command line: `objective.beta`, or as the options call it, `beta`."""

from collections.abc import Sequence
from typing import Any

from vae.cli.spec_options import SHORT
from vae.spec import SpecError, varied
from vae.spec.varied import KIND, VARIED


def name_of(word: str) -> str:
    """Return the dotted name of what options call `lr`, `beta`, `prior` or `prior-components`; others as they are."""
    if word in VARIED:
        return word
    plain = {name.removesuffix(f".{KIND}").removeprefix("terms."): name for name in VARIED}
    flags = {name.replace(".", "-").replace("_", "-"): full for name, full in plain.items()}
    flags |= {short: flags[flag] for flag, short in SHORT.items()}
    return flags.get(word.replace("_", "-"), word)


def vary(words: Sequence[str]) -> dict[str, list[Any]]:
    """Return what is varied, by dotted name; raises SpecError."""
    found: dict[str, list[Any]] = {}
    for word in words:
        name, equals, values = word.partition("=")
        if not equals:
            raise SpecError(f"--vary {word}: give a name and values, such as objective.beta=0.5,1,2.")
        name = name_of(name)
        if name in found:
            raise SpecError(f"--vary {name} is there twice. Give all its values at once.")
        found[name] = [varied.read(name, value) for value in values.split(",") if value.strip()]
    return found


def dotted(name: str) -> str:
    """Return the dotted name of what the shell's options call `lr`, `beta` or `prior`; other names as they are."""
    flags = {known.removesuffix(f".{KIND}").removeprefix("terms."): known for known in VARIED}
    flags = {flag.replace(".", "-").replace("_", "-"): known for flag, known in flags.items()}
    flags |= {short: flags[flag] for flag, short in SHORT.items()}
    return name if name in VARIED else flags.get(name.replace("_", "-"), name)
