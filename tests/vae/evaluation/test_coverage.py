"""Precision, recall, density and coverage: their values for equal distributions, and what each of them tells apart."""

import math

import pytest
import torch

from vae.evaluation.coverage import coverage, expected_coverage, reach


def normal(n: int, d: int = 4, seed: int = 0) -> torch.Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed))


def test_equal_distributions_have_the_known_values():
    assert expected_coverage(10_000, 10_000, 5) == pytest.approx(0.96877, abs=1e-5)
    found = [coverage(normal(400, seed=i), normal(600, seed=100 + i)) for i in range(20)]
    dense = torch.tensor([f.density.value for f in found])
    covered = torch.tensor([f.coverage.value for f in found])
    for values, expected in ((dense, 1.0), (covered, expected_coverage(400, 600, 5))):
        assert abs(values.mean() - expected) < 4 * values.std() / math.sqrt(len(values))


def test_few_modes_are_precise_and_not_recalled():
    """Samples that are nearly one image: all real, and nearly no image of the data among them."""
    data = normal(1000)
    found = coverage(data, data[:1] + 0.01 * normal(500, seed=2))
    assert found.precision.value == 1 and found.recall.value < 0.02 and found.coverage.value < 0.1
    assert found.covered[0] and found.real.all()


def test_wide_samples_are_recalled_and_not_precise():
    found = coverage(normal(1000), 4 * normal(1000, seed=2))
    assert found.recall.value > 0.9 > 0.4 > found.precision.value


def test_place_and_unit_of_the_space_change_nothing():
    data, samples = normal(300), 1.3 * normal(300, seed=1)
    one, other = coverage(data, samples), coverage(1e3 * data + 1e5, 1e3 * samples + 1e5)
    assert one.density.value == pytest.approx(other.density.value, abs=0.02)
    assert one.coverage.value == pytest.approx(other.coverage.value, abs=0.02)


def test_reach_below_one_is_what_coverage_means():
    for samples in (normal(400, seed=2), 0.3 * normal(400, seed=3), 50 + normal(400, seed=4)):
        data = normal(500)
        assert ((reach(data, samples) < 1) == coverage(data, samples).covered).all()


def test_reach_of_points_on_a_line_is_known():
    """Neighbours at 1, 2, ... and samples at −1: distances over the radius, which is 5 at the end."""
    line = torch.arange(20.0)[:, None]
    found = reach(line, torch.full((6, 1), -1.0))
    assert found[0] == 1 / 5 and found[19] == 20 / 5 and found[10] == pytest.approx(11 / 3)
    assert reach(torch.zeros(10, 1), normal(10, 1)).isnan().all()


def test_sets_that_have_no_neighbours_are_refused():
    with pytest.raises(ValueError, match="more than 5 points"):
        coverage(normal(5), normal(50))
    with pytest.raises(ValueError, match="not of one space"):
        coverage(normal(50, 2), normal(50, 3))
    with pytest.raises(ValueError, match="not finite"):
        coverage(normal(50), normal(50) / 0)
