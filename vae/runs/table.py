"""All runs as a table: what differs between their specs, and every measured number with its standard error."""

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vae.runs import folders, groups, status
from vae.runs.run import Run, RunError
from vae.spec import SpecError, varied
from vae.spec.varied import VARIED, written

FIRST = ("elbo", "log_px", "distortion", "rate")  # the numbers that come first
ABOUT = ("run", "title", "group", "state")  # of a row, before the entries of its spec
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a text that begins so is run by programs for tables


@dataclass(frozen=True)
class Number:
    """A measured number: its value, standard error (None for none), count of examples and unit."""

    value: float
    se: float | None
    n: int
    units: str


@dataclass(frozen=True)
class Row:
    """A run: its state, its group's name or "", its spec's entries by dotted name, and its numbers by name."""

    run: Run
    state: str
    group: str
    entries: dict[str, Any]
    numbers: dict[str, Number]

    @property
    def about(self) -> dict[str, str]:
        """Name, title, group and state."""
        return dict(zip(ABOUT, (self.run.name, self.run.title, self.group, self.state), strict=True))


def rows(found: Iterable[Any]) -> list[Row]:
    """Return the rows of the readable runs among some entries of the library, in their order."""
    return [row(run) for run in found if isinstance(run, Run)]


def row(run: Run) -> Row:
    """Return a run's row; numbers that cannot be read are left out."""
    group, now = groups.of(run), status.current(run.path).state
    finished = now == "new" and (run.path / "metrics.json").is_file()  # it came with its results, from elsewhere
    return Row(run, "done" if finished else now, group.name if group else "", varied.flat(run.spec), _numbers(run))


def _numbers(run: Run) -> dict[str, Number]:
    """Return the numbers of the evaluation table, and those of metrics.json, which count where both have a name."""
    found: dict[str, Number] = {}
    for entries in (_table, _metrics):
        try:
            found |= {name: number for name, entry in entries(run) if (number := _number(entry)) is not None}
        except RunError:
            continue
    order = {name: i for i, name in enumerate(FIRST)}
    return dict(sorted(found.items(), key=lambda item: order.get(item[0], len(order))))


def _table(run: Run) -> list[tuple[str, Mapping[str, Any]]]:
    return [(entry["name"], entry) for entry in run.evaluation]


def _metrics(run: Run) -> list[tuple[str, Mapping[str, Any]]]:
    return [(name, entry) for name, entry in run.metrics.items() if isinstance(entry, Mapping)]


def _number(entry: Mapping[str, Any]) -> Number | None:
    value = entry.get("value")
    if value is None:
        return None
    return Number(float(value), entry.get("se"), int(entry.get("n") or 0), str(entry.get("units") or "nats"))


def differing(found: Sequence[Row]) -> list[str]:
    """Return the dotted names whose values are not the same in all rows, in the order of a spec."""
    names = dict.fromkeys(name for one in found for name in one.entries)
    return [name for name in names if any(_value(one, name) != _value(found[0], name) for one in found)]


_ABSENT = object()


def _value(one: Row, name: str) -> Any:
    return one.entries.get(name, _ABSENT)


def metrics(found: Sequence[Row]) -> list[str]:
    """Return the names of the numbers that any row has, the bounds first."""
    names = dict.fromkeys(name for one in found for name in one.numbers)
    return [name for name in FIRST if name in names] + [name for name in names if name not in FIRST]


def chosen(found: Sequence[Row], group: str = "", where: Mapping[str, Sequence[str]] | None = None) -> list[Row]:
    """Return the rows of a group ("": of any), whose spec has one of the given values of each name.

    `where` maps a dotted name, `group`, `state` or `run` to texts. Raises SpecError for a name that no run has, and
    RunError for a group that is not there.
    """
    if group and group not in {one.group for one in found}:
        known = sorted({one.group for one in found} - {""})
        raise RunError(f"There is no group {group[:80]!r} here. Known groups: {', '.join(known) or 'none'}.")
    left = list(found)
    if group:
        by_name = {one.run.name: one for one in found}
        # settings in their order, and seeds within them
        left = [by_name[run.name] for run in groups.by_name([one.run for one in found])[group]]
    for name, texts in (where or {}).items():
        fits = _condition(found, name, texts)
        left = [one for one in left if fits(one)]
    return left


def _condition(found: Sequence[Row], name: str, texts: Sequence[str]) -> Callable[[Row], bool]:
    if name in ABOUT:
        return lambda one: one.about[name] in texts
    if name in VARIED:
        values = [varied.read(name, text) for text in texts]
        # NONE is read as the kind of that name, and the spec of a part that is absent has no kind
        wanted = [None if value == varied.NONE and name.endswith(f".{varied.KIND}") else value for value in values]
        return lambda one: name in one.entries and one.entries[name] in wanted
    if not any(name in one.entries for one in found):
        varied.options(name)  # raises, with a hint
        raise SpecError(f"No run has {name}.")
    return lambda one: name in one.entries and written(one.entries[name]) in texts


def header(fields: Sequence[str], numbers: Sequence[str]) -> list[str]:
    """Return the names of a table's columns; a number has a second one for its standard error."""
    return [*ABOUT, *fields, *(column for name in numbers for column in (name, f"{name}_se"))]


def cells(one: Row, fields: Sequence[str], numbers: Sequence[str]) -> list[Any]:
    """Return a row's cells for `header`: texts, and numbers, or None where it has none."""
    known = [one.numbers.get(name) for name in numbers]
    values = [part for number in known for part in ((number.value, number.se) if number else (None, None))]
    return [*one.about.values(), *(_cell(one.entries.get(name, "")) for name in fields), *values]


def _cell(value: Any) -> Any:
    """Return a number as it is, and anything else as text."""
    return value if isinstance(value, int | float) and not isinstance(value, bool) else written(value)


def to_csv(found: Sequence[Row], fields: Sequence[str] | None = None, numbers: Sequence[str] | None = None) -> str:
    """Return the table as CSV (RFC 4180) with a header; by default with all that differs and all numbers.

    A title that a program for tables would run as a formula has a quote before it.
    """
    fields = differing(found) if fields is None else fields
    numbers = metrics(found) if numbers is None else numbers
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(header(fields, numbers))
    for one in found:
        writer.writerow(
            [f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell
             for cell in cells(one, fields, numbers)]
        )  # fmt: skip
    return text.getvalue()


def library() -> list[Row]:
    """Return the rows of all runs on this machine."""
    return rows(folders.library())
