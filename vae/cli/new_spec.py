"""The spec of a new run from a preset, data and the options of a command line: of `train` and of `sweep`."""

import argparse
import sys
from collections.abc import Mapping
from typing import Any

from vae import data
from vae.cli import spec_options
from vae.data.completion import complete, steps
from vae.data.recommended import misfit, recommended
from vae.spec import Spec, SpecError, arguments, schedules
from vae.spec.choices import ROLES
from vae.spec.fields import MOST_STEPS

WARM_UP, SHARE = 500, 10  # steps over which the learning rate rises before it falls: at most one in so many of the run


def add_data(parser: argparse.ArgumentParser) -> None:
    """Add the option that names the data."""
    parser.add_argument(
        "--data", metavar="NAME", help=f"What a preset is trained on: {', '.join(data.NAMES)}. (default: a RUN's own)"
    )


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that form a spec: schedules, numbers, choices and kinds."""
    parser.add_argument(
        "--warm-up", type=_length, metavar="NUMBER",
        help="Raise beta linearly from 0 over so many steps, or over a share of the run such as 25%%. (a whole number "
        f"from 1 to {MOST_STEPS:,}, or above 0%% and at most 100%%; default: none)",
    )  # fmt: skip
    parser.add_argument(
        "--cosine", action="store_true",
        help=f"Let the learning rate fall to 0 along a cosine over the whole run, after it has risen over {WARM_UP} "
        f"steps, at most a {SHARE}th of the run. (default: it is constant)",
    )  # fmt: skip
    spec_options.add_spec_options(parser)


def new(given: argparse.Namespace) -> Spec:
    """Return the spec of a preset, data and options, completed from the data; raises SpecError or DataError."""
    if unfit := misfit(given.target, given.data):
        raise SpecError(unfit)
    entries = chosen(given, vars(recommended(given.target, given.data)))
    entries = complete(entries, data.describe(given.data), spec_options.chosen(given))
    return Spec(**scheduled(given, entries))


def chosen(given: argparse.Namespace, base: Mapping[str, Any]) -> dict[str, Any]:
    """Return the entries of a spec with what the command line says instead."""
    entries = {**base, **spec_options.chosen(given)}
    entries |= {role: spec_options.entry(given, role, _usual(given, role, base[role])) for role in ROLES}
    return entries | {"terms": spec_options.terms(given, base["terms"])}


def _length(text: str) -> int | float:
    """Return a number of steps, or a share of the run for a percentage."""
    value = arguments.number(not text.endswith("%"), text.removesuffix("%"))
    if isinstance(value, int) and 1 <= value <= MOST_STEPS:
        return value
    if isinstance(value, float) and 0 < value <= 100:
        return value / 100
    raise argparse.ArgumentTypeError(
        f"A warm-up is a whole number of steps from 1 to {MOST_STEPS:,}, or a share of the run above 0% and at most "
        f"100%, not {text!r}."
    )


def warn(spec: Spec) -> None:
    """Say which schedules of a spec cannot finish."""
    for sentence in schedules.unfinished(vars(spec), steps(vars(spec), spec.data)):
        print(f"warning: {sentence}", file=sys.stderr)


def scheduled(given: argparse.Namespace, entries: dict[str, Any]) -> dict[str, Any]:
    """Return a spec's entries with the schedules of --warm-up and --cosine; raises DataError for unknown data."""
    total = max(1, steps(entries, entries["data"]))
    if given.warm_up is not None:
        over = given.warm_up if isinstance(given.warm_up, int) else max(1, round(given.warm_up * total))
        stop = _end(entries["objective"].get("beta", 1.0), "stop")
        beta = {"schedule": "linear", "start": 0.0, "stop": stop, "steps": over}
        entries["objective"] = {**entries["objective"], "beta": beta}
    if given.cosine:
        start = _end(entries["learning_rate"], "start")
        entries["learning_rate"] = {
            "schedule": "cosine", "start": start, "stop": 0.0, "steps": total, "warmup": min(WARM_UP, total // SHARE)
        }  # fmt: skip
    return entries


def _end(number: Any, end: str) -> Any:
    """Return a constant number itself, or the start or stop of a schedule."""
    return number[end] if isinstance(number, Mapping) else number


def _usual(given: argparse.Namespace, role: str, entry: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return a role's entry of the preset; a Normal replaces a likelihood without scale if a scale is given."""
    kinds = ROLES[role].kinds
    if role == "likelihood" and entry is not None and "sigma" in spec_options.options_of(given, role):
        return entry if "sigma" in kinds[entry["kind"]].options else {"kind": "normal"}
    return entry
