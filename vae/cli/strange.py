"""Score how strange images of another dataset are to a model, and how well each score tells them from its own."""

import argparse
import math
import sys
from pathlib import Path

from vae.cli import reporting
from vae.runs import RunError, open_run

HELP = "say how strange another dataset's images are to a model, by several scores"
IMAGES = 200


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give the command its arguments."""
    parser.add_argument("model", help="A run's name or folder.")
    parser.add_argument(
        "--against", metavar="DATA",
        help="The dataset of foreign images, resized to the model's where needed. (default: glyphs, or digits)",
    )  # fmt: skip
    parser.add_argument("--n", type=int, default=IMAGES, help="Images of each dataset. (default: %(default)s)")
    parser.add_argument("--out", type=Path, help="A CSV file for the scores of every image. (default: none)")


def run(given: argparse.Namespace) -> None:
    """Print the area under the ROC curve of each score, and write the scores."""
    from vae.training import denormals

    with denormals.flushed():
        _strange(given)


def _strange(given: argparse.Namespace) -> None:
    from vae.diagnosis import roc, strange_images
    from vae.diagnosis.strangers import SCORES
    from vae.runs import files
    from vae.runs.load import encoded_examples, load_model

    found = open_run(given.model)
    spec = found.spec
    if given.n < 2:
        raise RunError("--n is the number of images of each dataset, at least 2.")
    if not spec.probabilistic or spec.prior is None:
        raise RunError(f"{found.name} is a plain autoencoder: it has no likelihood by which an image could be strange.")
    against = given.against or strange_images.opponent(spec)
    if against is None:
        raise RunError(f"{found.name} is a model of rows, not of images.")
    other = strange_images.foreign(against, spec)
    with reporting.bar(found.name) as say:
        scores = strange_images.compared(load_model(found), against, encoded_examples(found), other, given.n, say=say)
    print(f"{'score':28} AUC: the chance that an image of {against} has the higher one")
    for name, area in scores.auc.items():
        print(f"{SCORES[name]:28} {area.value:.4f} ± {area.se:.4f}")
    if given.out is not None:
        files.write(given.out, roc.to_csv(scores, spec.data, math.prod(spec.shape)), durable=False)
        print(f"the scores of {area.n:,} images are saved as {given.out}", file=sys.stderr)
