"""The kernel distance: 0 for equal distributions, the closed form of Gaussians, and the double sum term by term."""

import math

import pytest
import torch

from vae.evaluation.kernel_distance import kernel_distance, unbiased


def normal(n: int, seed: int, d: int = 3) -> torch.Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed))


def by_moments(x: list[float], y: list[float]) -> float:
    """MMD^2 in one dimension from the first three moments."""
    return sum(math.comb(3, j) * (a - b) ** 2 for j, (a, b) in enumerate(zip(x, y, strict=True), 1))


def test_equal_distributions_are_zero_within_the_error():
    found = [kernel_distance(normal(300, i), normal(400, 500 + i)) for i in range(100)]
    z = torch.tensor([f.value / f.se for f in found])
    assert abs(z.mean()) < 0.4 and 0.8 < z.std() < 1.3
    assert min(f.value for f in found) < 0 < max(f.value for f in found)


@pytest.mark.parametrize(("mean", "sigma"), [(0.5, 1.0), (0.0, 1.5), (-0.4, 0.7)])
def test_gaussians_have_the_closed_form(mean, sigma):
    moments = [mean, mean**2 + sigma**2, mean**3 + 3 * mean * sigma**2]
    truth = by_moments([0.0, 1.0, 0.0], moments)
    found = kernel_distance(normal(10_000, 1, 1), mean + sigma * normal(10_000, 2, 1))
    assert abs(found.value - truth) < 4 * found.se < 0.8 * truth


def test_estimate_is_the_double_sum_over_different_points():
    x, y = normal(6, 1).double(), 0.5 + normal(5, 2).double()

    def mean(a, b, pairs):
        return sum((float(a[i] @ b[j]) / 3 + 1) ** 3 for i, j in pairs) / len(pairs)

    def apart(n):
        return [(i, j) for i in range(n) for j in range(n) if i != j]

    both = [(i, j) for i in range(6) for j in range(5)]
    truth = mean(x, x, apart(6)) + mean(y, y, apart(5)) - 2 * mean(x, y, both)
    assert unbiased(x, y).item() == pytest.approx(truth, abs=1e-12)


def test_estimate_has_no_bias_however_few_the_points():
    """Two points of each set, drawn from 4 values in all ways: the mean is the distance of the two distributions."""
    x, y = torch.tensor([0.0, 1.0, 2.0, 5.0]).double(), torch.tensor([0.5, 1.0, 4.0, 4.0]).double()
    pairs = torch.cartesian_prod(torch.arange(4), torch.arange(4))
    one, other = x[pairs], y[pairs]
    every = [unbiased(one[i][:, None], other[j][:, None]) for i in range(16) for j in range(16)]
    truth = by_moments(*([(v**j).mean().item() for j in (1, 2, 3)] for v in (x, y)))
    assert torch.stack(every).mean().item() == pytest.approx(truth, rel=1e-12)


def test_sets_without_blocks_are_refused():
    with pytest.raises(ValueError, match="12 points in each set, not 11"):
        kernel_distance(normal(11, 0), normal(50, 1))
    with pytest.raises(ValueError, match="not of one space"):
        kernel_distance(normal(50, 0, 2), normal(50, 1, 3))
    with pytest.raises(ValueError, match="not finite"):
        kernel_distance(normal(50, 0) / 0, normal(50, 1))
    assert kernel_distance(normal(12, 0), normal(12, 1)).n == 4
