"""Download a dataset."""

import argparse

from vae import data

HELP = "download a dataset"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give the command its arguments."""
    parser.add_argument("data", help=f"Its name: {', '.join(data.NAMES)}.")


def run(given: argparse.Namespace) -> None:
    """Download the dataset with a report of progress; raises DataError."""
    data.fetch(given.data, progress=lambda message: print(message, flush=True))
    about = data.describe(given.data)
    print(f"{about.title} needs no download." if about.embedded else f"{about.title} is in {data.data_root()}.")
