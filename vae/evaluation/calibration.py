"""Calibration of the likelihood: its sigma against the residuals, its probabilities against frequencies.

x is compared with p(x|z), with one sample z ~ q(z|x) for each example, as in training.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.distributions import Bernoulli, Distribution, Independent, Laplace, Normal

from vae.data.batches import Batches
from vae.evaluation.estimate import Estimate
from vae.model import LatentModel
from vae.model.families import sample
from vae.model.families.pixels import RoundedLogistic

BINS = 10
LOGISTIC = math.pi / math.sqrt(3)  # a logistic variable's standard deviation divided by its scale


@dataclass(frozen=True)
class Reliability:
    """A reliability diagram: predicted against observed values, in bins of the prediction.

    `predicted`, `observed` and `count` [G] omit empty bins; `gap` is the mean over all values of
    |observed - predicted| of their bins (the expected calibration error, Naeini et al. 2015).
    """

    predicted: Tensor
    observed: Tensor
    count: Tensor

    @property
    def gap(self) -> float:
        """The expected calibration error, in the unit of the prediction."""
        return float(((self.predicted - self.observed).abs() * self.count).sum() / self.count.sum())


@dataclass(frozen=True)
class Spread:
    """The predicted sigma and that of the residuals, each a root mean square over pixels and examples.

    `cost` is the loss by their common factor, in nats per example: D ((r^2 - 1) / 2 - ln r), r = residual / predicted,
    for a Normal over D pixels; None for other families.
    """

    predicted: Estimate
    residual: Estimate
    cost: float | None
    reliability: Reliability


def moments(p: Distribution) -> tuple[Tensor, Tensor] | None:
    """Return mean and standard deviation of each pixel of p(x|z), None for a family without a sigma."""
    base = p.base_dist if isinstance(p, Independent) else p
    if isinstance(base, Normal | Laplace):
        return base.mean, base.stddev
    if isinstance(base, RoundedLogistic):
        return base.loc, base.scale * LOGISTIC
    return None


@torch.no_grad()
def _pairs(model: LatentModel, batches: Batches, n: int, seed: int, rows: int) -> list[tuple[Tensor, Distribution]]:
    generator = torch.Generator(batches.examples.device).manual_seed(seed)
    found = []
    for start in range(0, n, rows):
        part = slice(start, min(start + rows, n))
        given = model.given(batches.given(part))
        x = batches.take(part, generator)
        found.append((x, given.decode(sample(given.encode(x), 1, generator)[0])))
    return found


def _binned(predicted: Tensor, observed: Tensor, edges: Tensor) -> Reliability:
    """Return the bins' means of predicted and observed values."""
    index = torch.bucketize(predicted, edges[1:-1])
    count = torch.bincount(index, minlength=len(edges) - 1).double()
    sums = [torch.bincount(index, v.double(), minlength=len(edges) - 1) for v in (predicted, observed)]
    full = count > 0
    return Reliability((sums[0] / count)[full], (sums[1] / count)[full], count[full])


def spread(model: LatentModel, batches: Batches, n: int | None = None, seed: int = 0, rows: int = 500) -> Spread | None:
    """Return the likelihood's sigma and the residuals' for the first n examples, None for a family without a sigma.

    The bins of `reliability` have equal counts, ordered by the predicted sigma; its values are root mean squares.
    Errors are over examples.
    """
    count = len(batches) if n is None else min(n, len(batches))
    sigma2, away2 = [], []
    for x, p in _pairs(model, batches, count, seed, rows):
        found = moments(p)
        if found is None:
            return None
        sigma2.append(found[1].square().flatten(1))
        away2.append((x - found[0]).square().flatten(1))
    predicted, residual = torch.cat(sigma2).double(), torch.cat(away2).double()
    each = [_root(Estimate.of(v.mean(1))) for v in (predicted, residual)]
    r = each[1].value / each[0].value
    cost = predicted.shape[1] * ((r * r - 1) / 2 - math.log(r)) if r > 0 else math.inf
    flat = predicted.flatten()
    part = flat[:: max(1, len(flat) // 100_000)]
    edges = torch.quantile(part, torch.linspace(0, 1, BINS + 1, dtype=torch.float64)).unique()
    if len(edges) < 3:
        edges = torch.tensor([flat.min().item(), flat.max().item()], dtype=torch.float64)
    bins = _binned(flat, residual.flatten(), edges)
    bins = Reliability(bins.predicted.sqrt(), bins.observed.sqrt(), bins.count)
    return Spread(each[0], each[1], cost if _normal(model) else None, bins)


def _normal(model: LatentModel) -> bool:
    from vae.model.families import Normal as NormalFamily

    return isinstance(model.decoder.family, NormalFamily)


def _root(square: Estimate) -> Estimate:
    """Return the root of a mean square, its error by the delta method."""
    root = math.sqrt(square.value)
    return Estimate(root, square.se / (2 * root) if root else 0.0, square.n)


def probabilities(
    model: LatentModel, batches: Batches, n: int | None = None, seed: int = 0, rows: int = 500
) -> Reliability | None:
    """Return the reliability diagram of the predicted probabilities of pixels, for the first n examples.

    Ten bins of equal width in p. None for a likelihood that is no Bernoulli.
    """
    count = len(batches) if n is None else min(n, len(batches))
    edges = torch.linspace(0, 1, BINS + 1)
    parts = []
    for x, p in _pairs(model, batches, count, seed, rows):
        base = p.base_dist if isinstance(p, Independent) else p
        if not isinstance(base, Bernoulli):
            return None
        parts.append(_sums(base.mean.flatten(), x.flatten(), edges))
    predicted, observed, found = torch.stack(parts).sum(0)
    full = found > 0
    return Reliability((predicted / found)[full], (observed / found)[full], found[full])


def _sums(predicted: Tensor, observed: Tensor, edges: Tensor) -> Tensor:
    """Return the sums of both and the counts [3, BINS]."""
    index = torch.bucketize(predicted, edges[1:-1])
    weights = (predicted.double(), observed.double(), torch.ones_like(predicted, dtype=torch.float64))
    return torch.stack([torch.bincount(index, w, minlength=BINS) for w in weights])
