"""Evaluate a run's bounds on held-out data, with standard errors."""

import argparse
import json

from vae.runs import files, open_run

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
        for row in run_table.table(found):
            value = f"{row['value']:12.4f} ± {row['se']:<9.4f} {row['units']:6}"
            print(f"{row['name']:22} {value} n = {row['n']:<6,} {row['note']}")
        return
    spec = found.spec
    dataset, batches = held_out(found, name=given.data)
    name = spec.data_name if given.data is None else f"{given.data} ({spec.binarisation} binarisation)"
    measured = evaluate(load_model(found), batches, given.k, spec.seed, given.n)
    numbers = finish.metrics(measured, name, dataset.split, given.k)
    if given.data in (None, spec.data):
        kept = {k: found.metrics[k] for k in ("command", "train_seconds", "hardware") if k in found.metrics}
        files.write_json(found.path / "metrics.json", numbers | kept)
        files.write(found.path / "card.md", finish.card(found, spec, numbers | kept))
    print(json.dumps(numbers, indent=2))
