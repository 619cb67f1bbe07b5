"""Write a run's map as one HTML file that opens without a server."""

import argparse
from pathlib import Path

from vae.runs import RunError, open_run, write

HELP = "write a run's map as one HTML file that decodes without a server"
MEGABYTE = 1_000_000
SMALLEST = 0.2  # MB: the scripts alone take a tenth
DRAWS = 512  # of a learned prior


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give the command its arguments."""
    parser.add_argument("model", help="A run's name or folder.")
    parser.add_argument("-o", "--out", type=Path, help="The file to write. (default: NAME.html in this folder)")
    parser.add_argument(
        "--plane", default="", metavar="I,J",
        help="The map: two dimensions such as 1,2, or pca, tsne or umap. (default: the dimensions of highest KL)",
    )  # fmt: skip
    parser.add_argument("--label", type=int, help="The label of a conditional decoder. (default: the first)")
    parser.add_argument(
        "--megabytes", type=float, default=1.5,
        help="The file's largest size, which decides how many images are in it. (default: %(default)s)",
    )  # fmt: skip


def run(given: argparse.Namespace) -> None:
    """Write the file, and say what is in it; raises RunError."""
    from vae.page import grounds, html, images, verdicts

    if not given.megabytes >= SMALLEST:
        raise RunError(f"a page takes at least {SMALLEST} MB: give --megabytes {SMALLEST} or more")
    found = open_run(given.model)
    draws = None
    if found.spec.probabilistic and not found.spec.standard_prior:
        from vae.answers import sample

        label = {} if given.label is None else {"label": given.label}
        draws = sample.draw(found.path, "prior", n=DRAWS, **label).z
    made = html.page(
        found,
        plane=grounds.named(found, given.plane),
        images=images.examples_here(found),
        draws=draws,
        label=given.label,
        judgement=verdicts.saved(found),
        largest=int(given.megabytes * MEGABYTE),
    )
    out = given.out or Path(f"{found.name}.html")
    write(out, made.html)
    size = len(made.html.encode()) / MEGABYTE
    how = "it decodes live" if made.live else "decoded beforehand, since the browser cannot run this decoder"
    print(f"{out}: {size:.2f} MB, {made.codes:,} codes, {made.images:,} images; {how}")
    if verdicts.saved(found) is None:
        print(f"It has no diagnosis: run `python -m vae diagnose {found.name}` first, and write it again.")
