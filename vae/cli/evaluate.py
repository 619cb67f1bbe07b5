"""Evaluate a run's bounds on held-out data, with standard errors."""

import argparse
import sys

from vae import data
from vae.cli import reporting
from vae.runs import Run, RunError, is_shipped, measured, open_run
from vae.spec import arguments, json_text
from vae.spec.settings import SETTINGS

HELP = "bounds on held-out data, with standard errors"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give the command its arguments."""
    parser.add_argument("model", help="A run's name or folder.")
    parser.add_argument(
        "--data", metavar="NAME",
        help=f"Measure on other data of the same shape, and save nothing: {', '.join(data.NAMES)}. "
        "(default: the run's)",
    )  # fmt: skip
    parser.add_argument(
        "--table", action="store_true",
        help="Compute the whole evaluation table, with fixed numbers of samples and examples: bounds, log p(x), "
        "information, codes. (default: bounds only)",
    )  # fmt: skip
    for name in ("k", "n"):
        arguments.add(parser, name, SETTINGS[name])


def run(given: argparse.Namespace) -> None:
    """Print the numbers as JSON, or the table, and save them in the run."""
    from vae.training import denormals

    with denormals.flushed():
        _evaluate(given)


def _evaluate(given: argparse.Namespace) -> None:
    from vae.evaluation import evaluate, run_table
    from vae.runs.load import held_out, load_model
    from vae.training import finish

    found = open_run(given.model)
    if given.table:
        if given.data is not None or given.n is not None or given.k != SETTINGS["k"].default:
            raise RunError("--table chooses its own data, K and n: leave out --data, --k and --n")
        with reporting.bar(found.name) as say:
            rows = run_table.table(found, not is_shipped(found), say)
        for row in rows:
            value = f"{row['value']:12.4f} ± {row['se']:<9.4f} {row['units']:6}"
            print(f"{row['name']:22} {value} n = {row['n']:<6,} {row['note']}")
        print(_unsaved(found) if is_shipped(found) else f"saved as {found.path / 'evaluation.json'}", file=sys.stderr)
        return
    spec = found.spec
    dataset, batches = held_out(found, name=given.data)
    name = spec.data_name if given.data is None else f"{given.data} ({spec.binarisation} binarisation)"
    with reporting.bar(found.name) as say:
        estimates = evaluate(load_model(found), batches, given.k, spec.seed, given.n, say=say)
    numbers = finish.metrics(estimates, name, dataset.split, given.k)
    print(json_text.dumps(numbers, indent=2))
    if given.data not in (None, spec.data):
        said = f"of other data than {found.name}'s own: nothing is saved"
    elif is_shipped(found):
        said = _unsaved(found)
    else:
        file, _ = finish.keep(found, numbers)
        better = f": {measured.FILE} keeps the better measurement" if file.name != measured.FILE else ""
        said = f"saved as {file}{better}"
    print(said, file=sys.stderr)


def _unsaved(run: Run) -> str:
    return f"{run.name} comes with the project and stays as it is: nothing is saved"
