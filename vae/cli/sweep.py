"""Train a preset with several values of some settings and several seeds, as one group of runs."""

import argparse
import contextlib
import os
import sys

from vae import jobs
from vae.cli import dotted, new_spec, table
from vae.jobs import CLUSTER, Resources, embedded, grouped
from vae.runs import Run, forecast, status, sweep
from vae.runs.forecast import Forecast
from vae.runs.quota import LOCAL
from vae.runs.sweep import SEEDS, Sweep
from vae.spec import PRESETS, SpecError, arguments
from vae.training import launch

HELP = "train a preset with several values and seeds, as one group of runs"
QUEUED = " The app, or `python -m vae engine`, trains what waits in this machine's queue."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give the command its arguments: preset, data, what is varied, the options of a spec, and those of training."""
    parser.add_argument("target", metavar="PRESET", choices=PRESETS, help=f"A preset: {', '.join(PRESETS)}.")
    parser.add_argument(
        "--vary", action="append", default=[], metavar="NAME=VALUES",
        help="What differs between the runs, as in spec.json, and its values with commas between them: "
        "objective.beta=0.5,1,2, latent=2,8, prior.kind=standard_normal,mixture; sizes with dashes: "
        "encoder.widths=256-128,64. Several of them are combined. (default: only seeds)",
    )  # fmt: skip
    arguments.add(parser, "seeds", SEEDS)
    parser.add_argument("--name", default="", help="The group's name. (default: PRESET-DATA-NAMES)")
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="Print the settings, the time and the room, and make nothing. (default: the runs are made)",
    )
    parser.add_argument(
        "--wait", action="store_true", help="Train the runs here, one after another. (default: they are queued)"
    )
    parser.add_argument(
        "--stop-losers", action="store_true",
        help="Stop a run whose validation bound at a quarter or half of its steps is not among the better half of "
        "those that came so far. (default: each run trains to its end)",
    )  # fmt: skip
    new_spec.add_data(parser)
    launch.add_options(parser)
    new_spec.add_options(parser)


def run(given: argparse.Namespace) -> int:
    """Queue the group, or train it; return the exit status."""
    options = launch.Options.of(given)
    planned = _planned(given, options)
    expected = _expected(planned, options, given.wait)
    if given.dry_run:
        for member in planned.members:
            print(member.title)
        print(_words(planned, expected, "would be made"))
        return 0
    if given.wait:
        return _train(planned, options, given.command_line, expected)
    grouped.queue(planned, LOCAL, Resources(options.processes))
    print(_words(planned, expected, "wait in the queue"))
    print(f"List them: `python -m vae runs --group {planned.name}`." + ("" if os.environ.get(CLUSTER) else QUEUED))
    return 0


def _planned(given: argparse.Namespace, options: launch.Options) -> Sweep:
    """Return the sweep of the command line; raises SpecError, DataError or RunError."""
    if given.data is None:
        raise SpecError("sweep needs --data NAME")
    base = new_spec.new(given)
    options.check(base)
    usual = launch.Options(processes=options.processes)
    if not given.wait and options != usual:
        chosen = [name for name, value in vars(options).items() if value != getattr(usual, name)]
        raise SpecError(f"The queue chooses {', '.join(chosen)} itself: add --wait to train here, or leave it out.")
    planned = sweep.plan(base, dotted.vary(given.vary), given.seeds, given.name, given.stop_losers)
    for spec in planned.specs:
        options.check(spec)
    return planned


def _expected(planned: Sweep, options: launch.Options, wait: bool) -> Forecast:
    """Return what a sweep will take, here or on the executor's slots."""
    slots = 1 if wait else jobs.executor().resources().slots // options.processes
    return forecast.forecast(planned.specs, slots, options.threads or embedded.threads(options.processes))


def _words(planned: Sweep, expected: Forecast, what: str) -> str:
    time = forecast.duration(expected.seconds)
    return (
        f"{expected.runs} runs of the group {planned.name} {what}: about {time} when nothing else trains, and at most "
        f"{expected.size / 1e6:,.1f} MB."
    )


def _train(planned: Sweep, options: launch.Options, command: str, expected: Forecast) -> int:
    """Train the runs one after another; return 0, or the exit code of the last that failed."""
    made = sweep.create(planned, LOCAL)
    print(_words(planned, expected, "are trained here"), file=sys.stderr)
    failed = 0
    for i, one in enumerate(made):
        # each run prints its numbers: the table at the end has all of them
        with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
            code = launch.train(Run(one.path), options, command)
        failed = code or failed
        now = status.current(one.path)
        if now.state == "stopped" and not now.message:  # by a person
            left = ", ".join(run.name for run in made[i:])
            print(f"Stopped. Continue with `python -m vae train NAME` for each of {left}.", file=sys.stderr)
            break
    table.show(planned.name)
    return failed
