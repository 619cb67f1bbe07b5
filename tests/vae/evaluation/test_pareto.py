"""The Pareto shape of importance weights: the outside judge's, that of known tails, and what has none."""

import math

import numpy as np
import pytest
import torch
from arviz_stats.base import array_stats
from hypothesis import given, settings
from hypothesis import strategies as st
from ppca import as_vae, data_of, random_ppca

from vae.evaluation import pareto


@settings(max_examples=15, deadline=None)
@given(st.integers(30, 3000), st.floats(0.1, 4.0), st.integers(0, 10_000))
def test_shape_is_the_outside_judges(k, wide, seed):
    """Log weights of any size and width: arviz, which fits one example at a time, finds the same shape."""
    log_w = np.random.default_rng(seed).normal(size=(k, 3)) * wide
    found = pareto.shape(torch.from_numpy(log_w))
    _, judged = array_stats.psislw(-log_w.T, axis=-1)  # it takes the densities that it divides by
    assert found.numpy() == pytest.approx(judged, abs=1e-6)


@pytest.mark.parametrize("true", [0.2, 0.5, 0.9])
def test_shape_of_a_known_tail_is_found(true):
    generator = torch.Generator().manual_seed(1)
    u = torch.rand(20_000, 40, generator=generator, dtype=torch.float64)
    log_w = torch.log((u**-true - 1) / true + 1e-12)
    assert float(pareto.shape(log_w).mean()) == pytest.approx(true, abs=0.05)


def test_exact_posterior_has_equal_weights_and_a_narrow_one_a_heavy_tail():
    model = random_ppca()
    x = torch.from_numpy(data_of(model, 20)).float()
    exact = pareto.shapes(as_vae(model), x, 400, torch.Generator().manual_seed(0))
    narrow = pareto.shapes(as_vae(model, widen=0.4), x, 400, torch.Generator().manual_seed(0))
    assert (exact == -math.inf).all() and narrow.median() > pareto.limit(400)


def test_few_or_unusable_weights_are_refused():
    assert pareto.limit(100) == pytest.approx(0.5) and pareto.limit(10**6) == 0.7 and pareto.limit(1) == -math.inf
    with pytest.raises(ValueError, match="at least 25 weights, not 20"):
        pareto.shape(torch.zeros(20, 1))
    with pytest.raises(ValueError, match="0 or infinite"):
        pareto.shape(torch.full((100, 1), -math.inf))
    assert pareto.shape(torch.zeros(100, 2)).tolist() == [-math.inf] * 2
