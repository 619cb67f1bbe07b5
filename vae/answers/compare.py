"""The Compare page's computation in the pool: per-example scores, so that models are compared image by image."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vae.answers.loaded import encoded_examples, open_model


class Scores(NamedTuple):
    """Distortion, rate and ELBO [N] of the test split in the order of the codes, nats; None if the model has none."""

    distortion: NDArray[np.float32]
    rate: NDArray[np.float32] | None
    elbo: NDArray[np.float32] | None


def scores(run: Path) -> Scores:
    """Return the scores of each code's example, see vae.evaluation.scores; raises RunError and DataError."""
    from vae.evaluation.scores import scores as of_model

    opened, model = open_model(run)
    batches = encoded_examples(opened)
    found = of_model(model, batches)  # one seed for all models, so that pixels are binarised equally
    rate, elbo = (None if part is None else part.float().numpy() for part in (found.rate, found.elbo))
    return Scores(found.distortion.float().numpy(), rate, elbo)
