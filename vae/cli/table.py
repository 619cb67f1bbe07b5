"""All runs as a table: what differs between their specs, and their numbers with standard errors."""

import argparse
import sys
from collections.abc import Sequence

from vae.cli import dotted
from vae.runs import table
from vae.runs.table import ABOUT, FIRST, Row
from vae.spec import SpecError
from vae.spec.varied import written

HELP = "all runs as a table, also as CSV"
ALWAYS = ("preset", "data", "latent")  # what is shown of a run's spec where no group is chosen


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give the command its arguments."""
    parser.add_argument(
        "--csv", action="store_true",
        help="Print CSV (RFC 4180) with all that differs and all numbers. (default: a table with the bounds)",
    )  # fmt: skip
    parser.add_argument("--group", default="", help="Only the runs of a group. (default: all runs)")
    parser.add_argument(
        "--where", action="append", default=[], metavar="NAME=VALUES",
        help="Only runs that have one of these values, such as objective.beta=1 or data=digits,mnist; several are "
        "combined. (default: all runs)",
    )  # fmt: skip


def run(given: argparse.Namespace) -> None:
    """Print the table."""
    found = table.chosen(table.library(), given.group, _where(given.where))
    if given.csv:
        # as it is: the lines end with two characters
        sys.stdout.reconfigure(newline="")  # type: ignore[union-attr]
        sys.stdout.write(table.to_csv(found))
    else:
        _print(found, given.group)


def show(group: str) -> None:
    """Print the table of a group."""
    _print(table.chosen(table.library(), group), group)


def _where(words: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for word in words:
        name, equals, values = word.partition("=")
        if not equals or not values:
            raise SpecError(f"--where {word}: give a name and values, such as objective.beta=1.")
        found.setdefault(dotted.name_of(name), []).extend(values.split(","))
    return found


def _print(found: Sequence[Row], group: str) -> None:
    if not found:
        print("no runs")
        return
    fields = table.differing(found) if group else list(ALWAYS)
    numbers = [name for name in table.metrics(found) if name in FIRST]
    about = [name for name in ABOUT if name != "title" and not (group and name == "group")]
    lines = [[*about, *fields, *(f"{name}, nats" for name in numbers)]]
    for one in found:
        entries = [written(one.entries[name]) if name in one.entries else "" for name in fields]
        lines.append([*(one.about[name] for name in about), *entries, *(_number(one, name) for name in numbers)])
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _number(one: Row, name: str) -> str:
    number = one.numbers.get(name)
    if number is None:
        return ""
    return f"{number.value:.2f}" + (f" ± {number.se:.2f}" if number.se is not None else "")
