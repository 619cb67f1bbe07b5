"""Export a run for other tools: its history, or its trained model."""

import argparse
from pathlib import Path

from vae.answers import formats
from vae.runs import RunError, changeable, open_run, write

HELP = "write a run's history or its model for other tools"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give the command its arguments."""
    parser.add_argument("model", help="A run's name or folder.")
    kinds = parser.add_mutually_exclusive_group()
    kinds.add_argument(
        "--tensorboard", action="store_true", help="The history as TensorBoard's event files. (default: no format)"
    )
    for name, kind in formats.FORMATS.items():
        about = f"The model as {kind.title}: {kind.about}. (default: no format)"
        kinds.add_argument(f"--{name}", action="store_true", help=about)
    parser.add_argument(
        "--out", type=Path,
        help="The folder to write to. (default: RUN/tensorboard for the history, NAME-FORMAT in this folder for the "
        "model)",
    )  # fmt: skip


def run(given: argparse.Namespace) -> None:
    """Write the files and print where; raises RunError if no format is given."""
    found = open_run(given.model)
    if given.tensorboard:
        from vae.runs import export

        folder = given.out or changeable(found).path / "tensorboard"
        print(f"{export.tensorboard(found, folder)} scalars written; look at them with: tensorboard --logdir {folder}")
        return
    chosen = next((name for name in formats.FORMATS if getattr(given, name)), None)
    if chosen is None:
        options = ", ".join(f"--{name}" for name in ("tensorboard", *formats.FORMATS))
        raise RunError(f"say what to export to: {options}")
    folder = given.out or Path(f"{found.name}-{chosen}")
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in formats.files(found.path, chosen).items():
        write(folder / name, content)
        print(folder / name)
