"""Which held-out examples the model's samples reach: the coverage of single examples, for the map's colours."""

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from vae.diagnosis.compared import COMPARED, drawn, space, taken, unconditional
from vae.diagnosis.limits import SEED
from vae.evaluation.coverage import NEIGHBOURS, reach

if TYPE_CHECKING:
    from vae.diagnosis.measure import Case


@torch.no_grad()
def reached(case: "Case") -> tuple[Tensor, str] | None:
    """Return the reach [N] of the first N held-out examples by as many samples, and the name of the space.

    See `coverage.reach`. None without one prior, and for too few examples to have neighbours.
    """
    if not unconditional(case):
        return None
    n = min(case.most(COMPARED, 1), len(case.test))
    if n <= NEIGHBOURS:
        return None
    generator = torch.Generator().manual_seed(SEED)
    data = taken(case, torch.arange(n), generator)
    made, _ = drawn(case, n, generator)
    name, embed = space(case)
    return reach(embed(data), embed(made)), name
