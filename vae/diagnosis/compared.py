"""What is compared when samples are held against data: samples of the model, and the space of the distances."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from vae.diagnosis.limits import SEED
from vae.evaluation import features
from vae.model.families import sample

if TYPE_CHECKING:
    from vae.diagnosis.measure import Case

LEARNT = 5000  # training examples of the classifier
COMPARED = 10_000  # most training examples, and as many held-out ones, that samples are held against
ROWS = 500


def unconditional(case: "Case") -> bool:
    """Return whether the model has one prior, from which it draws images without being given a label."""
    return case.model.prior is not None and case.test.labels is None


@torch.no_grad()
def drawn(case: "Case", n: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Return n samples of p(x|z) [n, *shape], z from the prior, and the means of p(x|z) at the same z."""
    assert case.model.prior is not None
    z = sample(case.model.prior(), n, generator).reshape(n, -1)
    given = [case.model.decode(part) for part in z.split(ROWS)]
    return torch.cat([sample(p, 1, generator)[0] for p in given]), torch.cat([p.mean for p in given])


def taken(case: "Case", order: Tensor, generator: torch.Generator, training: bool = False) -> Tensor:
    """Return held-out or training examples by number, as training draws them."""
    batches = case.train if training else case.test
    return torch.cat([batches.take(part, generator) for part in order.split(ROWS)])


def reserved(case: "Case") -> int:
    """Return how many of the last training examples are held against samples: the classifier does not learn them."""
    return min(case.most(COMPARED, 1), len(case.test), len(case.train) // 2)


@torch.no_grad()
def space(case: "Case") -> tuple[str, Callable[[Tensor], Tensor]]:
    """Return the name of the space in which images are compared, and the map into it.

    It has the features of a classifier of training examples that are not `reserved`, or of unlabelled data the model's
    own codes.
    """
    labels = case.known.labels
    most = min(LEARNT, len(case.train) - reserved(case))
    if labels is not None and len(np.unique(labels[:most])) > 1:
        generator, few = torch.Generator().manual_seed(SEED), slice(0, most)
        learnt = features.classifier(case.train.take(few, generator), torch.from_numpy(labels[few]), SEED)
        return "features", lambda x: torch.cat([learnt(part) for part in x.split(ROWS)])
    return "codes", lambda x: torch.cat([case.model.encode(part).mean for part in x.split(ROWS)])
