"""What the Compare page asks the pool for: each example's own numbers, so that models are compared image by image."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vae.answers.loaded import encoded_examples, open_model


class Scores(NamedTuple):
    """Distortion, rate and ELBO [N] of the test split in the order of the codes, nats; None where a model has none."""

    distortion: NDArray[np.float32]
    rate: NDArray[np.float32] | None
    elbo: NDArray[np.float32] | None


def scores(run: Path) -> Scores:
    """Return the numbers of each example that the codes are of, see vae.evaluation.scores; RunError and DataError."""
    from vae.evaluation.scores import scores as of_model

    opened, model = open_model(run)
    batches = encoded_examples(opened)
    found = of_model(model, batches)  # one seed for all models: the same pixels
    rate, elbo = (None if part is None else part.float().numpy() for part in (found.rate, found.elbo))
    return Scores(found.distortion.float().numpy(), rate, elbo)
