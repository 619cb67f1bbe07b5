"""Compute a run's codes again."""

import argparse

from vae.runs import changeable, open_run

HELP = "make a run's codes again"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give the command its arguments."""
    parser.add_argument("model", help="a run's name or folder")


def run(given: argparse.Namespace) -> None:
    """Encode the test split and save the codes in the run."""
    from vae.runs.load import load_model
    from vae.training import finish

    found = changeable(open_run(given.model))
    finish.encode(found, load_model(found))
