"""A spec's entries by dotted names, as spec.json nests them: `latent`, `objective.beta`, `prior.kind`.

What can be varied between the runs of a sweep is read from the tables of vae.spec.choices: each number, choice and
kind, and each option of a kind. A penalty's option is `terms.KIND.OPTION`.
"""

import difflib
from collections.abc import Mapping
from typing import Any

from vae.spec import arguments, check, choices
from vae.spec.choices import CHOICES, NUMBERS, PATHS, ROLES, TERMS
from vae.spec.fields import Choice, Layers, Option, Scalar, Sizes, any_of
from vae.spec.spec import Spec, SpecError

KIND, NONE = "kind", "none"  # `prior.kind` chooses the kind; "none" leaves a part out that can be absent
SEED = "seed"  # the seeds of a sweep are counted beside what it varies
SUGGESTED = 3


def _options() -> dict[str, tuple[Option, ...]]:
    """Return the options behind each dotted name: one for each kind that has an option of the name."""
    found: dict[str, list[Option]] = {}
    plain: dict[str, Option] = {**NUMBERS, **CHOICES}
    found |= {name: [option] for name, option in plain.items() if name != SEED}
    first = next(iter(PATHS))
    found["path"] = [Choice("Gradient path", "How the gradient is estimated.", first, tuple(PATHS))]
    for name, role in ROLES.items():
        kinds = {word: kind for word, kind in role.kinds.items() if kind.by_hand}
        words = (*kinds, NONE) if role.optional else tuple(kinds)
        found[f"{name}.{KIND}"] = [Choice(role.title, role.sentence, words[0], words)]
        for kind in kinds.values():
            for key, option in kind.options.items():
                if not isinstance(option, Layers):
                    found.setdefault(f"{name}.{key}", []).append(option)
    for word, term in TERMS.items():
        for key, option in term.options.items():
            found[f"terms.{word}.{key}"] = [option]
    return {name: tuple(options) for name, options in found.items()}


VARIED = _options()


def options(name: str) -> tuple[Option, ...]:
    """Return the options behind a dotted name, one for each kind that has it; raises SpecError for an unknown name."""
    if name in VARIED:
        return VARIED[name]
    if name == SEED:
        raise SpecError("Seeds are counted beside what is varied: give their number.")
    near = difflib.get_close_matches(name[:80], VARIED, SUGGESTED, 0.5)
    if near:
        raise SpecError(f"There is nothing {name[:80]!r} that can be varied. Did you mean {any_of(near)}?")
    raise SpecError(
        f"There is nothing {name[:80]!r} that can be varied. Names are as in spec.json, such as latent or "
        "objective.beta."
    )


def read(name: str, text: str) -> Any:
    """Return the value of a dotted name from text; sizes are joined by dashes (256-128). Bounds are checked later."""
    found, text = options(name), text.strip()
    if isinstance(found[0], Sizes):
        return [arguments.number(True, part) for part in text.split("-")]
    if isinstance(found[0], Scalar):
        if text == NONE and any(isinstance(option, Scalar) and option.optional for option in found):
            return None
        return arguments.number(all(isinstance(option, Scalar) and option.whole for option in found), text)
    return text


def written(value: Any) -> str:
    """Return a value as text, such that `read` gives it back; a schedule in words."""
    if isinstance(value, Mapping):
        words = f"{value['start']:g} → {value['stop']:g} ({value['schedule']}, {value['steps']:,} steps"
        return words + (f", warm-up {value['warmup']:,})" if value.get("warmup") else ")")
    if isinstance(value, list | tuple):
        return "-".join(map(str, value))
    if isinstance(value, float):
        return f"{value:.12g}"
    return NONE if value is None else str(value)


def changed(entries: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a spec's entries (`vars(spec)`) with other values by dotted name; kinds first, as options belong to them.

    Raises SpecError for an option of a part that is absent. Nothing else is checked: Spec does.
    """
    made = dict(entries)
    for name in sorted(values, key=lambda name: not name.endswith(f".{KIND}")):
        value, (part, _, option) = values[name], name.partition(".")
        options(name)
        if not option:
            made[part] = value
        elif part == "terms":
            kind, _, key = option.partition(".")
            made[part] = _term(made[part], kind, key, value)
        elif option == KIND:
            same = made[part] is not None and made[part][KIND] == value
            made[part] = None if value == NONE else made[part] if same else {KIND: value}
        elif made[part] is None:
            raise SpecError(f"There is no {part} that {option} could belong to: give {part}.{KIND} too.")
        else:
            made[part] = {**made[part], option: value}
    return made


def _term(terms: tuple[Mapping[str, Any], ...], kind: str, option: str, value: Any) -> tuple[dict[str, Any], ...]:
    found = {term[KIND]: dict(term) for term in terms}
    found[kind] = {**found.get(kind, {KIND: kind}), option: value}
    return tuple(found.values())


def flat(spec: Spec) -> dict[str, Any]:
    """Return a spec's entries by dotted names, with the defaults of its kinds; an absent part is PART.kind: None.

    Specs with the same meaning have the same names and values.
    """
    found: dict[str, Any] = {}
    for name, value in vars(spec).items():
        if name == "terms":
            for term in value:
                filled = choices.of("terms", term) or {}
                found |= {f"terms.{term[KIND]}.{key}": v for key, v in filled.items() if key != KIND}
        elif name in ROLES:
            filled = choices.of(name, value) or {KIND: None}
            found |= {f"{name}.{key}": v for key, v in filled.items()}
        elif name == "condition":
            filled = {KIND: None} if value is None else {**check.CONDITION, **value}
            found |= {f"{name}.{key}": v for key, v in filled.items()}
        else:
            found[name] = choices.plain(value)
    return found


def differs(a: Spec, b: Spec) -> dict[str, tuple[Any, Any]]:
    """Return what differs between two specs: dotted name -> (value in a, value in b), None where a spec has no such."""
    one, other = flat(a), flat(b)
    names = dict.fromkeys([*one, *other])
    return {name: (one.get(name), other.get(name)) for name in names if one.get(name) != other.get(name)}
