"""Read a run from the Hugging Face Hub."""

import argparse

HELP = "read a run from a repository on the Hugging Face Hub"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give the command its arguments."""
    parser.add_argument("of", metavar="hf:NAME", help="The repository, hf:USER/NAME.")
    parser.add_argument("--name", default="", help="The run's name here. (default: the repository's)")
    parser.add_argument("--revision", help="A branch, a tag or a commit. (default: the newest)")


def run(given: argparse.Namespace) -> None:
    """Read the files, and print the run's name and folder; raises RunError."""
    from vae.runs import hub

    found = hub.pull(given.of, given.name, revision=given.revision)
    print(f"{found.name} is in {found.path}; the app and `vae.load` find it by its name")
