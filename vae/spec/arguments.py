"""Options of a command line from the tables of numbers: each with its sentence, its bounds and its default."""

import argparse
from collections.abc import Callable
from typing import Any

from vae.spec.fields import Scalar, any_of


def words(option: Scalar, default: str = "") -> str:
    """Return a number's sentence, its bounds, and its default in words."""
    bounds = any_of([*option.words, option.range])
    return f"{option.sentence} ({'; '.join(part for part in (bounds, default) if part)})"


def number(whole: bool, text: str) -> int | float | str:
    """Return a number, or any other text unchanged, which the option's bounds accept or refuse."""
    try:
        return int(text) if whole else float(text)
    except ValueError:
        return text


def reader(option: Scalar) -> Callable[[str], Any]:
    """Return the function that reads a number of a command line; argparse makes one line of what it raises."""

    def read(text: str) -> Any:
        value = number(option.whole, text)
        if problem := option.problem(value):
            raise argparse.ArgumentTypeError(problem)
        return value

    return read


def add(parser: argparse._ActionsContainer, name: str, option: Scalar, default: Any = None) -> None:
    """Add the option --NAME to a parser; `default` replaces the table's."""
    value = option.default if default is None else default
    said = f"default: {value:g}" if value is not None else "default: none"
    parser.add_argument(
        f"--{name.replace('_', '-')}", dest=name, type=reader(option), default=value, metavar="NUMBER",
        help=words(option, said).replace("%", "%%"),
    )  # fmt: skip
