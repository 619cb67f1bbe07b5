"""Simulation-based calibration on probabilistic PCA, whose posterior is known."""

import pytest
import torch
from ppca import as_vae, random_ppca

from vae.evaluation import simulation


def within(estimate, value: float, errors: float = 4.0) -> bool:
    return abs(estimate.value - value) < errors * estimate.se


def test_true_posterior_has_uniform_ranks():
    found = simulation.ranks(as_vae(random_ppca()), 2000, 63)
    assert found.ranks.shape == (2000, 2) and found.ranks.min() >= 0 and found.ranks.max() <= 63
    assert all(within(e, 0.0) for e in found.shift()) and all(within(e, 1.0) for e in found.spread())
    counts = found.histogram(16)
    assert counts.sum(1).tolist() == [2000, 2000]
    assert ((counts - 125) ** 2 / 125).sum(1).max() < 45  # chi squared with 15 degrees of freedom: p = 8e-5


@pytest.mark.parametrize(("widen", "above"), [(0.5, True), (2.0, False)])
def test_width_of_q_is_told_by_the_spread(widen, above):
    for e in simulation.ranks(as_vae(random_ppca(), widen), 1000, 63).spread():
        assert (e.value - 1 > 4 * e.se) if above else (1 - e.value > 4 * e.se)


def test_shifted_q_is_told_by_the_shift():
    model = as_vae(random_ppca())
    with torch.no_grad():
        model.encoder.net[0].bias[:2] -= torch.tensor([0.3, 0.0])  # q lies too low in the first dimension
    first, second = simulation.ranks(model, 1000, 63).shift()
    assert first.value > 4 * first.se and within(second, 0.0)


def test_bins_hold_equal_numbers_of_ranks():
    found = simulation.ranks(as_vae(random_ppca()), 10, 9)
    with pytest.raises(ValueError, match="10 ranks do not fill 16 bins"):
        found.histogram(16)
    assert found.histogram(5).shape == (2, 5)
