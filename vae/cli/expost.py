"""Fit a density to a run's codes, to sample from."""

import argparse

from vae.runs import changeable, open_run

HELP = "fit a density to a run's codes, to sample from"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give the command its arguments."""
    parser.add_argument("model", help="a run's name or folder")
    parser.add_argument("--kind", choices=["mixture", "flow"], default="mixture", help="(default: %(default)s)")
    parser.add_argument("--components", type=int, help="of the mixture (default: by BIC)")


def run(given: argparse.Namespace) -> None:
    """Fit the density and save it in the run."""
    from vae.density import expost

    expost.of_run(changeable(open_run(given.model)), given.kind, components=given.components)
