r"""Predictive checks: simple statistics of single examples, of data beside a model's samples.

    distance = sup_t |F(t) - G(t)|

of the distribution functions F and G of a statistic over data and over samples (Kolmogorov-Smirnov). Where both have
one distribution, its p-value is uniform, and larger where the statistic has equal values, as counts of pixels have. The
p-values of several statistics are corrected by Holm's method. Sources: Gelman, Meng & Stern 1996 (checks by statistics
of replicated data), Holm 1979.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from scipy.stats import ks_2samp
from torch import Tensor

Statistic = Callable[[Tensor], Tensor]


def mean(x: Tensor) -> Tensor:
    """Return the mean of each example's values [N]."""
    return x.flatten(1).mean(1)


def deviation(x: Tensor) -> Tensor:
    """Return the standard deviation of each example's values [N]."""
    return x.flatten(1).std(1, correction=0)


def roughness(x: Tensor) -> Tensor:
    """Return the mean absolute difference of neighbouring values [N], along the last dimensions after the channels."""
    along = range(2, x.ndim) if x.ndim > 2 else (1,)
    return torch.stack([x.diff(dim=k).abs().flatten(1).mean(1) for k in along]).mean(0)


def extent(x: Tensor) -> Tensor:
    """Return the root-mean-square distance [N], in pixels, of an image's brightness [N, C, H, W] from its centre.

    It is 0 for an image without any.
    """
    weight = x.clamp(min=0).sum(1)
    total = weight.sum((1, 2)).clamp(min=torch.finfo(weight.dtype).tiny)
    up, across = (torch.arange(n, dtype=x.dtype, device=x.device) for n in weight.shape[1:])
    variances = []
    for places, part in ((up, weight.sum(2)), (across, weight.sum(1))):
        centre = (part * places).sum(1) / total
        variances.append((part * (places - centre[:, None]) ** 2).sum(1) / total)
    return (variances[0] + variances[1]).sqrt()


def largest(x: Tensor) -> Tensor:
    """Return the largest magnitude of each example's values [N]."""
    return x.flatten(1).abs().amax(1)


OF_IMAGES: Mapping[str, Statistic] = {
    "brightness": mean,
    "contrast": deviation,
    "roughness": roughness,
    "extent": extent,
}
OF_ROWS: Mapping[str, Statistic] = {"mean": mean, "standard deviation": deviation, "largest magnitude": largest}


@dataclass(frozen=True)
class Check:
    """A statistic of data [N] and of samples [M], the distance of their distributions, and its corrected p-value."""

    data: Tensor
    samples: Tensor
    distance: float
    p: float


def check(data: Tensor, samples: Tensor) -> dict[str, Check]:
    """Return the checks of data [N, ...] beside samples [M, ...], by the statistic's name.

    Images [C, H, W] have other statistics than rows. Raises ValueError for examples of other shapes, for fewer than two
    of either, or with values that are not finite.
    """
    if data.shape[1:] != samples.shape[1:]:
        raise ValueError(f"data {list(data.shape[1:])} and samples {list(samples.shape[1:])} have other shapes")
    if min(len(data), len(samples)) < 2:
        raise ValueError(f"a check needs two examples of each, not {min(len(data), len(samples))}")
    if not (data.isfinite().all() and samples.isfinite().all()):
        raise ValueError("some examples are not finite, so they have no statistics")
    found = {}
    for name, of in (OF_IMAGES if data.ndim == 4 else OF_ROWS).items():
        ours, theirs = of(data.double()), of(samples.double())
        test = ks_2samp(ours.numpy(), theirs.numpy(), method="asymp")
        found[name] = Check(ours, theirs, float(test.statistic), float(test.pvalue))
    return _corrected(found)


def _corrected(found: dict[str, Check]) -> dict[str, Check]:
    """Correct the p-values for their number: the k-th smallest of n by n - k + 1, and none below one before it."""
    order = sorted(found, key=lambda name: found[name].p)
    least, corrected = 0.0, {}
    for k, name in enumerate(order):
        one = found[name]
        least = max(least, min(1.0, (len(order) - k) * one.p))
        corrected[name] = Check(one.data, one.samples, one.distance, least)
    return {name: corrected[name] for name in found}
