"""Fit a density to a run's codes, to sample from."""

import argparse

from vae.cli import reporting
from vae.runs import RunError, changeable, open_run
from vae.spec import arguments
from vae.spec.settings import SETTINGS

HELP = "fit a density to a run's codes, to sample from"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give the command its arguments."""
    parser.add_argument("model", help="A run's name or folder.")
    parser.add_argument(
        "--kind", choices=["mixture", "flow"], default="mixture",
        help="A mixture of Normals, or a coupling flow for two latents or more. (default: %(default)s)",
    )  # fmt: skip
    arguments.add(parser, "components", SETTINGS["components"])


def run(given: argparse.Namespace) -> None:
    """Fit the density, save it in the run, and say what it is and where; raises RunError for components of a flow."""
    from vae.density import expost

    found = changeable(open_run(given.model))
    if given.kind != "mixture" and given.components is not None:
        raise RunError("--components is of a mixture: leave it out, or say --kind mixture")
    with reporting.bar(found.name) as say:
        density = expost.of_run(found, given.kind, components=given.components, say=say)
    made = f"a {given.kind}"
    if given.kind == "mixture":
        made += f" of {len(density.arrays['logits'])} Normals"
    print(f"{made} fitted to the training codes, saved as {expost.file(found.path, given.kind)}")
