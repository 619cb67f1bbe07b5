"""What a trainer says of itself: status.json, several times a second, and a lock that lives as long as it does."""

import json
import math
import os
import time
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

from filelock import FileLock

from vae.runs import files

ALIVE = frozenset({"starting", "running", "paused", "finishing"})
ENDED = frozenset({"done", "stopped", "failed"})
STATES = ALIVE | ENDED | {"new", "queued", "interrupted"}


@dataclass(frozen=True)
class Status:
    """Where a run stands; `step` of `total`, `epoch` that of the next step, times in seconds, `updated` in unix time.

    state: new | queued | starting | running | paused | finishing (encoding, measuring) | done | stopped | failed, and,
    as `current` alone says it, interrupted: the file speaks of a trainer that no longer lives.
    problem: "" | diverged | memory | disk | killed | data | spec | error; `message` says it to a person.
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
        """Whether nothing more happens unless somebody asks for it."""
        return self.state in ENDED

    @property
    def alive(self) -> bool:
        """Whether a trainer is at work or waits at a pause."""
        return self.state in ALIVE

    def to_json(self) -> str:
        """Return the status as JSON; numbers that are not finite become null."""
        content = {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in asdict(self).items()}
        return json.dumps(content) + "\n"


def read(path: Path) -> Status | None:
    """Return what status.json says, or None where it is absent or damaged: it is news, and the next is soon written."""
    try:
        content = json.loads((path / "status.json").read_text())
        status = Status(**{f.name: content[f.name] for f in fields(Status) if f.name in content})
        return status if status.state in STATES and isinstance(status.step, int) else None
    except (OSError, ValueError, TypeError):
        return None


def write(path: Path, status: Status) -> None:
    """Replace status.json; on a full disk it is overwritten in place, so that the reason still reaches the page."""
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
    """Return the lock that a run's trainer holds; the system releases it when the process dies, however it dies."""
    return FileLock(path / "worker.lock", timeout=timeout)


def held(path: Path) -> bool:
    """Return whether a living process holds the run's lock; looking never takes it from a trainer that starts."""
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
    """Return where the run really stands: what its file says, corrected by whether a trainer lives."""
    status = read(path) or Status()
    if status.alive and not held(path):
        # the last words of a trainer that ended between the two looks
        status = read(path) or status
        return replace(status, state="interrupted") if status.alive else status
    return status
