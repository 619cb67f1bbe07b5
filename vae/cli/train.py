"""Train a preset on data as a new run, or continue a run folder to its end."""

import argparse
import os
import sys
import time
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any

from vae import data, runs
from vae.cli import spec_options
from vae.data.completion import complete, steps
from vae.data.recommended import misfit, recommended
from vae.jobs import CLUSTER
from vae.runs import Run, RunError, files, manage, open_run, resume
from vae.spec import PRESETS, Spec, SpecError, arguments, schedules
from vae.spec.choices import ROLES
from vae.spec.fields import MOST_STEPS
from vae.training import launch

HELP = "train a preset, or a run folder to its end"
WARM_UP, SHARE = 500, 10  # steps over which the learning rate rises before it falls: at most one in so many of the run


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give the command its arguments: the target, the options of a spec, and those of training."""
    parser.add_argument(
        "target", nargs="?", metavar="PRESET|RUN",
        help=f"A run's name or folder, to continue its training, or a preset: {', '.join(PRESETS)}.",
    )  # fmt: skip
    parser.add_argument("--resume", metavar="RUN", help="The same as RUN. (default: PRESET|RUN)")
    parser.add_argument("--name", help="The new run's name. (default: PRESET-DATA)")
    parser.add_argument("--out", type=Path, help="The folder that holds the new run. (default: the user's runs)")
    parser.add_argument(
        "--data", metavar="NAME", help=f"What a preset is trained on: {', '.join(data.NAMES)}. (default: a RUN's own)"
    )
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
    launch.add_options(parser)
    spec_options.add_spec_options(parser)


def run(given: argparse.Namespace) -> int:
    """Train to the end or a stop, with a progress bar on a terminal; return the trainer's exit code."""
    target = _target(given)
    _warn(target.spec)
    if address := os.environ.get(CLUSTER):
        # stderr: what a script reads stays the run's path and numbers
        words = f"This command trains on this machine; only the app sends runs to {address} ({CLUSTER})."
        print(words, file=sys.stderr)
    return launch.train(target, launch.Options.of(given), given.command_line)


def _target(given: argparse.Namespace) -> Run:
    """Return the run to train: an existing one, or a new one from the preset and options."""
    from vae.data.batches import prepare

    known = given.resume or (given.target if given.target not in PRESETS else None)
    if known:
        return _go_on(_existing(known), given)
    spec = _spec(given)
    name = _checked(f"{given.target}-{given.data}" if given.name is None else given.name)
    launch.Options.of(given).check(spec)
    prepare(data.load(spec.data, "valid", n=1), spec)  # refuse an invalid spec before a folder is created
    made = runs.create((given.out or runs.user_runs()) / name, spec)
    files.write_json(made.path / "meta.json", {"owner": "local", "created": time.time(), "command": given.command_line})
    return Run(made.path)


def _checked(name: str) -> str:
    """Return a run's name; raises RunError if it is none."""
    if not runs.NAME.fullmatch(name):
        raise RunError(f"{name!r} is no run name: use lower-case letters, digits, dots, dashes and underscores")
    return name


def _existing(name: str) -> Run:
    """Return the run of a name or folder; raises RunError, which lists the presets too."""
    try:
        return open_run(name)
    except RunError as error:
        raise RunError(f"{error} Presets: {', '.join(PRESETS)}.") from None


def _go_on(found: Run, given: argparse.Namespace) -> Run:
    """Return an existing run with the given changes, or a changed copy of a run that comes with the project."""
    entries = _scheduled(given, _chosen(given, vars(found.spec)))
    if given.data is not None:
        entries["data"] = given.data
    changes = {name: value for name, value in entries.items() if value != getattr(found.spec, name)}
    launch.Options.of(given).check(resume.changed(found, changes))
    if runs.is_shipped(found):
        resume.check(found, resume.changed(found, changes))
        folder = runs.user_runs()
        free = (n for i in count(2) if not (folder / (n := f"{found.name}-{i}")).exists())
        name = next(free) if given.name is None else _checked(given.name)
        made = manage.branch(found, "local", name, given.command_line, **changes)
        print(
            f"{found.name} comes with the project and stays as it is: its copy {made.path} is trained.", file=sys.stderr
        )
        return made
    if given.name is not None or given.out is not None:
        raise RunError(f"{found.name} has its name and place already: leave out --name and --out to go on with it.")
    return resume.change(found, changes, given.command_line)


def _spec(given: argparse.Namespace) -> Spec:
    """Return the spec of the command line, completed from the data."""
    if given.target is None or given.data is None:
        raise SpecError("train needs a PRESET and --data NAME, or a RUN")
    if unfit := misfit(given.target, given.data):
        raise SpecError(unfit)
    entries = _chosen(given, vars(recommended(given.target, given.data)))
    entries = complete(entries, data.describe(given.data), spec_options.chosen(given))
    return Spec(**_scheduled(given, entries))


def _chosen(given: argparse.Namespace, base: Mapping[str, Any]) -> dict[str, Any]:
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


def _warn(spec: Spec) -> None:
    """Say which schedules of a spec cannot finish."""
    for sentence in schedules.unfinished(vars(spec), steps(vars(spec), spec.data)):
        print(f"warning: {sentence}", file=sys.stderr)


def _scheduled(given: argparse.Namespace, entries: dict[str, Any]) -> dict[str, Any]:
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
