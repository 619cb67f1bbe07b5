"""Predictive checks against closed forms: what each statistic is, its distance, and p-values of equal distributions."""

import math

import numpy as np
import pytest
import torch
from scipy.stats import false_discovery_control, kstest, norm

from vae.evaluation import predictive
from vae.evaluation.predictive import check


def images(n, seed=0, side=6):
    return torch.rand(n, 1, side, side, generator=torch.Generator().manual_seed(seed))


def test_statistics_of_a_bar_are_its_own():
    """A vertical bar of 1s, one pixel wide and `high` pixels high, on a sheet of 0s."""
    side, high = 8, 4
    x = torch.zeros(1, 1, side, side, dtype=torch.float64)
    x[0, 0, 2 : 2 + high, 3] = 1
    share = high / side**2
    assert predictive.mean(x).item() == pytest.approx(share)
    assert predictive.deviation(x).item() == pytest.approx(math.sqrt(share * (1 - share)))
    # two edges across the bar in each of its rows, and one at either end of it
    steps = side * (side - 1)
    assert predictive.roughness(x).item() == pytest.approx((2 * high + 2) / steps / 2)
    assert predictive.extent(x).item() == pytest.approx(math.sqrt((high**2 - 1) / 12))
    assert predictive.extent(torch.zeros_like(x)).item() == 0


def test_moving_an_image_changes_no_extent():
    x = torch.zeros(2, 3, 9, 9, dtype=torch.float64)
    blob = torch.rand(3, 4, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    x[0, :, :4, :4], x[1, :, 5:, 3:7] = blob, blob
    a, b = predictive.extent(x)
    assert a.item() == pytest.approx(b.item(), rel=1e-12) and a > 0


@pytest.mark.parametrize("shift", [0.5, 1.0, 2.0])
def test_distance_of_shifted_gaussians_is_its_closed_form(shift):
    """sup |Phi(t) - Phi(t - s)| = 2 Phi(s / 2) - 1 for the mean of one value of variance 1."""
    generator = torch.Generator().manual_seed(3)
    data, made = torch.randn(20_000, 1, generator=generator), shift + torch.randn(20_000, 1, generator=generator)
    found = check(data, made)["mean"]
    assert found.distance == pytest.approx(2 * norm.cdf(shift / 2) - 1, abs=0.02)
    assert found.p < 1e-6


def test_p_values_of_equal_distributions_are_uniform():
    p = [check(images(300, seed), images(300, seed + 1000)) for seed in range(150)]
    least = np.array([min(one.p for one in found.values()) for found in p])
    # Holm's smallest is at most the Bonferroni one: below a level at most as often as the level says
    for level in (0.05, 0.2, 0.5):
        assert (least < level).mean() <= level + 3 * math.sqrt(level * (1 - level) / len(least))
    raw = [predictive.ks_2samp(predictive.mean(images(300, s)), predictive.mean(images(300, s + 1000))).pvalue
           for s in range(150)]  # fmt: skip
    assert kstest(raw, "uniform").pvalue > 1e-3


def test_correction_is_holms():
    """By hand: 0.01, 0.04, 0.03 times 3, 1, 2, each at least the one before it; never below the uncorrected value."""
    checks = {name: predictive.Check(torch.zeros(2), torch.zeros(2), 0.0, p) for name, p in
              (("a", 0.01), ("b", 0.04), ("c", 0.03))}  # fmt: skip
    found = predictive._corrected(checks)
    assert [found[name].p for name in "abc"] == pytest.approx([0.03, 0.06, 0.06])
    uncorrected = np.array([0.01, 0.04, 0.03])
    assert (np.array([found[n].p for n in "abc"]) >= false_discovery_control(uncorrected)).all()


def test_blurred_images_are_told_by_roughness():
    data = images(400)
    blurred = torch.nn.functional.avg_pool2d(images(400, 1), 3, 1, 1)
    found = check(data, blurred)
    assert max(found, key=lambda name: found[name].distance) in ("roughness", "contrast")
    assert found["roughness"].p < 1e-6 and found["roughness"].samples.mean() < found["roughness"].data.mean()


def test_what_cannot_be_checked_is_refused():
    with pytest.raises(ValueError, match="other shapes"):
        check(torch.zeros(5, 3), torch.zeros(5, 4))
    with pytest.raises(ValueError, match="two examples"):
        check(torch.zeros(1, 3), torch.zeros(5, 3))
    with pytest.raises(ValueError, match="not finite"):
        check(torch.full((5, 3), math.nan), torch.zeros(5, 3))
