"""Memorisation: a half for fresh samples, 1 for copies, the known share between, and the error of chance."""

import math

import pytest
import torch

from vae.evaluation.memorisation import memorisation, own_memorisation


def normal(n: int, seed: int, d: int = 4) -> torch.Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed))


def deviations(found):
    return torch.tensor([(f.value - 0.5) / f.se for f in found], dtype=torch.float64)


@pytest.mark.parametrize(("d", "m"), [(1, 300), (4, 60), (30, 300)])
def test_fresh_samples_are_a_half_within_the_error(d, m):
    """In one dimension, in few samples, and in thirty dimensions, where few examples are the nearest of many."""
    z = deviations([memorisation(normal(m, i, d), normal(80, 500 + i, d), normal(80, 900 + i, d)) for i in range(200)])
    assert abs(z.mean()) < 4 / math.sqrt(200) and 0.8 < z.std() < 1.2


@pytest.mark.parametrize("d", [2, 30])
def test_data_against_data_are_a_half_within_the_error(d):
    z = deviations([own_memorisation(normal(100, i, d), normal(100, 700 + i, d), 60) for i in range(200)])
    assert abs(z.mean()) < 4 / math.sqrt(200) and 0.7 < z.std() < 1.5


def test_copies_are_all_nearer_to_training_examples():
    train, held_out = normal(300, 1), normal(300, 2)
    found = memorisation(train, train, held_out)
    assert found.value == 1 and found.se == pytest.approx(1 / math.sqrt(8 * 300), rel=0.01)
    assert memorisation(held_out, train, held_out).value == 0


def test_copies_far_from_zero_are_still_copies():
    train, held_out = normal(300, 1).double() + 1e6, normal(300, 2).double() + 1e6
    assert memorisation(train, train, held_out).value == 1


def test_copier_of_more_examples_than_compared_has_its_known_share():
    training, samples = normal(2000, 1), normal(2000, 1)
    found = memorisation(samples, training[:500], normal(500, 2))
    assert abs(found.value - 0.625) < 4 * found.se


def test_samples_at_one_place_prove_no_copy():
    """All samples are one fresh image: the nearest example is a training one by chance, and the error says so."""
    found = memorisation(normal(1, 5).expand(400, -1), normal(300, 1), normal(300, 2))
    assert found.value in (0, 1) and found.se == pytest.approx(0.5, abs=1e-3)


def test_ties_count_a_half():
    same = normal(50, 1)
    assert memorisation(normal(200, 3), same, same).value == 0.5


def test_sets_that_cannot_be_compared_are_refused():
    with pytest.raises(ValueError, match="as many of each"):
        memorisation(normal(9, 0), normal(50, 1), normal(40, 2))
    with pytest.raises(ValueError, match="10 examples of each kind"):
        own_memorisation(normal(9, 1), normal(9, 2))
    with pytest.raises(ValueError, match="not of one space"):
        memorisation(normal(9, 0, 3), normal(50, 1), normal(50, 2))
    with pytest.raises(ValueError, match="not finite"):
        memorisation(normal(9, 0) / 0, normal(50, 1), normal(50, 2))
