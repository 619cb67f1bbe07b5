"""Per-example distortion, rate and ELBO, so that models can be compared image by image on the same binarised pixels."""

from dataclasses import dataclass

import torch
from torch import Tensor

from vae.data.batches import Batches
from vae.evaluation.estimate import Estimate
from vae.evaluation.importance import bounds
from vae.model import LatentModel

ROWS = 500  # examples of a block
SEEDS = 1_000_003  # the difference of successive seeds: the generator uses only the lowest 32 bits
K = 8  # samples of q: with a closed-form rate only the distortion is noisy, and this many reduce its noise


@dataclass(frozen=True)
class Scores:
    """Distortion, rate and ELBO [N] in nats; the last two are None for an autoencoder."""

    distortion: Tensor
    rate: Tensor | None
    elbo: Tensor | None


def block(batches: Batches, part: slice, seed: int = 0) -> tuple[Tensor, torch.Generator]:
    """Return a block of examples, with pixels drawn from `seed` and its position, and the generator for its samples."""
    generator = torch.Generator(batches.examples.device).manual_seed(seed * SEEDS + part.start)
    return batches.take(part, generator), generator


@torch.no_grad()
def scores(model: LatentModel, batches: Batches, k: int = K, seed: int = 0, rows: int = ROWS) -> Scores:
    """Return -E_q log p(x|z), KL(q||p) and their negative sum [N] of every example, each from K samples, in nats.

    Binarisation is drawn block by block from `seed`, before any sample, so that models of the same data get the same
    pixels for any number of latents.
    """
    was_training = model.training
    model.eval()
    parts = []
    for start in range(0, len(batches), rows):
        part = slice(start, min(start + rows, len(batches)))
        x, pixels = block(batches, part, seed)
        parts.append(bounds(model.given(batches.given(part)), x, k, pixels))
    model.train(was_training)
    joined = {}
    for name in ("distortion", "rate", "elbo"):
        values = [getattr(part, name) for part in parts]
        joined[name] = None if any(v is None for v in values) else torch.cat(values)
    assert joined["distortion"] is not None
    return Scores(joined["distortion"], joined["rate"], joined["elbo"])


def difference(a: Tensor, b: Tensor) -> Estimate:
    """Return the mean of a - b [N] with the standard error of the paired differences."""
    return Estimate.of(a.double() - b.double())
