"""List the runs on this machine, each with its bound."""

import argparse
from typing import Any

from vae import runs

HELP = "list the runs on this machine"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give the command its arguments."""


def run(given: argparse.Namespace) -> None:
    """Print a line for each run."""
    for found in runs.library():
        if isinstance(found, runs.Broken):
            print(f"{found.name:28}  unreadable: {found.reason}")
            continue
        entry = found.metrics.get("elbo") or found.metrics.get("distortion")
        kind = "ELBO" if "elbo" in found.metrics else "distortion"
        number = _number(kind, entry) if entry else "not evaluated"
        print(f"{found.name:28}  {found.spec.latent:3}-D {found.spec.preset:22} {found.spec.data_name:32} {number}")


def _number(kind: str, entry: dict[str, Any]) -> str:
    value, spread = entry.get("value"), entry.get("se")
    if value is None:
        return "not evaluated"
    return f"{kind} {value:.2f}" + (f" ± {spread:.2f} nats" if spread is not None else " nats")
