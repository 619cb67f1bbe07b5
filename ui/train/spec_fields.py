"""The Train page's controls as flat values, and back to a spec; no Streamlit in here.

A value is what one widget holds: a number, a word, a text of layer sizes, or None for an empty field. Options of a kind
are named after their role (`likelihood_sigma`), parts of a schedule after their number (`learning_rate_stop`).
"""

import math
from collections.abc import Mapping
from typing import Any

from ui.words import phrase, say
from vae import data
from vae.runs import manage
from vae.spec import Spec, SpecError, check
from vae.spec import choices as options
from vae.spec.choices import CHOICES, NUMBERS, ROLES, TERMS
from vae.spec.fields import Scalar, Sizes
from vae.spec.schedules import SHAPES

Values = dict[str, Any]
Problem = tuple[str, str]  # the entry of the spec, and a sentence

LONGEST_SIZES, LONGEST_JSON = 1_000, 100_000  # characters of typed layer sizes, and of a pasted spec
CONSTANT, FIXED, NONE, LABELS = "constant", "fixed", "none", "labels"
SCHEDULES = (CONSTANT, *SHAPES)
CURVES = {CONSTANT: phrase("constant"), "linear": phrase("linear"), "cosine": phrase("cosine")}  # their names
# should somebody choose convolutions where a perceptron is recommended: no more halvings than the sides allow
_CHANNELS = {8: "16, 32", 28: "16, 32, 64", 32: "16, 32, 64", 64: "8, 16, 32, 32"}


def entry(name: str) -> str:
    """Return the entry of the spec that a field belongs to."""
    if name == "mirrored":
        return "decoder"
    entries = [e for e in (*ROLES, *NUMBERS, *CHOICES, "terms", "condition") if name == e or name.startswith(f"{e}_")]
    return entries[0] if entries else name


def sizes_text(sizes: Any) -> str:
    """Return layer sizes as they are typed."""
    return ", ".join(str(size) for size in sizes)


def parse_sizes(text: Any) -> Any:
    """Return typed layer sizes as a list; unreadable text is returned as it is, and the check refuses it."""
    if len(str(text)) > LONGEST_SIZES:
        return str(text)[:LONGEST_SIZES]
    try:
        return [int(part) for part in str(text).replace(",", " ").split()]
    except ValueError:
        return text


def _put_scalar(values: Values, name: str, scalar: Scalar, value: Any) -> None:
    number = scalar.default if isinstance(value, Mapping | str) else value
    if isinstance(number, str):
        number = 0.1  # what a fixed number starts from where the default is a word
    if scalar.words:
        values[f"{name}_word"] = value if isinstance(value, str) else FIXED
    if scalar.scheduled:
        given = value if isinstance(value, Mapping) else {}
        values |= {
            f"{name}_shape": given.get("schedule", CONSTANT),
            f"{name}_start": given.get("start", 0.0),
            f"{name}_stop": given.get("stop", 0.0),
            f"{name}_steps": given.get("steps"),
            f"{name}_warmup": given.get("warmup", 0),
        }
    values[name] = number


def _put_role(values: Values, role: str, chosen: Mapping[str, Any] | None) -> None:
    table = ROLES[role].kinds
    values[role] = chosen["kind"] if chosen else NONE
    for kind_name, kind in table.items():
        for name, option in kind.options.items():
            field = f"{role}_{name}"
            mine = chosen if chosen is not None and kind_name == chosen["kind"] else None
            if field in values and mine is None:
                continue  # two kinds with an option of one name share its field
            value = mine[name] if mine is not None and name in mine else option.default
            if isinstance(option, Scalar):
                _put_scalar(values, field, option, value)
            else:
                values[field] = sizes_text(value) if isinstance(option, Sizes) else value


def _put_terms(values: Values, terms: tuple[Mapping[str, Any], ...]) -> None:
    values["terms"] = [term["kind"] for term in terms]
    given = {term["kind"]: term for term in terms}
    for name, kind in TERMS.items():
        for option_name, option in kind.options.items():
            if isinstance(option, Scalar):
                value = given.get(name, {}).get(option_name, option.default)
                _put_scalar(values, f"terms_{name}_{option_name}", option, value)


def to_values(spec: Spec) -> Values:
    """Return a spec as values of the widgets."""
    values: Values = {"data": spec.data, "preset": spec.preset, "path": spec.path}
    for name, scalar in NUMBERS.items():
        _put_scalar(values, name, scalar, getattr(spec, name))
    values |= {name: getattr(spec, name) for name in CHOICES}
    for role in ROLES:
        _put_role(values, role, getattr(spec, role))
    _put_terms(values, spec.terms)
    description, condition = data.describe(spec.data), spec.condition or {}
    values |= {
        "condition": LABELS if spec.condition else NONE,
        "condition_classes": spec.labels or len(description.classes),
        "condition_prior": condition.get("prior", False),
    }
    if not options.LIKELIHOODS[values["likelihood"]].bits:
        values["likelihood_levels"] = description.levels  # right for these data as soon as somebody chooses it
    if not options.NETWORKS[values["encoder"]].images and (channels := _CHANNELS.get(spec.shape[-1])):
        values["encoder_channels"] = channels
    values["mirrored"] = spec.decoder is None
    if spec.decoder is None:
        mirror(values)
    if not options.POSTERIORS[spec.posterior["kind"]].density:
        values["prior"] = next(iter(options.PRIORS))  # hidden, and there when the posterior has a density again
    return values


def mirror(values: Values) -> None:
    """Give the decoder's fields the encoder's values, widths from the latent outwards."""
    for name in [name for name in values if entry(name) == "encoder"]:
        values[name.replace("encoder", "decoder", 1)] = values[name]
    widths = parse_sizes(values["encoder_widths"])
    if isinstance(widths, list):
        values["decoder_widths"] = sizes_text(reversed(widths))


def _scalar(values: Values, name: str, scalar: Scalar, steps: int) -> Any:
    if scalar.words and values[f"{name}_word"] != FIXED:
        return values[f"{name}_word"]
    if scalar.scheduled and values[f"{name}_shape"] != CONSTANT:
        schedule = {part: values[f"{name}_{part}"] for part in ("start", "stop", "steps")}
        if schedule["steps"] is None:
            schedule["steps"] = steps
        warmup = {"warmup": values[f"{name}_warmup"]} if values[f"{name}_warmup"] != 0 else {}
        return {"schedule": values[f"{name}_shape"], **schedule, **warmup}
    return values[name]


def _chosen(values: Values, role: str, steps: int) -> dict[str, Any] | None:
    kind = ROLES[role].kinds.get(values[role])
    if kind is None:
        return None if values[role] == NONE else {"kind": values[role]}
    found: dict[str, Any] = {"kind": values[role]}
    for name, option in kind.options.items():
        value = values[f"{role}_{name}"]
        if isinstance(option, Scalar):
            value = _scalar(values, f"{role}_{name}", option, steps)
        found[name] = parse_sizes(value) if isinstance(option, Sizes) else value
    return found


def _terms(values: Values, steps: int) -> tuple[dict[str, Any], ...]:
    return tuple(
        {"kind": name}
        | {
            option_name: _scalar(values, f"terms_{name}_{option_name}", option, steps)
            for option_name, option in TERMS[name].options.items()
            if isinstance(option, Scalar)
        }
        for name in values["terms"]
    )


def _condition(values: Values, prior: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if values["condition"] == NONE:
        return None
    # the wish for a prior by label waits, hidden, until the prior can be another one for each label
    able = prior is not None and prior["kind"] in options.PRIORS and bool(options.PRIORS[prior["kind"]].by_label)
    by_label = bool(values["condition_prior"]) and able
    return {"kind": values["condition"], "classes": values["condition_classes"], "prior": by_label}


def to_entries(values: Values) -> dict[str, Any]:
    """Return the widgets' values as a spec's entries, without checks; an empty `steps` means the whole run."""
    steps = total_steps(values["data"], values["size"], values["batch"], values["epochs"])
    entries = {name: _scalar(values, name, scalar, steps) for name, scalar in NUMBERS.items()}
    entries |= {name: values[name] for name in ("data", "preset", "path", *CHOICES)}
    entries |= {role: _chosen(values, role, steps) for role in ROLES}
    if values["mirrored"]:
        entries["decoder"] = None
    posterior = options.POSTERIORS.get(values["posterior"])
    if posterior is not None and not posterior.density:
        entries["prior"] = None
    entries["terms"] = _terms(values, steps)
    entries["condition"] = _condition(values, entries["prior"])
    entries["shape"] = tuple(data.describe(values["data"]).shape)
    return entries


def same(name: str, a: Any, b: Any) -> bool:
    """Return whether two values of an entry mean the same."""
    if name == "terms":  # a sum: their order means nothing
        return sorted(map(_spelt, a), key=repr) == sorted(map(_spelt, b), key=repr)
    if name == "condition":
        return _spelt_condition(a) == _spelt_condition(b)
    return bool(options.of(name, a) == options.of(name, b) if name in ROLES else options.plain(a) == options.plain(b))


def _spelt(term: Mapping[str, Any]) -> dict[str, Any]:
    weight = term.get("weight", TERMS[term["kind"]].options["weight"].default)
    return {"kind": term["kind"], "weight": options.plain(weight)}


def _spelt_condition(condition: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if condition is None else {"classes": 10, "prior": False, **condition}


def judge(values: Values, base: Spec) -> tuple[Spec | None, list[Problem]]:
    """Return the widgets' values as a spec, None if they give none, with a list of problems.

    Entries that mean what `base` says keep its words, so that a branch of it compares equal.
    """
    try:
        entries = to_entries(values)
    except data.DataError as error:
        return None, [("data", str(error))]
    if found := check.problems(entries):
        return None, found
    spec = Spec(**{k: getattr(base, k) if same(k, v, getattr(base, k)) else v for k, v in entries.items()})
    return spec, refusals(spec)


def refusals(spec: Spec) -> list[Problem]:
    """Return why a well-formed spec cannot be trained here: its data, their likelihood, the machine's limits."""
    try:
        if not data.available(spec.data):
            title = data.describe(spec.data).title
            manage.limits(spec, examples(spec))
            text = say("{data} is not on this machine yet. Download it, or choose other data.", data=title)
            return [("data", text)]
        manage.check(spec)
    except data.DataError as error:
        return [("likelihood", str(error))]
    except SpecError as error:
        return [("", str(error))]
    return []


def total_steps(name: str, size: Any, batch: Any, epochs: Any) -> int:
    """Return the steps of a run, at least 1, also where a number of the spec is invalid."""
    if not (NUMBERS["batch"].contains(batch) and NUMBERS["epochs"].contains(epochs)):
        return 1
    return max(1, int(epochs) * math.ceil(_examples(name, size) / int(batch)))


def _examples(name: str, size: Any) -> int:
    most = data.describe(name).sizes[0]
    if not NUMBERS["size"].contains(size):
        return most
    return data.train_size(name, int(size))


def examples(spec: Spec) -> int:
    """Return how many examples a run trains on; generated datasets have as many as requested."""
    return _examples(spec.data, spec.size)


def branch_changes(spec: Spec, origin: Spec) -> dict[str, Any]:
    """Return the changes for `manage.branch`."""
    return {name: value for name, value in vars(spec).items() if value != getattr(origin, name)}


def read_json(text: str) -> Spec:
    """Return the spec of a JSON text; raises SpecError or DataError with the reason."""
    if not text.strip():
        raise SpecError(phrase("There is nothing to load. Paste a spec as JSON first."))
    if len(text) > LONGEST_JSON:
        raise SpecError(
            say(
                "The text has {count:,} characters, and a spec at most {most:,}. Paste a spec.",
                count=len(text), most=LONGEST_JSON,
            )
        )  # fmt: skip
    spec = Spec.from_json(text)
    description = data.describe(spec.data)
    if tuple(description.shape) != spec.shape:
        raise SpecError(
            say(
                "{data} has examples of shape {shape}, not {other}.",
                data=description.title, shape=list(description.shape), other=list(spec.shape),
            )
        )  # fmt: skip
    if wrong := [say(sentence) for where, sentence in refusals(spec) if where != "data"]:
        raise SpecError(" ".join(wrong))
    return spec
