"""Measure whether simple statistics of a model's samples have the distribution that they have over the data."""

from typing import TYPE_CHECKING

import torch

from vae.diagnosis import evidence
from vae.diagnosis.compared import ROWS, drawn, taken, unconditional
from vae.diagnosis.limits import SEED
from vae.diagnosis.simulate import SAMPLES
from vae.evaluation.predictive import check
from vae.model.families import sample

if TYPE_CHECKING:
    from vae.diagnosis.measure import Case

LEVELS = tuple(k / 20 for k in range(21))  # of the data's distribution, at which the samples' is kept
DIGITS = 4  # of a kept share


@torch.no_grad()
def statistics(case: "Case") -> evidence.Statistics | None:
    """Return the statistics of samples of p(x|z), z ~ p(z), beside those of held-out examples.

    Both are drawn as training draws them, so that noise is held against noise. The same examples drawn again from their
    own codes, x' ~ p(x|z) with z ~ q(z|x), tell what the likelihood has a part in. None without one prior, and for data
    of fewer than two examples.
    """
    if not unconditional(case):
        return None
    n = min(case.most(SAMPLES, 2), len(case.test))
    if n < 2:
        return None
    generator = torch.Generator().manual_seed(SEED)
    order = torch.randperm(len(case.test), generator=generator)[:n]
    data = taken(case, order, generator)
    made, _ = drawn(case, n, generator)
    codes = torch.cat([sample(case.model.encode(part), 1, generator)[0] for part in data.split(ROWS)])
    again = torch.cat([sample(case.model.decode(part), 1, generator)[0] for part in codes.split(ROWS)])
    found, redrawn = check(data, made), check(data, again)
    levels = torch.tensor(LEVELS, dtype=torch.float64)
    below, middle = dict[str, tuple[float, ...]](), dict[str, tuple[float, ...]]()
    for name, one in found.items():
        places = one.data.quantile(levels)
        shares = torch.searchsorted(one.samples.sort().values, places, right=True) / n
        below[name] = tuple(round(float(share), DIGITS) for share in shares)
        middle[name] = (round(float(one.data.median()), 2 * DIGITS), round(float(one.samples.median()), 2 * DIGITS))
    return evidence.Statistics(
        n,
        {name: round(one.distance, DIGITS) for name, one in found.items()},
        {name: float(f"{one.p:.3g}") for name, one in found.items()},
        {name: round(one.distance, DIGITS) for name, one in redrawn.items()},
        middle,
        below,
    )
