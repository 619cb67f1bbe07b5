"""Evaluate a run's bounds on held-out data, with standard errors."""

import argparse
import sys

from vae.runs import is_shipped, measured, open_run
from vae.spec import json_text

HELP = "bounds on held-out data, with standard errors"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give the command its arguments."""
    parser.add_argument("model", help="a run's name or folder")
    parser.add_argument("--data", help="evaluate on other data of the same shape (then nothing is saved)")
    parser.add_argument("--k", type=int, default=100, help="importance samples (default: %(default)s)")
    parser.add_argument("--table", action="store_true", help="the whole table: bounds, truth, information, codes")
    parser.add_argument("--n", type=int, help="test examples (default: all)")


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
        for row in run_table.table(found, keep=not is_shipped(found)):
            value = f"{row['value']:12.4f} ± {row['se']:<9.4f} {row['units']:6}"
            print(f"{row['name']:22} {value} n = {row['n']:<6,} {row['note']}")
        return
    spec = found.spec
    dataset, batches = held_out(found, name=given.data)
    name = spec.data_name if given.data is None else f"{given.data} ({spec.binarisation} binarisation)"
    estimates = evaluate(load_model(found), batches, given.k, spec.seed, given.n)
    numbers = finish.metrics(estimates, name, dataset.split, given.k)
    print(json_text.dumps(numbers, indent=2))
    if given.data not in (None, spec.data):
        said = f"of other data than {found.name}'s own: nothing is saved"
    elif is_shipped(found):
        said = f"{found.name} comes with the project and stays as it is: nothing is saved"
    else:
        file, _ = finish.keep(found, numbers)
        better = f": {measured.FILE} keeps the better measurement" if file.name != measured.FILE else ""
        said = f"saved as {file}{better}"
    print(said, file=sys.stderr)
