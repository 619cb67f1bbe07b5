"""Train a run folder to its end or a stop, in this process or data-parallel in several, with a progress bar.

`python -m vae.training.launch RUN_DIR [options]` is the command of each of several processes. torch is imported
when training begins, so that a command line can list the options without it.
"""

import argparse
import os
import shlex
import signal
import sys
import tempfile
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vae.data import DataError
from vae.runs import Run, RunError, machine, status
from vae.runs.machine import cores
from vae.spec import Spec, SpecError, arguments, json_text, settings
from vae.spec.settings import SETTINGS
from vae.training import devices

BAD_INPUT = 2  # the exit code of errors that the user can correct


@dataclass(frozen=True)
class Options:
    """Options of training on this machine: number of processes, threads of each (None: torch's default), and device.

    The final evaluation uses `k` importance samples on `n` test examples (None: all).
    """

    threads: int | None = None
    device: str = "cpu"
    processes: int = 1
    k: int = 100
    n: int | None = None

    def words(self) -> list[str]:
        """Return the options as arguments of a command line."""
        return [f"--{name}={value}" for name, value in vars(self).items() if value is not None]

    def check(self, spec: Spec | None = None) -> None:
        """Raise SpecError unless a spec (None: any) can be trained with these options on this machine."""
        numbers = {name: value for name, value in vars(self).items() if name in SETTINGS}
        settings.check(**numbers)
        if spec is not None and self.processes > 1 and spec.objective_kind.couples_batch:
            name = spec.objective["kind"]
            raise SpecError(
                f"The objective {name} compares a batch's examples with each other: train it in one process."
            )
        devices.check(self.device)

    @classmethod
    def of(cls, given: argparse.Namespace) -> "Options":
        """Return the options from a command line's parsed arguments."""
        return cls(**{name: getattr(given, name) for name in cls.__dataclass_fields__})


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of `Options` to a parser."""
    parser.add_argument(
        "--device", default=Options().device, metavar="NAME",
        help="The device to train on: cpu, cuda, or one GPU such as cuda:0. (default: %(default)s)",
    )  # fmt: skip
    for name in ("threads", "processes", "k", "n"):
        arguments.add(parser, name, SETTINGS[name])


def train(run: Run, options: Options, command: str) -> int:
    """Train a run to its end or a stop; return the trainer's exit code, 128 + n where signal n ended it.

    The model card shows `command` as the training command, unless the run has another one. Raises RunError if another
    process trains the run, and SpecError for a run that cannot be divided.
    """
    from vae.training import denormals

    # a spec that cannot be read is for the trainer, which writes it into the run's status
    options.check(run.spec if options.processes > 1 else None)
    # a notebook's process must have its own limit again afterwards
    with machine.limited(machine.memory()) if machine.memory_limit() is None else nullcontext():
        if options.processes > 1 and "RANK" not in os.environ:
            return _train_divided(run, options)
        with denormals.flushed():
            return _train_here(run, options, command)


def _train_here(run: Run, options: Options, command: str) -> int:
    """Train the run in this process, which can be one of several."""
    import torch

    from vae.training import parallel
    from vae.training.progress import progress
    from vae.training.trainer import Finish, Trainer

    if options.threads:
        torch.set_num_threads(options.threads)
    team, device = parallel.join(options.device)
    with team, progress(run.name, None if team.leads else False) as watch:
        measure = Finish(options.k, options.n)
        code = Trainer(run, device, measure, command, watch, team, _say, watch.finishing)()
    now = status.read(run.path)
    if not team.leads or now is None:
        return code
    if now.message:
        print(f"{now.state}: {now.message}", file=sys.stderr)
    if now.state == "stopped":
        print(f"Stopped; continue with: python -m vae train {run.path}", file=sys.stderr)
    if now.ended and (run.path / "metrics.json").is_file():
        print(f"{run.path}\n{json_text.dumps(Run(run.path).metrics, indent=2)}")
    return code


def _say(text: str) -> None:
    from tqdm import tqdm

    tqdm.write(text, file=sys.stderr)  # above the progress bar


def _train_divided(run: Run, options: Options) -> int:
    """Train a run in several processes of this machine; return rank 0's exit code.

    They find each other through a file and communicate over the loopback interface only. SIGTERM and SIGINT are
    forwarded, and the processes awaited.
    """
    from torch.distributed.elastic.multiprocessing import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    from vae.training import parallel

    processes = options.processes
    loopback = "lo0" if sys.platform == "darwin" else "lo"
    with tempfile.TemporaryDirectory(prefix="latent-team-") as folder:
        os.environ |= {
            parallel.STORE: f"{folder}/ranks",
            "GLOO_SOCKET_IFNAME": loopback,
            "NCCL_SOCKET_IFNAME": loopback,
            "TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1",  # its server would listen on every interface
        }
        os.environ.setdefault("OMP_NUM_THREADS", str(max(1, cores() // processes)))
        config = LaunchConfig(
            min_nodes=1,
            max_nodes=1,
            nproc_per_node=processes,
            run_id="train",
            rdzv_backend="c10d",
            rdzv_endpoint=f"{folder}/agent",
            rdzv_configs={"store_type": "file"},
            local_addr="127.0.0.1",
            max_restarts=0,  # the queue's owner decides about restarts
            shutdown_timeout=3600,  # after an interrupt rank 0 still encodes and measures
        )
        try:
            elastic_launch(config, sys.executable)("-m", "vae.training.launch", str(run.path), *options.words())
        except ChildFailedError as error:
            first, failure = error.get_first_failure()
            if first:
                print(f"process {first} of {processes} ended first, with exit code {failure.exitcode}", file=sys.stderr)
            return _exit_code(error.failures.get(0, failure).exitcode)
        except SignalException as error:
            return 0 if error.sigval == signal.SIGINT else parallel.TERMINATED
    return 0


def _exit_code(code: Any) -> int:
    """Convert a subprocess's return code to a shell's exit code."""
    return int(code) if code >= 0 else 128 - int(code)


def main(words: list[str]) -> int:
    """Train the run folder of a command line; errors that the user can correct are one line on standard error."""
    parser = argparse.ArgumentParser(prog="python -m vae.training.launch", description=__doc__)
    parser.add_argument("run", type=Path, help="The run's folder.")
    add_options(parser)
    given = parser.parse_args(words)
    try:
        return train(Run(given.run), Options.of(given), shlex.join(["python", "-m", "vae", "train", *words]))
    except (RunError, SpecError, DataError) as error:
        print(f"error: {error}", file=sys.stderr)
        return BAD_INPUT


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
