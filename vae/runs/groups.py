"""Groups of runs that were made together: which values each has of what was varied, and with which seed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from vae.runs import folders
from vae.runs.run import Run, RunError


@dataclass(frozen=True)
class Group:
    """A run's place in a group: its values by dotted name (vae.spec.varied), and its seed.

    `stop_losers`: it stops early where it cannot win (vae.runs.halving).
    """

    name: str
    values: dict[str, Any] = field(default_factory=dict)
    seed: int = 0
    stop_losers: bool = False


def of(run: Run) -> Group | None:
    """Return a run's place in its group, None for a run that belongs to none that has a proper name."""
    entry = run.meta.get("group")
    if entry is None or not folders.NAME.fullmatch(entry["name"]):
        return None
    return Group(entry["name"], entry["values"], entry["seed"], entry.get("stop_losers") is True)


def by_name(found: Iterable[Any] | None = None) -> dict[str, list[Run]]:
    """Return the groups among some runs (None: the library), sorted by name, each with its runs by seed and values."""
    groups: dict[str, list[tuple[Group, Run]]] = {}
    for run in folders.library([folders.user_runs()]) if found is None else found:
        if isinstance(run, Run) and (group := of(run)) is not None:
            groups.setdefault(group.name, []).append((group, run))
    return {name: [run for _, run in sorted(groups[name], key=_place)] for name in sorted(groups)}


def _place(entry: tuple[Group, Run]) -> tuple[Any, ...]:
    group, run = entry
    # numbers in their order, and words after them
    values = [(0, v, "") if isinstance(v, int | float) else (1, 0, str(v)) for v in group.values.values()]
    return (values, group.seed, run.name)


def settings(runs: Sequence[Run]) -> list[tuple[dict[str, Any], list[Run]]]:
    """Return a group's settings in order: the values of what was varied, and the runs that have them, by seed."""
    found: dict[str, tuple[dict[str, Any], list[Run]]] = {}
    for run in runs:
        if (group := of(run)) is not None:
            found.setdefault(repr(group.values), (group.values, []))[1].append(run)
    return list(found.values())


def check(name: str) -> str:
    """Return a new group's name; raises RunError if it is none, or if such a group is there."""
    if not folders.NAME.fullmatch(name):
        raise RunError(
            f"{name[:80]!r} is no name of a group: use lower-case letters, digits, dots, dashes and underscores."
        )
    if name in by_name():
        raise RunError(f"There is a group {name} already. Choose another name, or delete its runs.")
    return name


def free(name: str) -> str:
    """Return the name, or with a number after it, such that no group has it."""
    taken = by_name()
    return name if name not in taken else next(n for k in count(2) if (n := f"{name}-{k}") not in taken)
