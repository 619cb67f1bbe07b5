"""Train a preset on data as a new run, or continue a run folder to its end."""

import argparse
import os
import sys
import time
from itertools import count
from pathlib import Path

from vae import data, runs
from vae.cli import new_spec
from vae.jobs import CLUSTER
from vae.runs import Run, RunError, files, manage, open_run, resume
from vae.spec import PRESETS, SpecError
from vae.training import launch

HELP = "train a preset, or a run folder to its end"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give the command its arguments: the target, the options of a spec, and those of training."""
    parser.add_argument(
        "target", nargs="?", metavar="PRESET|RUN",
        help=f"A run's name or folder, to continue its training, or a preset: {', '.join(PRESETS)}.",
    )  # fmt: skip
    parser.add_argument("--resume", metavar="RUN", help="The same as RUN. (default: PRESET|RUN)")
    parser.add_argument("--name", help="The new run's name. (default: PRESET-DATA)")
    parser.add_argument("--out", type=Path, help="The folder that holds the new run. (default: the user's runs)")
    new_spec.add_data(parser)
    launch.add_options(parser)
    new_spec.add_options(parser)


def run(given: argparse.Namespace) -> int:
    """Train to the end or a stop, with a progress bar on a terminal; return the trainer's exit code."""
    target = _target(given)
    new_spec.warn(target.spec)
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
    if given.target is None or given.data is None:
        raise SpecError("train needs a PRESET and --data NAME, or a RUN")
    spec = new_spec.new(given)
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
    entries = new_spec.scheduled(given, new_spec.chosen(given, vars(found.spec)))
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
