"""Pre-decode a run's map, for decoders that the browser cannot run."""

import argparse

from vae.runs import changeable, open_run

HELP = "pre-decode a run's map"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give the command its arguments."""
    parser.add_argument("model", help="a run's name or folder")


def run(given: argparse.Namespace) -> None:
    """Encode the test split, decode the map, and save both in the run."""
    from vae.runs.load import load_model
    from vae.training import finish

    found = changeable(open_run(given.model))
    model = load_model(found)
    finish.atlas(found, model, finish.encode(found, model))
