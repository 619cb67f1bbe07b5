"""Two quadratures of one integral that share no node, refined until they agree, no node thrown away.

A lattice and its twin half way between its nodes make, together, the lattice of the next level; its twin's nodes are
the only new ones. So each level costs what all before it did (in two dimensions, where the step falls by sqrt(2) at a
time, as in one), and the two sides of an equation can always be summed over nodes of their own.
"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Generic, NamedTuple, TypeVar

import torch
from torch import Tensor

T = TypeVar("T")


class Twins(NamedTuple, Generic[T]):
    """What was found on a lattice and on its twin: on lists of coarse ones, moved by `shifts` [L, d] of their step."""

    one: list[T]
    other: list[T]
    shifts: Tensor  # those of `one` first


def doubling(look: Callable[[Tensor], Sequence[T]], d: int) -> Iterator[Twins[T]]:
    """Yield the twins of each level for d <= 2, the first a lattice and its twin, as `look(shifts)` finds them.

    The shifts [L, d] are parts of the first lattice's step, float64; what is found on each of the L is one T.
    """
    shifts = torch.zeros(1, d, dtype=torch.float64)
    found = list(look(shifts))
    for level in itertools.count():
        move = torch.zeros(d, dtype=torch.float64)
        along = slice(None) if level % d == 0 else slice(1)  # to the middle of its cells, then of their sides
        move[along] = 0.5 ** (level // d + 1)
        moved = (shifts + move).remainder(1.0)  # a whole step further lie the same nodes
        twin = list(look(moved))
        shifts = torch.cat([shifts, moved])
        yield Twins(found, twin, shifts)
        found = found + twin


def joined(twins: Twins[Tensor]) -> Tensor:
    """Return values [n, ...] of lattices that together are one regular lattice as that lattice's [n m, ...].

    All of them where they are one, else those of the first twin: one of both always is.
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
