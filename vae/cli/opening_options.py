"""The options of the commands that open a model of another library."""

import argparse
from pathlib import Path
from typing import Any

from vae.opened.found import ANSWERS

NUMBERS = ("scale", "beta")


def add(parser: argparse.ArgumentParser) -> None:
    """Give a command the model, the data, and how to read both."""
    parser.add_argument(
        "model", type=Path, help="A file, a folder or a zip: ONNX, weights, pythae, diffusers, a run, codes."
    )
    parser.add_argument(
        "--data", help="What to look at it with: a file, a folder, or a dataset's name. (default: none)"
    )
    parser.add_argument("--name", default="", help="The name of the run that is made. (default: the model's)")
    parser.add_argument(
        "--allow-code", action="store_true",
        help="Read files that run code when they are read. Only for models of people whom you trust. (default: refuse)",
    )  # fmt: skip
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE",
        help="An option of the model's reader, such as shape=3,32,32 or bottleneck=NAME. (default: none)",
    )  # fmt: skip
    parser.add_argument(
        "--set-data", action="append", default=[], metavar="NAME=VALUE",
        help="A correction of how the data are read, such as layout=NHWC; `vae data add --dry-run` lists them. "
        "(default: none)",
    )  # fmt: skip
    group = parser.add_argument_group("conventions", "Found by running the model on the data, unless given here.")
    for name, words in ANSWERS.items():
        group.add_argument(f"--{name}", type=float if name in NUMBERS else str, help=f"{words} (default: found)")


def answers(given: argparse.Namespace) -> dict[str, Any]:
    """Return the conventions that were given."""
    found = {name: getattr(given, name) for name in ANSWERS}
    return {name: value for name, value in found.items() if value is not None}


def pairs(words: list[str], option: str) -> dict[str, Any]:
    """Return NAME=VALUE words by name, lists of numbers as lists; raises OpenError for others."""
    from vae.opened.errors import OpenError

    found: dict[str, Any] = {}
    for word in words:
        name, equals, value = word.rpartition("=") if word.startswith("column:") else word.partition("=")
        if not equals or not name:
            raise OpenError(f"{option} takes NAME=VALUE, not {word[:60]!r}.")
        parts = value.split(",")
        whole = len(parts) > 1 and all(part.strip().isdigit() for part in parts)
        found[name] = [int(part) for part in parts] if whole else value
    return found


def bring(given: argparse.Namespace, strict: bool, decodes: bool = False) -> Any:
    """Return the opened model, with a progress bar on a terminal; raises OpenError and DataError."""
    from vae.cli import reporting
    from vae.opened import to_run

    with reporting.bar(given.model.name) as say:
        return to_run.bring(
            given.model,
            given.data,
            name=given.name,
            answers=answers(given),
            options=pairs(given.set, "--set"),
            data_options=pairs(given.set_data, "--set-data"),
            allow_code=given.allow_code,
            strict=strict,
            decodes=decodes,
            say=say,
        )


def show_found(brought: Any) -> None:
    """Print what was found out, a line each."""
    for one in brought.found.found if brought.found is not None else ():
        print(f"{one.title:20} {one.shown:34} {one.bar}")
