"""Measure the evidence that needs the model: one function for each part, on the run's held-out examples.

Every part uses as many examples as a few seconds of one processor allow, states their number, and returns the numbers
of vae.evaluation unchanged.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from vae import data
from vae.data.batches import Batches, prepare
from vae.diagnosis import evidence, hole_map, sample_statistics, simulate, strange_images
from vae.diagnosis.classical import counterpart
from vae.diagnosis.classical_errors import METHODS
from vae.diagnosis.evidence import Number, number
from vae.diagnosis.limits import PATIENCE, SEED
from vae.evaluation import baseline, bounds, calibration, decomposition, exact
from vae.evaluation import width as widths
from vae.evaluation.codes import by_class
from vae.evaluation.estimate import Estimate
from vae.evaluation.information import subset
from vae.evaluation.scores import K, Scores, difference, scores
from vae.evaluation.table import factorised
from vae.model import LatentModel
from vae.model.families import sample
from vae.runs import Run
from vae.spec import cost, work

MOST = 10_000  # examples of a split
IMPORTANCE, BOUNDED, EXACT = 100, 1000, 200  # samples of L_K, and examples of it and of log p(x)
CODED = 5000  # training examples whose codes make q(z)
DECOMPOSED = 2000  # examples of the decomposition, whose cost is quadratic in them
WIDTHS = 1000
WORST = 12
FEW = 50  # least number of examples of a part, even for a slow decoder
SWAPS = 256  # number of z in which each dimension is exchanged


@dataclass(frozen=True)
class Case:
    """A run with its model and its held-out examples, in the order of its codes."""

    run: Run
    model: LatentModel
    test: Batches

    @cached_property
    def known(self) -> data.Dataset:
        """The training examples with their labels."""
        return data.load(self.run.spec.data, "train", n=self.run.spec.size)

    @cached_property
    def train(self) -> Batches:
        """The training examples."""
        return prepare(self.known, self.run.spec)

    def most(self, wanted: int, samples: int, seconds: float = PATIENCE) -> int:
        """Return how many examples, with `samples` decoded samples each, take at most `seconds` by estimate."""
        spec = self.run.spec
        decoder = work.effort(spec.decoder_layers(), (spec.latent,))
        decoder += cost.PER_VALUE * float(np.prod(spec.shape))
        once = work.effort(spec.encoder_layers(), spec.shape) + samples * decoder
        return max(FEW, min(wanted, int(seconds * cost.SPEED / once)))

    def first(self, n: int, batches: Batches | None = None) -> Batches:
        """Return the first n of the held-out examples, or of others."""
        batches = self.test if batches is None else batches
        labels = None if batches.labels is None else batches.labels[:n]
        return replace(batches, examples=batches.examples[:n], labels=labels)

    @cached_property
    def scores(self) -> Scores:
        """Distortion, rate and ELBO of each example, the same as on the Compare page."""
        return scores(self.model, self.first(self.most(min(MOST, len(self.test)), K)))


def _generator(seed: int = SEED) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _worth(found: Scores) -> torch.Tensor:
    """Return the ELBO [N], or for an autoencoder -distortion."""
    return -found.distortion if found.elbo is None else found.elbo


def bound(case: Case) -> evidence.Bound:
    """Return the bound, and the gain over the best model without latents, on the same drawn pixels."""
    found = case.scores
    without = baseline.without_latents(case.run.spec, case.train.take(slice(0, MOST), _generator()))
    base = baseline.log_prob(without, pixels(case.test, len(found.distortion)))
    worth = _worth(found)
    return evidence.Bound(
        number(Estimate.of(worth)),
        number(Estimate.of(found.distortion)),
        None if found.rate is None else number(Estimate.of(found.rate)),
        number(Estimate.of(base)),
        number(difference(worth, base)),
    )


def gap(case: Case) -> evidence.Gap | None:
    """Return the gap log p(x) - ELBO, or L_K - ELBO for d > 2; None without a prior."""
    if case.model.prior is None:
        return None
    exactly = case.run.spec.latent <= 2 and case.test.labels is None
    n = case.most(min(EXACT if exactly else BOUNDED, len(case.test)), IMPORTANCE)
    x, generator = subset(case.test, n, SEED), _generator()
    parts = [
        bounds(case.model.given(case.test.given(part)), x[part], IMPORTANCE, generator)
        for part in (slice(at, min(at + 50, n)) for at in range(0, n, 50))
    ]
    log_px, ess, elbo = (torch.cat([getattr(p, name) for p in parts]) for name in ("log_px", "ess", "elbo"))
    truth = exact(case.model, x).log_px if exactly else None
    gaps = (log_px if truth is None else truth) - elbo
    return evidence.Gap(
        number(Estimate.of(elbo)),
        number(Estimate.of(log_px)),
        IMPORTANCE,
        Estimate.of(ess).value,
        None if truth is None else number(Estimate.of(truth)),
        number(Estimate.of(gaps)),
        tuple(round(v, 4) for v in gaps.tolist()),
    )


def pixels(batches: Batches, n: int, rows: int = 500) -> torch.Tensor:
    """Return the first n examples as `scores` draws them from its seed 0."""
    parts = []
    for start in range(0, n, rows):
        drawn = torch.Generator(batches.examples.device).manual_seed(start)
        parts.append(batches.take(slice(start, min(start + rows, n)), drawn))
    return torch.cat(parts)


def overfitting(case: Case) -> evidence.Overfitting:
    """Return the ELBO on training and on held-out examples; the two samples are independent, so errors add squared."""
    test = _worth(case.scores)
    index = torch.linspace(0, len(case.train) - 1, min(len(test), len(case.train))).long()
    labels = None if case.train.labels is None else case.train.labels[index]
    train = _worth(scores(case.model, replace(case.train, examples=case.train.examples[index], labels=labels)))
    a, b = Estimate.of(train), Estimate.of(test)
    apart = Number(a.value - b.value, float(np.hypot(a.se, b.se)), min(a.n, b.n))
    return evidence.Overfitting(number(a), number(b), apart)


@torch.no_grad()
def reconstruction(case: Case) -> evidence.Reconstruction:
    """Return errors by class, the worst examples, and squared errors of the model and of a classical method."""
    distortion, codes = case.scores.distortion, case.run.codes
    n = len(distortion)
    classes = {} if codes.labels is None else by_class(distortion, codes.labels[:n], codes.classes)
    worst = torch.argsort(distortion, descending=True)[:WORST]
    m = case.most(n, 1)
    x = pixels(case.test, m)
    decoded = []
    for at in range(0, m, 500):
        part = slice(at, min(at + 500, m))
        given = case.model.given(case.test.given(part))
        decoded.append(given.decode(given.encode(x[part]).mean).mean)
    error = (x - torch.cat(decoded)).flatten(1).double().square().sum(1)
    known = case.train.take(slice(0, MOST), _generator()).flatten(1).double()
    method, size = counterpart(case.run.spec)
    classical = METHODS[method](known, x.flatten(1).double(), size)
    variance = (x.flatten(1).double() - known.mean(0)).square().sum(1)
    return evidence.Reconstruction(
        number(Estimate.of(distortion)),
        {name: number(found) for name, found in classes.items()},
        tuple(worst.tolist()),
        tuple(distortion[worst].tolist()),
        number(Estimate.of(error)),
        number(Estimate.of(classical)),
        number(difference(classical, error)),
        number(Estimate.of(variance)),
    )


@torch.no_grad()
def _encoded(case: Case) -> tuple[NDArray[np.float64], NDArray[np.float64] | None, str]:
    """Return means and scales [N, d] of the training examples, on which the decoder was trained."""
    means, scales = [], []
    generator = _generator()
    n = min(CODED, len(case.train))
    for at in range(0, n, 1000):
        part = slice(at, min(at + 1000, n))
        q = case.model.given(case.train.given(part)).encode(case.train.take(part, generator))
        means.append(q.mean.double())
        if case.run.spec.probabilistic:
            scales.append(q.stddev.double())
    return torch.cat(means).numpy(), torch.cat(scales).numpy() if scales else None, "training"


def holes_of(case: Case) -> evidence.Holes | None:
    """Return the holes of the training examples' codes; None for a prior that depends on the label, and of one code."""
    if case.test.labels is not None and case.run.spec.probabilistic and not case.run.spec.standard_prior:
        return None
    if len(case.train) < 2:
        return None  # a single code has no neighbours
    means, scales, split = _encoded(case)
    return hole_map.found(case.run, means, scales, split, case.model)


def likelihood(case: Case) -> evidence.Likelihood | None:
    """Return the likelihood's calibration; None for a continuous Bernoulli, which has neither sigma nor frequencies."""
    n = case.most(min(MOST, len(case.test)), 1)
    chance = calibration.probabilities(case.model, case.test, n, SEED)
    if chance is not None:
        return evidence.Likelihood("probability", None, None, None, chance.gap, _bins(chance))
    spread = calibration.spread(case.model, case.test, min(n, 2000), SEED)
    if spread is None:
        return None
    bins = _bins(spread.reliability)
    return evidence.Likelihood(
        "sigma", number(spread.predicted), number(spread.residual), spread.cost, None, bins
    )  # fmt: skip


def _bins(found: calibration.Reliability) -> tuple[tuple[float, float, float], ...]:
    columns = (found.predicted.tolist(), found.observed.tolist(), found.count.tolist())
    return tuple(zip(*columns, strict=True))


def width(case: Case) -> evidence.Width | None:
    """Return the ELBO with wider and narrower q; None if q has no such form."""
    if case.model.prior is None:
        return None
    factors = widths.FACTORS
    n = case.most(min(WIDTHS, len(case.test)), 8 * (len(factors) + 3))
    found = widths.width(case.model, case.test, n, factors, seed=SEED)
    if found is None:
        return None
    slope = None if found.slope is None else number(found.slope)
    return evidence.Width(found.factors, tuple(number(g) for g in found.gain), slope)


@torch.no_grad()
def decoder(case: Case) -> evidence.Decoder:
    r"""Return the share of the pixels' variance that each dimension causes.

    share_j = E ||m(z) - m(z')||^2 / (2 sum_i Var x_i), z ~ q(z) and z' the same but for z_j, which is another draw of
    q(z_j): the first-order total index of Sobol (Jansen 1999), over the variance of the data.
    """
    n = min(len(case.test), max(FEW, case.most(SWAPS, case.run.spec.latent + 1)))
    generator = _generator()
    batches = case.first(n)
    given = case.model.given(batches.given(slice(0, n)))
    x = batches.take(slice(0, n), generator)
    z = sample(given.encode(x), 1, generator)[0]
    whole = x.flatten(1).double().var(0).sum()
    before = given.decode(z).mean.flatten(1)
    shares = []
    for j in range(z.shape[1]):
        other = z.clone()
        other[:, j] = z[torch.randperm(n, generator=generator), j]
        moved = (given.decode(other).mean.flatten(1) - before).double().square().sum(1) / (2 * whole)
        shares.append(number(Estimate.of(moved)))
    return evidence.Decoder(tuple(shares))


@torch.no_grad()
def surgery(case: Case) -> evidence.Surgery | None:
    """Return the rate's decomposition; None if q's marginals are unknown, or the model is conditioned on labels."""
    if case.model.prior is None or case.test.labels is not None or not factorised(case.model, case.test):
        return None
    n = min(DECOMPOSED, len(case.test))
    found = decomposition(case.model.encode(subset(case.test, n, SEED)), case.model.prior(), 1, _generator())
    by_dimension = None if found.by_dimension is None else tuple(found.by_dimension.tolist())
    return evidence.Surgery(
        number(found.mutual_information),
        number(found.total_correlation),
        number(found.dimension_kl),
        by_dimension,
        number(found.rate),
        found.cap,
        found.capped,
    )


MEASURES: dict[str, Callable[[Case], Any]] = {
    "bound": bound,
    "decoder": decoder,
    "likelihood": likelihood,
    "width": width,
    "overfitting": overfitting,
    "reconstruction": reconstruction,
    "holes": holes_of,
    "surgery": surgery,
    "gap": gap,
    "tails": simulate.tails,
    "simulated": simulate.simulated,
    "samples": simulate.samples,
    "memorised": simulate.memorised,
    "statistics": sample_statistics.statistics,
    "strange": strange_images.strange,
}
