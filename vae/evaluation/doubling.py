"""Two quadratures of one integral without common nodes, refined until they agree; every node is reused.

A lattice and its twin, shifted half way between its nodes, together form the lattice of the next level; only that
one's twin has new nodes. So each level costs as much as all earlier ones (in two dimensions, where the step falls by
sqrt(2), as in one), and the two sides of an equation can always be summed over different nodes.
"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Generic, NamedTuple, TypeVar

import torch
from torch import Tensor

T = TypeVar("T")


class Twins(NamedTuple, Generic[T]):
    """Values on a lattice and on its twin; each is a list of values on coarse lattices, shifted by parts of a step."""

    one: list[T]
    other: list[T]
    shifts: Tensor  # those of `one` first


def doubling(look: Callable[[Tensor], Sequence[T]], d: int) -> Iterator[Twins[T]]:
    """Yield the twins of each level for d <= 2, the first a lattice and its twin; `look(shifts)` computes the values.

    The shifts [L, d] are parts of the first lattice's step, float64; the values on each of the L lattices are one T.
    """
    shifts = torch.zeros(1, d, dtype=torch.float64)
    found = list(look(shifts))
    for level in itertools.count():
        move = torch.zeros(d, dtype=torch.float64)
        along = slice(None) if level % d == 0 else slice(1)  # to the centre of the cells, then of their sides
        move[along] = 0.5 ** (level // d + 1)
        moved = (shifts + move).remainder(1.0)  # a shift by a whole step gives the same nodes
        twin = list(look(moved))
        shifts = torch.cat([shifts, moved])
        yield Twins(found, twin, shifts)
        found = found + twin


def joined(twins: Twins[Tensor]) -> Tensor:
    """Return the values [n, ...] of lattices that together form one regular lattice, as that lattice's [n m, ...].

    All of them if they form one; otherwise the first twin's lattices do.
    """
    values, d = twins.one + twins.other, twins.one[0].dim()
    finer = round(len(values) ** (1 / d))
    if finer**d != len(values):
        values = twins.one
        finer = round(len(values) ** (1 / d))
    out = values[0].new_empty([n * finer for n in values[0].shape])
    for value, shift in zip(values, twins.shifts, strict=False):
        out[tuple(slice(p, None, finer) for p in (shift * finer).round().int().tolist())] = value
    return out
