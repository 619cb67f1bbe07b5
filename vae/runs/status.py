"""A trainer's status: the file status.json, written several times a second, and a lock held while the trainer lives."""

import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, get_args

from filelock import FileLock

from vae.runs import checked, files
from vae.spec import json_text

ALIVE = frozenset({"starting", "running", "paused", "finishing"})
ENDED = frozenset({"done", "stopped", "failed"})
STATES = ALIVE | ENDED | {"new", "queued", "interrupted"}


@dataclass(frozen=True)
class Status:
    """The state of a training: `step` of `total`, the next step's `epoch`, times in seconds, `updated` in unix time.

    state: new | queued | starting | running | paused | finishing (encoding, measuring) | done | stopped | failed, and,
    only from `current`, interrupted: the file was written by a trainer that no longer runs.
    problem: "" | diverged | memory | disk | killed | data | spec | error; `message` is the text for users.
    """

    state: str = "new"
    step: int = 0
    epoch: int = 0
    total: int = 0
    per_epoch: int = 0
    seconds: float = 0.0
    remaining: float | None = None
    learning_rate: float | None = None
    gradient_norm: float | None = None
    skipped: int = 0
    problem: str = ""
    message: str = ""
    pid: int | None = None
    updated: float = 0.0
    threads: int = 0
    processes: int = 1
    attempt: int = 0

    @property
    def ended(self) -> bool:
        """Whether training has ended, until a user continues it."""
        return self.state in ENDED

    @property
    def alive(self) -> bool:
        """Whether a trainer process runs, or waits in a pause."""
        return self.state in ALIVE

    def to_json(self) -> str:
        """Return the status as JSON; numbers that are not finite become null."""
        return json_text.dumps(asdict(self)) + "\n"


CHECKS: dict[type, Callable[[Any, str], Any]] = {str: checked.text, int: checked.whole, float: checked.number}


def _of(content: dict[str, Any]) -> Status:
    """Return the status of a file's content; raises ValueError, since a page counts and formats with every field."""
    status = Status(**{f.name: content[f.name] for f in fields(Status) if f.name in content})
    for f in fields(Status):
        value, kind = getattr(status, f.name), (get_args(f.type) or (f.type,))[0]
        if CHECKS[kind](value, f.name) is None and f.default is not None:
            raise ValueError(f"{f.name} is empty")
    if status.state not in STATES:
        raise ValueError(f"there is no state {status.state!r}")
    return status


def read(path: Path) -> Status | None:
    """Return the content of status.json, or None if it is missing or damaged; the trainer soon writes the next one."""
    try:
        return _of(checked.mapping(files.read_json(path / "status.json"), "it"))
    except (OSError, ValueError):
        return None


def write(path: Path, status: Status) -> None:
    """Replace status.json; on a full disk it is overwritten in place, so that the page can show the reason."""
    text = replace(status, updated=time.time()).to_json()
    try:
        files.write(path / "status.json", text, durable=False)
    except FileNotFoundError:
        raise
    except OSError:
        with open(path / "status.json", "r+b") as file:
            file.write(text.encode())
            file.truncate()


def lock(path: Path, timeout: float = 5.0) -> FileLock:
    """Return the lock of a run's trainer; the operating system releases it when the process ends for any reason."""
    return FileLock(path / "worker.lock", timeout=timeout)


def held(path: Path) -> bool:
    """Return whether a living process holds the run's lock; the check never blocks a trainer that starts."""
    file = path / "worker.lock"
    if os.name != "posix":
        from filelock import Timeout

        try:
            with FileLock(file, timeout=0):
                return False
        except Timeout:
            return True
    import fcntl

    try:
        descriptor = os.open(file, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


def current(path: Path) -> Status:
    """Return the run's actual status: that of its file, corrected if no trainer lives."""
    status = read(path) or Status()
    if status.alive and not held(path):
        # read again: the trainer may have ended between the two checks
        status = read(path) or status
        return replace(status, state="interrupted") if status.alive else status
    return status
