"""The command line: `python -m vae train | models | evaluate | encode | expost | export | ...`, see --help.

Each command is a file in this folder with `HELP`, `add_arguments(parser)`, and `run(given)`, which returns the exit
status or None for 0. Imports of torch happen only when a command runs.
"""

import argparse
import os
import shlex
import sys
from typing import NoReturn

from vae.cli import (
    atlas,
    check,
    data,
    diagnose,
    embed,
    encode,
    engine,
    evaluate,
    export,
    expost,
    fetch,
    models,
    page,
    pull,
    push,
    strange,
    sweep,
    table,
    train,
    worker,
)
from vae.cli import open as open_model
from vae.data import DataError
from vae.opened.errors import OpenError
from vae.runs import RunError
from vae.spec import SpecError

COMMANDS = {
    "train": train,
    "sweep": sweep,
    "models": models,
    "runs": table,
    "evaluate": evaluate,
    "encode": encode,
    "atlas": atlas,
    "diagnose": diagnose,
    "strange": strange,
    "open": open_model,
    "check": check,
    "expost": expost,
    "embed": embed,
    "export": export,
    "page": page,
    "push": push,
    "pull": pull,
    "fetch": fetch,
    "data": data,
    "worker": worker,
    "engine": engine,
}
BAD_INPUT = 2


class _Usage(Exception):
    """An invalid command line; the message says what is wrong."""


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, like the commands' errors."""

    def error(self, message: str) -> NoReturn:
        raise _Usage(f"{message}; see `{self.prog} --help`")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m vae", description="Train, list and evaluate latent variable models.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, command in COMMANDS.items():
        command.add_arguments(commands.add_parser(name, help=command.HELP, description=command.HELP))
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run one command; errors that the user can correct are one line on standard error and exit status 2."""
    words = sys.argv[1:] if arguments is None else arguments
    try:
        given = _parser().parse_args(words)
        given.command_line = shlex.join(["python", "-m", "vae", *words])
        return COMMANDS[given.command].run(given) or 0
    except (_Usage, RunError, SpecError, DataError, OpenError) as error:
        print(f"error: {error}", file=sys.stderr)
        return BAD_INPUT
    except BrokenPipeError:  # who read the output, such as `head`, has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        print(f"error: {error}", file=sys.stderr)
        return BAD_INPUT
