"""A process of the pool: its start, its calls in turns, and the conversion of errors to messages.

The app passes these functions to the pool but never calls them, so torch is imported inside the functions.
"""

import os
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import wraps
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from vae.data import DataError
from vae.jobs import JobError
from vae.runs import RunError, machine
from vae.spec import SpecError

NICENESS = 2  # a priority below the app's, above the trainers'
TURN = 0.5  # seconds after which a long call yields the process to other calls

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Partial:
    """The result of a turn: the progress in [0, 1], the state to continue with (`so_far`), and this turn's seconds.

    The state consists of numpy arrays and plain values, because the app, which passes it on, has no torch.
    """

    fraction: float
    state: Any
    seconds: float


def begin(parent: Connection, threads: int, most: float) -> None:
    """Initialise a new process: it ends with the app, has a lower priority and at most so many bytes, and loads torch.

    `parent` is a pipe whose other end only the app has open, so that even a killed app is noticed at once.
    """

    def watch() -> None:
        with suppress(EOFError, OSError):
            parent.recv_bytes()
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the app handles Ctrl-C in its terminal
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("700")  # Linux ends this process before the app or a trainer
    machine.limit_memory(most)
    import torch

    from vae.training import denormals, finish  # noqa: F401 -- finish is imported so that torch's parts are loaded now

    torch.set_num_threads(threads)
    denormals.flush()


def ready() -> int:
    """Return the process's id; called only to start a process."""
    return os.getpid()


def run_call(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Return function(*args, **kwargs); unexpected errors become a JobError, because their class may need torch."""
    try:
        return function(*args, **kwargs)
    except (RunError, DataError, SpecError):
        raise
    except Exception as error:
        if isinstance(error, MemoryError) or "allocate memory" in str(error):
            raise JobError(
                "There is not enough memory for this. Ask for less (fewer images, fewer points), or free some memory "
                "and ask again."
            ) from error
        raise JobError(
            f"This could not be computed: {type(error).__name__}: {error}. If it happens again, the terminal of "
            "the app shows where; please report it."
        ) from error


def single_threaded(call: Callable[P, T]) -> Callable[P, T]:
    """Return the call limited to one thread: while trainers run, two threads wait for the slower one at each step."""

    @wraps(call)
    def limited(*args: P.args, **kwargs: P.kwargs) -> T:
        import torch
        from threadpoolctl import threadpool_limits

        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            with threadpool_limits(1):
                return call(*args, **kwargs)
        finally:
            torch.set_num_threads(threads)

    return limited
