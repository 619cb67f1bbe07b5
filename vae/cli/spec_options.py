"""The options of `train` that form a spec, generated from the tables of vae.spec.choices.

The option of a role is named after both, `--prior-components`, and that of a penalty after its kind,
`--sparsity-weight`; some have a shorter name too.
"""

import argparse
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from vae.spec import SpecError, arguments, preset
from vae.spec.choices import CHOICES, NUMBERS, PATHS, ROLES, TERM, TERMS
from vae.spec.fields import Choice, Option, Scalar, Sizes

SHORT = {
    "encoder": "net",
    "encoder-widths": "widths",
    "encoder-channels": "channels",
    "encoder-activation": "activation",
    "likelihood-sigma": "sigma",
    "objective-beta": "beta",
    "learning-rate": "lr",
}
PLAIN: dict[str, Option] = {**NUMBERS, **CHOICES}  # the single fields of a spec
NONE = "none"  # the value instead of a kind that removes the part from the spec
_USUAL = vars(preset("vae"))  # the kinds that most presets have


def add_spec_options(parser: argparse.ArgumentParser) -> None:
    """Add an option to a parser for each number, choice and kind of a spec, and for each option of a kind."""
    numbers = parser.add_argument_group(
        "numbers and choices", "what is not given is what the preset has on these data, the same as in the app"
    )
    for name, option in PLAIN.items():
        _add(numbers, name, _words(option), option)
    numbers.add_argument(
        "--path", choices=list(PATHS), help=_kinds("How the gradient is estimated.", PATHS, next(iter(PATHS)))
    )
    for name, role in ROLES.items():
        kinds = {word: kind for word, kind in role.kinds.items() if kind.by_hand}
        group = parser.add_argument_group(role.title, role.sentence)
        known = [*kinds, NONE] if role.optional else list(kinds)
        usual = _USUAL[name]["kind"] if _USUAL[name] else NONE
        group.add_argument(*_flags(name), dest=name, choices=known, help=_kinds(role.sentence, kinds, usual))
        for key in dict.fromkeys(key for kind in kinds.values() for key in kind.options):
            having = {word: kind.options[key] for word, kind in kinds.items() if key in kind.options}
            _add(group, f"{name}-{key}", _by_kind(having), *having.values())
    penalties = parser.add_argument_group("Penalties", TERM.sentence)
    for name, kind in TERMS.items():
        for key, option in kind.options.items():
            _add(penalties, f"{name}-{key}", f"{kind.title}: {kind.sentence} {_words(option)}", option)


def chosen(given: argparse.Namespace) -> dict[str, Any]:
    """Return the numbers and choices given on a command line, by their names in a spec; raises SpecError."""
    found = {name: getattr(given, name) for name in (*PLAIN, "path") if getattr(given, name) is not None}
    for name, option in PLAIN.items():
        if name in found and (problem := option.problem(found[name])):
            raise SpecError(f"--{_flags(name)[-1].removeprefix('--')}: {problem}")
    return found


def options_of(given: argparse.Namespace, role: str) -> dict[str, Any]:
    """Return a role's options given on a command line, by their names in a spec."""
    names = {name for kind in ROLES[role].kinds.values() if kind.by_hand for name in kind.options}
    return {name: value for name in names if (value := getattr(given, f"{role}_{name}")) is not None}


def entry(given: argparse.Namespace, role: str, usual: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return a role's entry in the spec: the given kind, or else the `usual` entry, with the given options.

    Raises SpecError for options of a part that the spec does not have.
    """
    kind, options = getattr(given, role), options_of(given, role)
    start = None if kind == NONE else {"kind": kind} if kind is not None else usual
    if start is None and options:
        raise SpecError(f"There is no {role} that {', '.join(sorted(options))} could belong to: add --{role} KIND.")
    return None if start is None else {**start, **options}


def terms(given: argparse.Namespace, usual: Sequence[Mapping[str, Any]]) -> tuple[dict[str, Any], ...]:
    """Return the `usual` penalties with the options given on a command line, and the other given penalties."""
    found = {term["kind"]: dict(term) for term in usual}
    for name, kind in TERMS.items():
        options = {key: value for key in kind.options if (value := getattr(given, f"{name}_{key}")) is not None}
        if options:
            found[name] = {**found.get(name, {"kind": name}), **options}
    return tuple(found.values())


def _flags(name: str) -> list[str]:
    name = name.replace("_", "-")
    return [f"--{name}", *([f"--{SHORT[name]}"] if name in SHORT else [])]


def _add(group: argparse._ArgumentGroup, name: str, text: str, *options: Option) -> None:
    metavar = "TEXT" if isinstance(options[0], Choice) else "SIZES" if isinstance(options[0], Sizes) else "NUMBER"
    choices = options[0].choices if isinstance(options[0], Choice) else None
    group.add_argument(
        *_flags(name), dest=name.replace("-", "_"), type=_reader(options[0]), help=text.replace("%", "%%"),
        **({"choices": choices} if choices else {"metavar": metavar}),
    )  # fmt: skip


def _reader(option: Option) -> Any:
    if isinstance(option, Scalar):
        return partial(arguments.number, option.whole)  # checked with the others, as its bounds may be its kind's
    return _sizes if isinstance(option, Sizes) else str


def _sizes(text: str) -> list[int | float | str]:
    return [arguments.number(True, part) for part in text.split(",")]


def _words(option: Option) -> str:
    """Return an option's sentence, its bounds, and what a preset that says nothing of it has."""
    value = ",".join(map(str, option.default)) if isinstance(option, Sizes) else option.default
    usual = f"usually {value:g}" if isinstance(value, float) else f"usually {'all' if value is None else value}"
    if isinstance(option, Scalar):
        off = "usually off" if value is None and option.above else usual
        return arguments.words(option, f"usually {option.recommended}" if option.recommended else off)
    bounds = f"{option.range}; " if isinstance(option, Sizes) else ""
    return f"{option.sentence} ({bounds}{usual})"


def _by_kind(options: Mapping[str, Option]) -> str:
    """Return an option's description for the kinds that have it, once if it is the same for all."""
    texts: dict[str, list[str]] = {}
    for kind, option in options.items():
        texts.setdefault(_words(option), []).append(kind)
    return " ".join(f"[{', '.join(kinds)}] {text}" for text, kinds in texts.items())


def _kinds(sentence: str, kinds: Mapping[str, Any], usual: str) -> str:
    """Return a table's kinds, each with its title and sentence, and the usual one."""
    listed = " ".join(f"[{name}] {kind.title}: {kind.sentence}" for name, kind in kinds.items())
    return f"{sentence} {listed} (usually {usual})".replace("%", "%%")
