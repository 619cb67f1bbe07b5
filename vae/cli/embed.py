"""Compute a 2-D map of codes with more than two latents."""

import argparse

from vae.runs import open_run
from vae.spec import arguments
from vae.spec.settings import SETTINGS

HELP = "compute a t-SNE or UMAP map of more than two latent dimensions and save it"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give the command its arguments."""
    parser.add_argument("model", help="A run's name or folder.")
    parser.add_argument(
        "--method", choices=["tsne", "umap"], default="umap", help="How the codes are laid out. (default: %(default)s)"
    )
    arguments.add(parser, "threads", SETTINGS["threads"], default=1)


def run(given: argparse.Namespace) -> None:
    """Compute the map with a report of progress, and cache it."""
    from vae.geometry import embedding

    codes = open_run(given.model).codes

    def say(share: float, text: str) -> None:
        print(f"{share:.0%} {text}", flush=True)

    found = embedding.embed(codes, given.method, threads=given.threads, say=say)
    embedding.keep(codes, found)
    trust = f"trustworthiness {found.trust:.3f} ± {found.trust_se:.3f}"
    print(f"{trust}, {found.seconds:.1f} s, saved as {embedding.file(codes, given.method)}", flush=True)
