"""Measure what a model's own images say: whether q(z|x) is its posterior, and how its samples compare with the data."""

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from vae.diagnosis import evidence
from vae.diagnosis.compared import drawn, reserved, space, taken, unconditional
from vae.diagnosis.evidence import Number, number
from vae.diagnosis.limits import SEED
from vae.evaluation import pareto, simulation
from vae.evaluation.codes import by_class
from vae.evaluation.coverage import NEIGHBOURS, Coverage, coverage
from vae.evaluation.estimate import Estimate
from vae.evaluation.kernel_distance import kernel_distance
from vae.evaluation.memorisation import FEWEST as FEWEST_COMPARED
from vae.evaluation.memorisation import memorisation, own_memorisation

if TYPE_CHECKING:
    from vae.diagnosis.measure import Case

SIMULATED, RANKS, BINS = 1000, 127, 16
SAMPLES = 2000  # images of the data, and as many samples of the model
WEIGHTS, TAILS = 1000, 200  # importance samples of the Pareto shape, and examples of it
SECONDS = 1.0  # limit of their estimated time
ENOUGH, FEWEST = 100, 50  # importance weights, and examples, of which the share of heavy tails says something


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
    """Return the numbers of the model's samples against data by nearest neighbours and by a kernel, beside the same of
    data against data, and the coverage of each class.

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
    data = taken(case, order, generator)
    made, _ = drawn(case, n, generator)
    name, embed = space(case)
    real, held_out, ours = embed(data[:n]), embed(data[n:]), embed(made)
    found, best = coverage(real, ours), coverage(real, held_out)
    unit = real.double().square().mean().sqrt()  # a kernel of powers depends on it, and features have none of their own
    return evidence.SampleQuality(
        name,
        NEIGHBOURS,
        *_numbers(found),
        _numbers(best),
        number(kernel_distance(real / unit, ours / unit)),
        number(kernel_distance(real / unit, held_out / unit)),
        _classes(case, order[:n], found.covered, best.covered),
    )


def _classes(case: "Case", order: Tensor, covered: Tensor, best: Tensor) -> dict[str, tuple[Number, Number]]:
    """Return the coverage of each class by samples and by data; a class of one example has no error and is left out."""
    codes = case.run.codes
    if codes.labels is None:
        return {}
    labels = codes.labels[order.numpy()]
    ours, data = (by_class(part.double(), labels, codes.classes) for part in (covered, best))
    return {name: (number(ours[name]), number(data[name])) for name in ours if ours[name].n > 1}


@torch.no_grad()
def memorised(case: "Case") -> evidence.Memorised | None:
    """Return whether samples, and the means of p(x|z), lie nearer to training than to held-out examples.

    They are compared as in `samples`, by training examples that the classifier did not learn, and equally many held-out
    ones. None without one prior, and for data of too few examples.
    """
    if not unconditional(case) or (n := reserved(case)) < FEWEST_COMPARED:
        return None
    generator = torch.Generator().manual_seed(SEED)
    order = torch.randperm(len(case.test), generator=generator)[:n]
    last = torch.arange(len(case.train) - n, len(case.train))
    made, means = drawn(case, case.most(SAMPLES, 1), generator)
    name, embed = space(case)
    held_out = embed(taken(case, order, generator))
    train = embed(taken(case, last, generator, training=True))
    return evidence.Memorised(
        name,
        n,
        len(case.train),
        number(memorisation(embed(made), train, held_out)),
        number(memorisation(embed(means), train, held_out)),
        number(own_memorisation(train, held_out, SAMPLES)),
    )


def _numbers(found: Coverage) -> tuple[Number, Number, Number, Number]:
    parts = (found.precision, found.recall, found.density, found.coverage)
    a, b, c, d = (number(part) for part in parts)
    return a, b, c, d
