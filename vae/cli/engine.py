"""Run the queue of this machine without the app."""

import argparse
import os

from vae.runs import RunError

HELP = "work off the queue without the app"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give the command its arguments."""


def run(given: argparse.Namespace) -> int:
    """Run the queue until a signal; return the exit code."""
    from vae import jobs
    from vae.jobs import engine

    if address := os.environ.get(jobs.CLUSTER):
        raise RunError(f"{jobs.CLUSTER} is {address}: Ray works off the runs there, and this machine's queue has none.")
    return engine.serve()
