"""Measure what a model's own images say: whether q(z|x) is its posterior, and how its samples compare with the data."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from vae.diagnosis import evidence
from vae.diagnosis.evidence import Number, number
from vae.diagnosis.limits import SEED
from vae.evaluation import features, pareto, simulation
from vae.evaluation.coverage import NEIGHBOURS, Coverage, coverage
from vae.evaluation.estimate import Estimate
from vae.model.families import sample

if TYPE_CHECKING:
    from vae.diagnosis.measure import Case

SIMULATED, RANKS, BINS = 1000, 127, 16
SAMPLES = 2000  # images of the data, and as many samples of the model
LEARNT = 5000  # training examples of the classifier
WEIGHTS, TAILS = 1000, 200  # importance samples of the Pareto shape, and examples of it
SECONDS = 1.0  # limit of their estimated time
ENOUGH, FEWEST = 100, 50  # importance weights, and examples, of which the share of heavy tails says something


def unconditional(case: "Case") -> bool:
    """Return whether the model has one prior, from which it draws images without being given a label."""
    return case.model.prior is not None and case.test.labels is None


def simulated(case: "Case") -> evidence.Simulated | None:
    """Return the ranks of simulated z in q(z|x); None without one prior, or a q without a density."""
    if not (unconditional(case) and case.run.spec.probabilistic):
        return None
    found = simulation.ranks(case.model, case.most(SIMULATED, 2), RANKS, seed=SEED)
    return evidence.Simulated(
        tuple(number(e) for e in found.shift()),
        tuple(number(e) for e in found.spread()),
        tuple(tuple(int(v) for v in row) for row in found.histogram(BINS)),
        len(found.ranks),
    )


def tails(case: "Case") -> evidence.Tails | None:
    """Return the share of images whose importance weights have too heavy a tail; None without weights.

    A decoder that allows fewer than `ENOUGH` samples of `FEWEST` images in the time is not measured.
    """
    if case.model.prior is None or not case.run.spec.probabilistic:
        return None
    k = next((k for k in (WEIGHTS, 400, ENOUGH) if case.most(TAILS, k, SECONDS) > FEWEST), None)
    if k is None:
        return None
    n = min(case.most(TAILS, k, SECONDS), len(case.test))
    generator = torch.Generator().manual_seed(SEED)
    parts = []
    for start in range(0, n, FEWEST):
        part = slice(start, min(start + FEWEST, n))
        given = case.model.given(case.test.given(part))
        parts.append(pareto.shapes(given, case.test.take(part, generator), k, generator))
    return evidence.Tails(number(Estimate.of((torch.cat(parts) > pareto.limit(k)).double())), k)


@torch.no_grad()
def samples(case: "Case") -> evidence.SampleQuality | None:
    """Return precision, recall, density and coverage of the model's samples, beside those of data against data.

    Both are drawn as training draws them: samples of p(x|z), not its means, against binarised pixels. They are compared
    by the features of a classifier of the data, or of unlabelled data by the model's own codes. None without one prior,
    and for data of fewer than two dozen examples.
    """
    if not unconditional(case):
        return None
    n = min(case.most(SAMPLES, 1), len(case.test) // 2)
    if n <= 2 * NEIGHBOURS + 1:
        return None
    generator = torch.Generator().manual_seed(SEED)
    order = torch.randperm(len(case.test), generator=generator)[: 2 * n]
    data = torch.cat([case.test.take(part, generator) for part in order.split(500)])
    assert case.model.prior is not None
    z = sample(case.model.prior(), n, generator).reshape(n, -1)
    made = torch.cat([sample(case.model.decode(part), 1, generator)[0] for part in z.split(500)])
    space, embed = _space(case, generator)
    real, held_out, drawn = embed(data[:n]), embed(data[n:]), embed(made)
    return evidence.SampleQuality(space, NEIGHBOURS, *_numbers(coverage(real, drawn)),
                                  _numbers(coverage(real, held_out)))  # fmt: skip


def _numbers(found: Coverage) -> tuple[Number, Number, Number, Number]:
    parts = (found.precision, found.recall, found.density, found.coverage)
    a, b, c, d = (number(part) for part in parts)
    return a, b, c, d


def _space(case: "Case", generator: torch.Generator) -> tuple[str, Callable[[Tensor], Tensor]]:
    """Return the name of the space in which images are compared, and the map into it."""
    labels = case.known.labels
    if labels is not None and len(np.unique(labels[:LEARNT])) > 1:
        few = slice(0, min(LEARNT, len(labels)))
        learnt = features.classifier(case.train.take(few, generator), torch.from_numpy(labels[few]), SEED)
        return "features", lambda x: torch.cat([learnt(part) for part in x.split(500)])
    return "codes", lambda x: torch.cat([case.model.encode(part).mean for part in x.split(500)])
