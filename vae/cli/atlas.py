"""Pre-decode a run's map, for decoders that the browser cannot run."""

import argparse

from vae.cli import reporting
from vae.runs import changeable, open_run

HELP = "pre-decode a run's map"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give the command its arguments."""
    parser.add_argument("model", help="A run's name or folder.")


def run(given: argparse.Namespace) -> None:
    """Encode the test split, decode the map, save both in the run, and say where."""
    from vae.runs.load import load_model
    from vae.training import finish

    found = changeable(open_run(given.model))
    model = load_model(found)
    with reporting.bar(found.name) as say:
        finish.atlas(found, model, finish.encode(found, model, say=lambda share, text: say(share / 2, text)),
                     lambda share, text: say((1 + share) / 2, text))  # fmt: skip
    print(f"codes and the decoded map saved as {found.path / 'codes.npz'} and {found.path / 'atlas.npz'}")
