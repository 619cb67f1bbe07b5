"""The lesson of the Theory page on linear models: training of a linear VAE converges to probabilistic PCA."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vae.answers.process import single_threaded

SHOWN = 600  # points
EXAMPLES = 2000
STEPS, FRAMES = 400, 61  # of the ascent, and how many of them are shown: the first ones all, later ones farther apart


class Lesson(NamedTuple):
    """pPCA and a linear VAE of the same images: mean [D], principal axes [D, 2], the VAE's [T, D, 2], all float32.

    `points` [M, 2] are images in the plane of the principal axes; `elbo` [T] increases to `log_px`, nats, means over
    `n`. `steps` [T] are the numbers of the ascent's steps that are shown.
    """

    shape: tuple[int, ...]
    data: str
    mean: NDArray[np.float32]
    axes: NDArray[np.float32]
    walk: NDArray[np.float32]
    steps: NDArray[np.int32]
    sigma: NDArray[np.float64]
    elbo: NDArray[np.float64]
    log_px: float
    points: NDArray[np.float32]
    labels: NDArray[np.int32] | None
    n: int


def frames() -> list[int]:
    """Return the numbers of the steps that are shown, FRAMES of them, from 0 to STEPS."""
    growing = np.geomspace(1, STEPS, FRAMES - 1)
    return [0, *np.maximum(np.rint(growing), np.arange(1, FRAMES)).astype(int).tolist()]


@single_threaded
def lesson(run: Path, name: str) -> Lesson:
    """Return the lesson for the first images of a dataset's test split; raises DataError if the data are missing."""
    from vae import data
    from vae.evaluation.linear import PPCA, ascend

    found = data.load(name, "test", n=EXAMPLES)
    images = found.images
    x = images.reshape(len(images), -1).astype(np.float64)
    if images.dtype == np.uint8:
        x = x / found.levels
    exact = PPCA.fit(x, 2)
    shown = frames()
    way = [step for i, step in enumerate(ascend(x, 2, STEPS, seed=1)) if i in shown]
    unit = exact.weight / np.linalg.norm(exact.weight, axis=0)
    points = (x - exact.bias) @ unit
    return Lesson(
        tuple(images.shape[1:]),
        name,
        exact.bias.astype(np.float32),
        exact.weight.astype(np.float32),
        np.stack([step.model.weight for step in way]).astype(np.float32),
        np.array(shown, np.int32),
        np.array([step.model.sigma for step in way]),
        np.array([step.elbo for step in way]),
        float(exact.log_px(x).mean()),
        points[:SHOWN].astype(np.float32),
        None if found.labels is None else found.labels[:SHOWN].astype(np.int32),
        len(x),
    )
