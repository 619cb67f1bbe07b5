"""The room that a run takes on the disk, from the sizes of its files."""

import math

from vae import data
from vae.runs import film
from vae.spec import Spec, cost

WEIGHTS, STATES = 1, 1  # model.safetensors; state.pt (while it trains there is previous.pt too)
STATE = 4  # a checkpoint's copies of the weights: they, Adam's two, the best ones
FLOAT = 4  # bytes
RECORD, RECORDS = 260, 6  # bytes of a record of the history, and records of an epoch
SMALL = 12_000  # bytes of spec, metrics, card, status and the headers of the others


def run_bytes(spec: Spec) -> float:
    """Return the most bytes that a run's folder takes at its end: weights, checkpoints, codes, film and history.

    What is compressed counts in full, so that a run of images takes less. Raises DataError for unknown data.
    """
    sizes = data.describe(spec.data).sizes
    pixel = FLOAT if len(spec.shape) == 1 else 1
    weights = FLOAT * cost.parameters(spec) * (WEIGHTS + STATES * STATE)
    codes = sizes[-1] * (2 * FLOAT * spec.latent + FLOAT)
    shown = 2 * film.SHOWN * pixel * math.prod(spec.shape)
    frame = FLOAT * spec.latent * (min(film.POINTS, sizes[1]) + 1) + shown
    steps = spec.epochs * math.ceil(data.train_size(spec.data, spec.size) / spec.batch)
    frames = len(film.plan(steps)) + 2  # the live one, and what all share
    return weights + codes + frames * frame + spec.epochs * RECORDS * RECORD + SMALL
