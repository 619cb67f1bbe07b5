"""A warm worker: a process that loads torch, waits for a run from the engine, and then trains it."""

import json
import os
import sys
from contextlib import suppress
from pathlib import Path

from vae.jobs import embedded
from vae.runs import machine

NICENESS = 5  # the app and the browser come first
LOG_BYTES = 1_000_000


def _kill_me_first() -> None:
    """Let Linux end a trainer, which can resume, before the app when memory runs out."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500")


def _warm_up() -> None:
    """Take two training steps of a small model, because torch starts threads and loads kernels at the first steps."""
    from vae.data import DEFAULT, describe, load
    from vae.data.batches import prepare
    from vae.spec import preset
    from vae.training.loop import State, fit

    spec = preset("vae", data=DEFAULT, shape=describe(DEFAULT).shape, batch=32, encoder={"kind": "mlp", "widths": [16]})
    for step in fit(State.fresh(spec), spec, prepare(load(DEFAULT, "train", n=64), spec)):
        if step.step == 2:
            break


def _log_to(run: Path) -> None:
    """Redirect this process's output to the run's worker.log; a large file is started again."""
    file = run / "worker.log"
    large = file.is_file() and file.stat().st_size > LOG_BYTES
    log = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | (os.O_TRUNC if large else 0), 0o644)
    for stream in (1, 2):
        os.dup2(log, stream)
    os.close(log)


def main() -> int:
    """Wait for {"run", "threads", "processes", "k", "n"} on standard input, train it, return the trainer's exit code.

    The end of input without a run ends the process: the engine has ended or does not need it any more.
    """
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    _kill_me_first()
    from vae.training import denormals, finish, launch, trainer  # noqa: F401 -- loading them is the point

    denormals.flush()
    _warm_up()
    line = sys.stdin.readline()
    if not line:
        return 0
    order = json.loads(line)
    run = Path(order["run"])
    try:
        _log_to(run)
    except FileNotFoundError:
        return 0  # the run was deleted before it began
    processes = order["processes"]
    machine.limit_memory(machine.run_memory(embedded.cost(processes)) / processes)
    words = [f"--{name}={order[name]}" for name in ("threads", "processes", "k", "n")]
    return launch.main([str(run), *words])
