"""What happens in a process of the pool: it begins, runs calls in turns, and says in words what went wrong.

The app names what is run here but never runs it, so torch is imported inside the functions and not with this module.
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
from vae.runs import RunError
from vae.spec import SpecError

NICENESS = 2  # behind the app, before the trainers
TURN = 0.5  # seconds after which a long call lets others have the process

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Partial:
    """How far a long call is, in [0, 1], what it needs as `so_far` to go on, and how many seconds this turn took.

    The state is numpy and plain values: the app passes it on, and has no torch.
    """

    fraction: float
    state: Any
    seconds: float


def begin(parent: Connection, threads: int) -> None:
    """Make a new process ready: it ends with the app, goes behind it, and has torch loaded.

    `parent` is a pipe whose other end only the app holds, so that even a killed app is noticed at once.
    """

    def watch() -> None:
        with suppress(EOFError, OSError):
            parent.recv_bytes()
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in the app's terminal is the app's to answer
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("700")  # where memory runs out, neither the app nor a trainer ends
    import torch

    from vae.training import denormals, finish  # noqa: F401 -- finish is named so that torch's parts are loaded now

    torch.set_num_threads(threads)
    denormals.flush()


def ready() -> int:
    """Return the process's id: what is asked for nothing but to have a process."""
    return os.getpid()


def run_call(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Return function(*args, **kwargs); what no page expects arrives as a JobError, since its class may need torch."""
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
            f"This could not be computed: {type(error).__name__}: {error}. If it happens again, the terminal of the "
            "app says where, and a report of it would help."
        ) from error


def single_threaded(call: Callable[P, T]) -> Callable[P, T]:
    """Return the call limited to one thread: beside trainers, each small step on two waits for the slower one."""

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
