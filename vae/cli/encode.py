"""Compute a run's codes again."""

import argparse

from vae.cli import reporting
from vae.runs import changeable, open_run

HELP = "make a run's codes again"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give the command its arguments."""
    parser.add_argument("model", help="A run's name or folder.")


def run(given: argparse.Namespace) -> None:
    """Encode the test split, save the codes in the run, and say where."""
    from vae.runs.load import load_model
    from vae.training import finish

    found = changeable(open_run(given.model))
    with reporting.bar(found.name) as say:
        codes = finish.encode(found, load_model(found), say=say)
    print(f"{len(codes):,} codes of the {codes.split} split saved as {found.path / 'codes.npz'}")
