"""Measure whether a model finds images of another dataset strange: the scores of its own and of foreign images."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from vae import data
from vae.data import DataError
from vae.data.batches import Batches, prepare
from vae.data.resized import resized
from vae.diagnosis import evidence, roc
from vae.diagnosis.limits import PATIENCE, SEED
from vae.evaluation import gaps, strangeness
from vae.model import LatentModel
from vae.spec import Spec

if TYPE_CHECKING:
    from vae.diagnosis.measure import Case

IMAGES, SAMPLES = 200, 50  # of each dataset, and samples of the bounds
FEWEST = 50
STRANGERS = ("glyphs", "digits")  # they come with the project; the first that is not the model's own
DIGITS = 4  # of a stored score


def opponent(spec: Spec) -> str | None:
    """Return the dataset that a model's images are held against; None for data that are no images."""
    return next((name for name in STRANGERS if name != spec.data), None) if len(spec.shape) == 3 else None


def foreign(name: str, spec: Spec) -> Batches:
    """Return another dataset's test images as the model takes them, resized where they have another shape.

    Raises DataError if one of both is no dataset of images, or is not on this machine.
    """
    if spec.condition is not None:
        raise DataError("A model that is conditioned on labels would need labels of foreign images.")
    return prepare(resized(data.load(name, "test"), data.describe(spec.data)), spec)


def strange(case: "Case") -> evidence.Strange | None:
    """Return the scores of own and foreign images; None for an autoencoder, conditional models, and data of no images.

    The regret is left out where its search would take too long, and everything for the slowest decoders.
    """
    spec = case.run.spec
    against = opponent(spec)
    if against is None or case.model.prior is None or case.test.labels is not None or not spec.probabilistic:
        return None
    nodes = len(gaps.rule(spec.latent)[1])
    # a step needs a gradient, which costs twice what decoding does
    search = 3 * strangeness.STEPS * nodes
    n = case.most(IMAGES, 2 * (SAMPLES + search), 2 * PATIENCE)
    steps = strangeness.STEPS
    if n <= FEWEST:
        n, steps = case.most(IMAGES, 2 * SAMPLES, 2 * PATIENCE), 0
    return compared(case.model, against, case.test, foreign(against, spec), n, steps=steps)


def compared(
    model: LatentModel,
    against: str,
    own: Batches,
    other: Batches,
    n: int,
    k: int = SAMPLES,
    steps: int = strangeness.STEPS,
    say: Callable[[float, str], None] = lambda share, text: None,
) -> evidence.Strange:
    """Return the scores of n evenly spread own and foreign images each, from K samples; `say` receives the progress."""
    sets = []
    for i, batches in enumerate((own, other)):
        count = min(n, len(batches))

        def tell(done: int, i: int = i, count: int = count) -> None:
            say((i + done / count) / 2, f"{done:,} of {count:,} images of {('the data', against)[i]}")

        found = strangeness.of_batches(model, batches, n, SEED, k, steps, tell)
        sets.append({name: tuple(round(float(v), DIGITS) for v in values) for name, values in found.items()})
    numbers = [tuple(strangeness.spread(len(batches), n).tolist()) for batches in (own, other)]
    areas = {name: roc.auc(sets[0][name], sets[1][name]) for name in sets[0]}
    return evidence.Strange(against, numbers[0], numbers[1], sets[0], sets[1], areas)
