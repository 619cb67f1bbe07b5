"""Wait for one run on standard input, then train it."""

import argparse

HELP = "wait for one run on standard input, then train it (the queue starts these)"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give the command its arguments."""


def run(given: argparse.Namespace) -> int:
    """Run a worker; return the trainer's exit code."""
    from vae.jobs import worker

    return worker.main()
