"""Write a run to the Hugging Face Hub."""

import argparse

from vae.runs import open_run

HELP = "write a run to a repository on the Hugging Face Hub"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give the command its arguments."""
    parser.add_argument("model", help="A run's name or folder.")
    parser.add_argument("to", metavar="hf:NAME", help="The repository, hf:NAME or hf:USER/NAME; it is made if new.")
    parser.add_argument("--private", action="store_true", help="Only you see a new repository. (default: all see it)")


def run(given: argparse.Namespace) -> None:
    """Write the files, and print the repository's address; raises RunError."""
    from vae.runs import hub

    print(hub.push(open_run(given.model), given.to, private=given.private))
