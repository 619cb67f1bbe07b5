"""A sweep: a group of runs that differ in some entries of a spec, each trained with several seeds."""

import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from vae.data import DataError, describe
from vae.data.completion import complete
from vae.runs import groups, manage, quota, space
from vae.runs.run import Run
from vae.spec import Spec, SpecError, varied
from vae.spec.fields import LARGEST_SEED, Scalar

MOST_RUNS = 200  # as many as may wait in a queue
MOST_NAME = 60
STEPS = {"epochs", "batch", "size"}  # what changes the number of steps, within which a schedule is to end
SEEDS = Scalar("Seeds", "How many seeds each setting is trained with.", 3, 1, MOST_RUNS, (1, 2, 3, 5, 10), whole=True)


@dataclass(frozen=True)
class Member:
    """One run of a sweep: its spec, and the values that it has of what is varied, by dotted name."""

    spec: Spec
    values: dict[str, Any]

    @property
    def title(self) -> str:
        """The values and the seed in words."""
        said = [f"{name} = {varied.written(value)}" for name, value in self.values.items()]
        return ", ".join([*said, f"seed {self.spec.seed}"])


@dataclass(frozen=True)
class Sweep:
    """A group of runs that are to be made; `stop_losers`: see vae.runs.halving."""

    name: str
    members: tuple[Member, ...]
    stop_losers: bool = False

    @property
    def specs(self) -> list[Spec]:
        """The specs of the runs, in the order in which they are queued."""
        return [member.spec for member in self.members]


def plan(base: Spec, vary: Mapping[str, Sequence[Any]], seeds: int, name: str = "", stop_losers: bool = False) -> Sweep:
    """Return a sweep: every combination of the values of `vary` (dotted name -> values), with so many seeds each.

    The seeds begin at the base's; every combination comes before the next seed. Raises SpecError or DataError, with the
    name and the value at fault, if any run could not be trained, and RunError for a group that is there.
    """
    if problem := SEEDS.problem(seeds):
        raise SpecError(problem)
    for field, values in vary.items():
        varied.options(field)
        _check_values(field, values)
    settings = [dict(zip(vary, values, strict=True)) for values in product(*vary.values())]
    if (count := len(settings) * seeds) > MOST_RUNS:
        raise SpecError(
            f"{len(settings):,} settings with {seeds:,} seeds are {count:,} runs; a sweep has at most {MOST_RUNS}. "
            "Give fewer values or seeds."
        )
    if base.seed + seeds - 1 > LARGEST_SEED:
        raise SpecError(f"{seeds} seeds from {base.seed:,} go beyond {LARGEST_SEED:,}. Begin with a smaller seed.")
    name = groups.check(name) if name else groups.free(_usual_name(base, vary))
    made = [(_made(base, values), values) for values in settings]
    members = [
        Member(Spec(**{**vars(spec), "seed": base.seed + k}), values) for k in range(seeds) for spec, values in made
    ]
    return Sweep(name, tuple(members), stop_losers)


def _check_values(field: str, values: Sequence[Any]) -> None:
    if not values:
        raise SpecError(f"{field}: give at least one value.")
    words = [varied.written(value) for value in values]
    if double := next((word for word in words if words.count(word) > 1), None):
        raise SpecError(f"{field}: {double} is there {words.count(double)} times. Give each value once.")


def _usual_name(base: Spec, vary: Mapping[str, Sequence[Any]]) -> str:
    words = "-".join([base.preset, base.data, *(field.rpartition(".")[2] for field in vary)])
    return re.sub(r"[^a-z0-9]+", "-", words.lower())[:MOST_NAME].strip("-")


def _made(base: Spec, values: Mapping[str, Any]) -> Spec:
    """Return the spec of a setting, checked as for training; raises SpecError or DataError with the values at fault."""
    said = {name for name in values if name == "binarisation"}
    said |= set() if STEPS.intersection(values) else {"objective"}
    try:
        entries = varied.changed(vars(base), values)
        Spec(**entries)  # what is wrong with the values themselves comes before what the data say to them
        # what follows from the data is completed for a kind that is chosen here, as the command line does
        spec = Spec(**complete(entries, describe(base.data), said)) if values else base
        manage.check(spec)
        return spec
    except (SpecError, DataError) as error:
        raise type(error)(f"{_at_fault(values, error)}{error}") from error


def _at_fault(values: Mapping[str, Any], error: Exception) -> str:
    """Return the names and values that an error is about, as the beginning of its message."""
    parts = {part for part, _ in getattr(error, "problems", [])}
    about = {name: value for name, value in values.items() if name.partition(".")[0] in parts} or values
    said = ", ".join(f"{name}={varied.written(value)}" for name, value in about.items())
    return f"{said}: " if said else ""


def create(sweep: Sweep, owner: str) -> list[Run]:
    """Create the folders of a sweep, ready to train, each with its group in meta.json.

    Raises SpecError, DataError, RunError or QuotaError if not all runs may be made: then none is there.
    """
    groups.check(sweep.name)
    quota.check(owner, len(sweep.members), round(sum(map(space.run_bytes, sweep.specs))))
    made: list[Run] = []
    try:
        for member in sweep.members:
            made.append(manage.create(member.spec, owner, f"{sweep.name}: {member.title}", group=_entry(sweep, member)))
    except BaseException:
        discard(made)
        raise
    return made


def discard(made: Sequence[Run]) -> None:
    """Remove new folders of runs that never trained."""
    for run in made:
        shutil.rmtree(run.path, ignore_errors=True)


def _entry(sweep: Sweep, member: Member) -> dict[str, Any]:
    entry = {"name": sweep.name, "values": member.values, "seed": member.spec.seed}
    return entry | ({"stop_losers": True} if sweep.stop_losers else {})
