"""Lattices that double: no node twice, none lost, and the trapezoid rule's values at every level."""

import itertools
import math

import pytest
import torch

from vae.evaluation.doubling import doubling, joined

COUNT = 6


def nodes(d):
    index = torch.arange(COUNT, dtype=torch.float64)
    return torch.cartesian_prod(*[index] * d).reshape(-1, d)


def levels(d, n, look):
    return list(itertools.islice(doubling(look, d), n))


@pytest.mark.parametrize(("d", "n"), [(1, 5), (2, 6)])
def test_levels_hold_the_one_before_and_share_no_node(d, n):
    """Each level is the union of the one before and shares no node with its twin."""
    seen = levels(d, n, lambda shifts: (nodes(d) + shifts[:, None]).unbind(0))
    for k, twins in enumerate(seen):
        one, other = (torch.cat(side) for side in (twins.one, twins.other))
        assert len(one) == len(other) == COUNT**d * 2**k
        assert len(torch.unique(torch.cat([one, other]), dim=0)) == 2 * len(one)
        assert len(twins.shifts) == 2 ** (k + 1)
        if k:
            before = torch.cat(seen[k - 1].one + seen[k - 1].other)
            assert torch.equal(torch.unique(before, dim=0), torch.unique(one, dim=0))


def test_nothing_is_looked_at_twice():
    asked = []

    def look(shifts):
        asked.extend(tuple(shift.tolist()) for shift in shifts)
        return shifts.unbind(0)

    levels(2, 5, look)
    assert len(asked) == len(set(asked)) == 2**5


@pytest.mark.parametrize("d", [1, 2])
@pytest.mark.parametrize("level", [0, 1, 2, 3])
def test_together_they_are_one_regular_lattice(d, level):
    def look(shifts):
        return (nodes(d) + shifts[:, None]).reshape(-1, *[COUNT] * d, d)[..., 0].unbind(0)

    along = joined(levels(d, level + 1, look)[level])
    finer = len(along) // COUNT
    assert along.shape == (COUNT * finer,) * d
    first = along.reshape(len(along), -1)[:, 0]
    torch.testing.assert_close(first, torch.arange(len(along), dtype=torch.float64) / finer)
    assert (along.reshape(len(along), -1) == first[:, None]).all()


def test_a_kink_s_error_halves_as_often_as_the_nodes_double():
    # E|u . a| of a Normal, whose kink lies on no lattice line
    slope, step = torch.tensor([0.8, 0.33], dtype=torch.float64), 0.8

    def look(shifts):
        axis = torch.arange(-8, 9, dtype=torch.float64)
        u = (torch.cartesian_prod(axis, axis) + shifts[:, None]) * step
        weight = (-0.5 * u.square().sum(-1)).exp()
        return torch.stack([(weight * (u @ slope).abs()).sum(-1), weight.sum(-1)], 1).unbind(0)

    exact = slope.norm().item() * math.sqrt(2 / math.pi)
    errors = []
    for twins in levels(2, 6, look):
        total, weight = torch.stack(twins.one).sum(0)
        errors.append(abs((total / weight).item() - exact))
    assert errors[5] < errors[0] / 16
