r"""How strange an example is to a model, by scores that are high where it is.

Simple images can have a high likelihood although nothing like them was trained on (Nalisnick et al. 2019). Two scores
answer that: likelihood regret, ELBO(best q) - ELBO(q(z|x)), how much the encoder fails on the example (Xiao et al.
2020), and -log p(x) - L(x), where L(x) is the size of the example as a compressed file (Serra et al. 2020).
"""

import io
import math
from collections.abc import Callable
from contextlib import suppress

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vae.data.batches import Batches
from vae.evaluation.gaps import Rule, means_and_scales, refine
from vae.evaluation.importance import bounds
from vae.evaluation.quadrature import exact
from vae.model import LatentModel

SCORES = ("bound", "likelihood", "regret", "complexity", "distortion")
Found = dict[str, NDArray[np.float64]]

K = 100  # samples of the bounds
STEPS = 12  # of the search for the best q
ROWS = 25  # examples at a time


def strangeness(
    model: LatentModel,
    x: Tensor,
    generator: torch.Generator | None = None,
    k: int = K,
    steps: int = STEPS,
    nodes: Rule | None = None,
) -> dict[str, Tensor]:
    """Return the scores [N] of examples x [N, ...] by name (see SCORES), in nats; larger is stranger.

    log p(x) is exact for d <= 2 and the bound of K samples beyond. The regret needs a q(z|x) that is a Normal with
    independent dimensions and `steps` above 0, the complexity images; where they are not, the score is left out.
    Raises ValueError for an autoencoder.
    """
    if model.prior is None:
        raise ValueError("an autoencoder has no log p(x): of a strange example it knows only the distortion")
    found = bounds(model, x, k, generator)
    assert found.elbo is not None and found.log_px is not None
    prior = model.prior()
    two = prior.event_shape[0] <= 2 and not prior.batch_shape
    log_px = exact(model, x).log_px if two else found.log_px
    scores = {"bound": -found.elbo, "likelihood": -log_px}
    if steps:
        with suppress(TypeError):  # q of another family
            scores["regret"] = regret(model, x, steps, nodes)
    if x.ndim == 4:
        scores["complexity"] = -log_px - torch.from_numpy(compressed(x.numpy(force=True))).to(log_px)
    return scores | {"distortion": found.distortion}


def of_batches(
    model: LatentModel,
    batches: Batches,
    n: int,
    seed: int = 0,
    k: int = K,
    steps: int = STEPS,
    say: Callable[[int], None] = lambda done: None,
) -> Found:
    """Return the scores [n] of n evenly spread examples by name; pixels and samples are drawn from `seed`.

    `say` receives how many examples are done. Raises ValueError as `strangeness` does.
    """
    index = spread(len(batches), n)
    generator = torch.Generator().manual_seed(seed)
    parts: list[dict[str, Tensor]] = []
    for rows in index.split(ROWS):
        given = model.given(batches.given(rows))
        parts.append(strangeness(given, batches.take(rows, generator), generator, k, steps))
        say(sum(len(part["bound"]) for part in parts))
    return {name: torch.cat([part[name].double() for part in parts]).numpy() for name in parts[0]}


def spread(count: int, n: int) -> Tensor:
    """Return the numbers of n examples, evenly spread over `count`; all of them if n is not less."""
    return torch.linspace(0, count - 1, min(n, count)).round().long()


def regret(model: LatentModel, x: Tensor, steps: int = STEPS, nodes: Rule | None = None) -> Tensor:
    """Return max ELBO(q) - ELBO(q(z|x)) [N] over Normals q with independent dimensions, in nats, at least 0.

    Raises TypeError for a q(z|x) of another family.
    """
    with torch.no_grad():
        means_and_scales(model.encode(x[:1]))
    course = refine(model, x, steps, nodes).elbo
    return course[-1] - course[0]


def compressed(x: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the sizes [N] of images [N, C, H, W] of pixels in [0, 1] as PNG files, in nats; of two values as bits."""
    from PIL import Image

    binary = bool(np.isin(x, (0, 1)).all())
    sizes = np.empty(len(x))
    for i, image in enumerate(np.rint(np.clip(x, 0, 1) * 255).astype(np.uint8)):
        shown = Image.fromarray(image.transpose(1, 2, 0) if len(image) == 3 else image[0])
        file = io.BytesIO()
        (shown.convert("1", dither=Image.Dither.NONE) if binary and len(image) == 1 else shown).save(
            file, "PNG", optimize=True
        )
        sizes[i] = 8 * len(file.getvalue()) * math.log(2)
    return sizes
