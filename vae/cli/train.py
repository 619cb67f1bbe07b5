"""Train a preset on data as a new run, or continue a run folder to its end."""

import argparse
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from vae import data, runs
from vae.cli import spec_options
from vae.data.completion import complete
from vae.runs import Run, RunError, files, open_run
from vae.spec import PRESETS, Spec, SpecError, preset
from vae.spec.choices import ROLES
from vae.training import launch

HELP = "train a preset, or a run folder to its end"
WARM_UP = 500  # steps over which the learning rate rises before it falls along a cosine


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give the command its arguments: the target, the options of a spec, and those of training."""
    parser.add_argument(
        "target", nargs="?", metavar="PRESET|RUN", help=f"a run's name or folder, or {', '.join(PRESETS)}"
    )
    parser.add_argument("--resume", metavar="RUN", help="the same as RUN; --epochs extends it")
    parser.add_argument("--name", help="the run's name (default: preset-data)")
    parser.add_argument("--out", type=Path, help="the folder that holds runs (default: the user's)")
    parser.add_argument("--data", help=", ".join(data.NAMES))
    parser.add_argument("--warm-up", type=int, metavar="STEPS", help="raise beta linearly from 0 over so many steps")
    parser.add_argument("--cosine", action="store_true", help="let the learning rate fall to 0 along a cosine")
    launch.add_options(parser)
    spec_options.add_spec_options(parser)


def run(given: argparse.Namespace) -> int:
    """Train to the end or a stop, with a progress bar on a terminal; return the trainer's exit code."""
    return launch.train(_target(given), launch.Options.of(given), given.command_line)


def _target(given: argparse.Namespace) -> Run:
    """Return the run to train: an existing one, or a new one from the preset and options."""
    from vae.data.batches import prepare

    known = given.resume or (given.target if given.target not in PRESETS else None)
    if known and ("/" in known or given.resume or given.data is None):
        found = open_run(known)
        if given.epochs:
            files.write(found.path / "spec.json", replace(found.spec, epochs=given.epochs).to_json())
        return Run(found.path)
    spec = _spec(given)
    name = given.name or f"{given.target}-{given.data}"
    if not runs.NAME.fullmatch(name):
        raise RunError(f"{name!r} is no run name: use lower-case letters, digits, dots, dashes and underscores")
    prepare(data.load(spec.data, "valid", n=1), spec)  # refuse an invalid spec before a folder is created
    made = runs.create((given.out or runs.user_runs()) / name, spec)
    files.write_json(made.path / "meta.json", {"owner": "local", "created": time.time(), "command": given.command_line})
    return Run(made.path)


def _spec(given: argparse.Namespace) -> Spec:
    """Return the spec of the command line, completed from the data."""
    if given.target is None or given.data is None:
        raise SpecError("train needs a PRESET and --data NAME, or a RUN")
    base = vars(preset(given.target))  # raises for an unknown name
    said = spec_options.chosen(given)
    entries = base | said | {role: spec_options.entry(given, role, _usual(given, role, base[role])) for role in ROLES}
    entries["terms"] = spec_options.terms(given, base["terms"])
    entries = complete(entries, data.describe(given.data), said)
    if given.warm_up:
        stop = entries["objective"].get("beta", 1.0)
        entries["objective"]["beta"] = {"schedule": "linear", "start": 0.0, "stop": stop, "steps": given.warm_up}
    if given.cosine:
        steps = entries["epochs"] * -(-data.train_size(given.data, given.size) // entries["batch"])
        start = entries["learning_rate"]
        entries["learning_rate"] = {
            "schedule": "cosine", "start": start, "stop": 0.0, "steps": steps, "warmup": WARM_UP
        }  # fmt: skip
    return Spec(**entries)


def _usual(given: argparse.Namespace, role: str, entry: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return a role's entry of the preset; a Normal replaces a likelihood without scale if a scale is given."""
    kinds = ROLES[role].kinds
    if role == "likelihood" and entry is not None and "sigma" in spec_options.options_of(given, role):
        return entry if "sigma" in kinds[entry["kind"]].options else {"kind": "normal"}
    return entry
