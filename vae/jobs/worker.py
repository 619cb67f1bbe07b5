"""One process for one run: it loads torch, rehearses, waits for the engine's word, and then is the run's trainer."""

import json
import os
import sys
from contextlib import suppress
from pathlib import Path

NICENESS = 5  # the app and the browser come first
LOG_BYTES = 1_000_000


def _kill_me_first() -> None:
    """Where memory runs out, Linux shall end a trainer, which resumes, and not the app."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500")


def _rehearse() -> None:
    """Take two steps of a small model: torch makes its threads and loads its kernels at the first ones."""
    from vae.data import DEFAULT, describe, load
    from vae.data.batches import prepare
    from vae.spec import preset
    from vae.training.loop import State, fit

    spec = preset("vae", data=DEFAULT, shape=describe(DEFAULT).shape, batch=32, encoder={"kind": "mlp", "widths": [16]})
    for step in fit(State.fresh(spec), spec, prepare(load(DEFAULT, "train", n=64), spec)):
        if step.step == 2:
            break


def _log_to(run: Path) -> None:
    """Send what this process prints to the run's worker.log, begun anew where it has grown large."""
    file = run / "worker.log"
    large = file.is_file() and file.stat().st_size > LOG_BYTES
    log = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | (os.O_TRUNC if large else 0), 0o644)
    for stream in (1, 2):
        os.dup2(log, stream)
    os.close(log)


def main() -> int:
    """Wait for {"run", "threads", "processes", "k", "n"} on standard input, train it, return the trainer's exit code.

    End of input without a run ends the process: the engine is gone or needs it no longer.
    """
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    _kill_me_first()
    from vae.training import denormals, finish, launch, trainer  # noqa: F401 -- loading them is the point

    denormals.flush()
    _rehearse()
    line = sys.stdin.readline()
    if not line:
        return 0
    order = json.loads(line)
    run = Path(order["run"])
    try:
        _log_to(run)
    except FileNotFoundError:
        return 0  # deleted before it began
    words = [f"--{name}={order[name]}" for name in ("threads", "processes", "k", "n")]
    return launch.main([str(run), *words])
