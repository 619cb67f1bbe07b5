"""The command line: `python -m vae train | models | evaluate | encode | expost | export | ...`, see --help.

Each command is a file of this room: `HELP`, `add_arguments(parser)`, and `run(given)`, which returns the exit status
or None for 0. What needs torch is imported when a command runs.
"""

import argparse
import shlex
import sys
from typing import NoReturn

from vae.cli import (
    atlas,
    diagnose,
    embed,
    encode,
    engine,
    evaluate,
    export,
    expost,
    fetch,
    models,
    train,
    worker,
)
from vae.data import DataError
from vae.runs import RunError
from vae.spec import SpecError

COMMANDS = {
    "train": train,
    "models": models,
    "evaluate": evaluate,
    "encode": encode,
    "atlas": atlas,
    "diagnose": diagnose,
    "expost": expost,
    "embed": embed,
    "export": export,
    "fetch": fetch,
    "worker": worker,
    "engine": engine,
}
BAD_INPUT = 2


class _Usage(Exception):
    """A command line that cannot be read: what is wrong with it."""


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, as those of the commands are."""

    def error(self, message: str) -> NoReturn:
        raise _Usage(f"{message}; see `{self.prog} --help`")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m vae", description="Train, list and evaluate latent variable models.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, command in COMMANDS.items():
        command.add_arguments(commands.add_parser(name, help=command.HELP, description=command.HELP))
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run one command; errors that a person can mend are one line on standard error and exit status 2."""
    words = sys.argv[1:] if arguments is None else arguments
    try:
        given = _parser().parse_args(words)
        given.command_line = shlex.join(["python", "-m", "vae", *words])
        return COMMANDS[given.command].run(given) or 0
    except (_Usage, RunError, SpecError, DataError) as error:
        print(f"error: {error}", file=sys.stderr)
        return BAD_INPUT
