"""Run the queue of this machine without the app."""

import argparse

HELP = "work off the queue without the app"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give the command its arguments."""


def run(given: argparse.Namespace) -> int:
    """Run the queue until a signal; return the exit code."""
    from vae.jobs import engine

    return engine.serve()
