"""Train a run folder to its end or a stop, in this process or data-parallel in several, with a bar on a terminal.

`python -m vae.training.launch RUN_DIR [options]` is what each of several processes runs. torch is imported when
training begins, so that a command line can list the options without it.
"""

import argparse
import json
import os
import shlex
import signal
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vae.data import DataError
from vae.runs import Run, RunError, status
from vae.spec import SpecError

BAD_INPUT = 2  # the exit code of what a person can mend


@dataclass(frozen=True)
class Options:
    """How a run is trained here: threads (None: torch's choice) of each of so many processes, and on which device.

    `k` importance samples on `n` test examples (None: all) measure it at the end.
    """

    threads: int | None = None
    device: str = "cpu"
    processes: int = 1
    k: int = 100
    n: int | None = None

    def words(self) -> list[str]:
        """Return the options as they stand on a command line."""
        return [f"--{name}={value}" for name, value in vars(self).items() if value is not None]

    @classmethod
    def of(cls, given: argparse.Namespace) -> "Options":
        """Return the options among a command line's."""
        return cls(**{name: getattr(given, name) for name in cls.__dataclass_fields__})


def add_options(parser: argparse.ArgumentParser) -> None:
    """Give a command line the options of `Options`."""
    usual = Options()
    parser.add_argument("--threads", type=int, help="torch's CPU threads")
    parser.add_argument("--device", default=usual.device, help="cpu or cuda (default: %(default)s)")
    parser.add_argument(
        "--processes", type=int, default=usual.processes, help="train data-parallel in so many (default: %(default)s)"
    )
    parser.add_argument(
        "--k", type=int, default=usual.k, help="importance samples of the final evaluation (default: %(default)s)"
    )
    parser.add_argument("--n", type=int, help="test examples of the final evaluation (default: all)")


def train(run: Run, options: Options, command: str) -> int:
    """Train a run to its end or a stop; return the trainer's exit code, 128 + n where signal n ended it.

    `command` is what its card says that it was trained with, unless the run knows better. Raises RunError where another
    process trains it, and SpecError for a run that cannot be divided.
    """
    from vae.training import denormals

    if options.processes > 1 and "RANK" not in os.environ:
        return _train_divided(run, options)
    with denormals.flushed():
        return _train_here(run, options, run.meta.get("command", command))


def _train_here(run: Run, options: Options, command: str) -> int:
    """Be the run's trainer, alone or as one of several processes."""
    import torch

    from vae.training import parallel
    from vae.training.progress import progress
    from vae.training.trainer import Finish, Trainer

    if options.threads:
        torch.set_num_threads(options.threads)
    team, device = parallel.join(options.device)
    with team, progress(run.name, None if team.leads else False) as watch:
        code = Trainer(run, device, Finish(options.k, options.n), command, watch, team)()
    now = status.read(run.path)
    if not team.leads or now is None:
        return code
    if now.message:
        print(f"{now.state}: {now.message}", file=sys.stderr)
    if now.state == "stopped":
        print(f"Stopped; continue with: python -m vae train {run.path}", file=sys.stderr)
    if now.ended and (run.path / "metrics.json").is_file():
        print(f"{run.path}\n{json.dumps(Run(run.path).metrics, indent=2)}")
    return code


def _train_divided(run: Run, options: Options) -> int:
    """Train a run in several processes of this machine; return rank 0's exit code.

    They meet in a file and talk over the loopback interface alone. SIGTERM and SIGINT are passed on and waited for.
    """
    from torch.distributed.elastic.multiprocessing import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    from vae.training import parallel

    processes = options.processes
    parallel.check(run.spec, processes)
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
            max_restarts=0,  # whoever owns the queue decides about that
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
    """Return a shell's exit code for a subprocess's."""
    return int(code) if code >= 0 else 128 - int(code)


def cores() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def main(arguments: list[str]) -> int:
    """Train the run folder that a command line names; what a person can mend is one line on standard error."""
    parser = argparse.ArgumentParser(prog="python -m vae.training.launch", description=__doc__)
    parser.add_argument("run", type=Path, help="the run's folder")
    add_options(parser)
    given = parser.parse_args(arguments)
    try:
        return train(Run(given.run), Options.of(given), shlex.join(["python", "-m", "vae", "train", *arguments]))
    except (RunError, SpecError, DataError) as error:
        print(f"error: {error}", file=sys.stderr)
        return BAD_INPUT


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
