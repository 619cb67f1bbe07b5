"""Export a run's history for other tools."""

import argparse
from pathlib import Path

from vae.runs import RunError, changeable, open_run

HELP = "write a run's history for other tools"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give the command its arguments."""
    parser.add_argument("model", help="A run's name or folder.")
    parser.add_argument("--tensorboard", action="store_true", help="As TensorBoard's event files. (default: no format)")
    parser.add_argument("--out", type=Path, help="The folder to write to. (default: RUN/tensorboard)")


def run(given: argparse.Namespace) -> None:
    """Write the files and print their folder; raises RunError if no format is given."""
    from vae.runs import export

    if not given.tensorboard:
        raise RunError("say what to export to: --tensorboard")
    found = open_run(given.model)
    folder = given.out or changeable(found).path / "tensorboard"
    print(f"{export.tensorboard(found, folder)} scalars written; look at them with: tensorboard --logdir {folder}")
