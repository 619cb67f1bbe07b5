"""The Ray task of a run: an attempt to train it to its end, which Ray repeats on any machine.

The attempts of a run communicate only through its job.json, on the storage that all machines share.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

from filelock import FileLock, Timeout

from vae.jobs.contract import JobError, K, N
from vae.jobs.engine import KILLED, LATER, MOST_DEATHS, SETTLING
from vae.jobs.pauses import mark_queued, patience, paused
from vae.jobs.worker import LOG_BYTES
from vae.runs import files, status
from vae.runs.status import Status

LOOK = 0.2  # seconds between checks of a trainer
PARK_PAUSED = 60.0  # seconds for which a paused run keeps its processors
PATIENCE = 30.0  # seconds that a job.json may be locked by another machine
LAST_WORDS = 2_000  # characters of the log that are read for the reason of a trainer's end

BROKEN = "The trainer ended with exit code {code}: {words} Its whole output is in worker.log."


class Again(Exception):
    """The trainer ended before the run was finished: Ray repeats the task, on any machine."""


@dataclass(frozen=True)
class Note:
    """A run's job.json: its Ray job and the results of its attempts; `submitted` in unix seconds.

    `began`: an attempt has started and has not ended properly; `deaths`: how many successive attempts ended so without
    progress beyond `step`; `over`: the job does nothing more for the run.
    """

    id: str
    address: str = ""
    owner: str = "local"
    submitted: float = 0.0
    processes: int = 1
    gpus: int = 0
    attempts: int = 1
    began: bool = False
    deaths: int = 0
    step: int = 0
    over: bool = False


def read(run: Path) -> Note | None:
    """Return the content of job.json, or None if it is missing or damaged."""
    try:
        content = files.read_json(run / "job.json")
        return Note(**{f.name: content[f.name] for f in fields(Note) if f.name in content})
    except (OSError, ValueError, TypeError):
        return None


def write(run: Path, note: Note) -> None:
    """Replace job.json."""
    files.write_json(run / "job.json", asdict(note))


@contextmanager
def lock(run: Path) -> Iterator[None]:
    """Hold the lock for changing job.json; raises JobError if another process does not release it."""
    try:
        with FileLock(run / ".job.lock", timeout=PATIENCE):
            yield
    except Timeout:
        raise JobError(f"{run.name} is being submitted or ended by another process. Try again in a minute.") from None


def attempt(path: str, job: str, command: list[str]) -> int:
    """Train the run as job `job`; return the trainer's exit code, 0 if there is nothing to do; raises Again."""
    run = Path(path)
    if not run.is_dir() or not _begin(run, job):
        return 0
    code = _train(run, command)
    if not run.is_dir() or _over(run, code):
        return code
    raise Again(f"the trainer ended with exit code {code}")


def _begin(run: Path, job: str) -> bool:
    """Return whether this attempt is to train the run, and record it in the run folder."""
    deadline = time.monotonic() + SETTLING
    while status.held(run) and time.monotonic() < deadline:
        time.sleep(LOOK)  # the previous attempt is saving its last steps
    with lock(run):
        note, now = read(run), status.current(run)
        if note is None or note.id != job or note.over:
            return False
        deaths = 0 if not note.began else 1 if now.step > note.step else note.deaths + 1
        idle = paused(run) or status.held(run)  # or a user trains it by hand
        if deaths >= MOST_DEATHS and not idle:
            message = KILLED.format(deaths=deaths, step=now.step)
            status.write(run, replace(now, state="failed", problem="killed", message=message))
            idle = True
        if idle:
            write(run, replace(note, over=True))
            return False
        write(run, replace(note, began=True, deaths=deaths, step=now.step))
        status.write(run, replace(mark_queued(run, now), state="starting"))
        return True


def _train(run: Path, command: list[str]) -> int:
    """Run the trainer, end it after a long pause, and return its exit code."""
    file = run / "worker.log"
    large = file.is_file() and file.stat().st_size > LOG_BYTES
    with open(file, "wb" if large else "ab") as log:
        # a new session, so that it can save when this process is killed: it ends at the end of its input
        process = subprocess.Popen(
            [sys.executable, "-m", "vae.jobs.task", str(run), *command],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    assert process.stdin is not None
    parked, kept = False, patience(PARK_PAUSED)
    with process.stdin:
        while True:
            with suppress(subprocess.TimeoutExpired):
                return process.wait(LOOK)
            now = status.read(run)
            if not parked and now is not None and now.state == "paused" and time.time() - now.updated > kept:
                parked = True
                process.terminate()


def _over(run: Path, code: int) -> bool:
    """Return whether the run needs no further attempt, and update its folder."""
    with lock(run):
        note, now = read(run), status.read(run) or Status()
        if note is None:
            return True
        ended = now.ended or paused(run)
        again = now.state == "queued"  # not a trainer's status: the run was resumed since
        if not ended and not again and 0 < code < 128 and code != LATER:
            words = (run / "worker.log").read_text(errors="replace").strip()[-LAST_WORDS:].rpartition("\n")[2]
            message = BROKEN.format(code=code, words=words.removeprefix("error: "))
            status.write(run, replace(now, state="failed", problem="error", message=message))
            ended = True
        if not ended:
            mark_queued(run, now)
        write(run, replace(note, over=ended, began=not again and code not in (0, LATER)))
        return ended


def options(processes: int, threads: int, gpus: int) -> list[str]:
    """Return the trainer's options."""
    words = [f"--threads={threads}", f"--processes={processes}", f"--k={K}", f"--n={N}"]
    return [*words, "--device=cuda"] if gpus else words


def _leave_with_parent() -> None:
    os.read(0, 1)
    os.kill(os.getpid(), signal.SIGTERM)


def main() -> int:
    """Train the run; save and end when the parent process ends."""
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    from vae.training import launch

    return launch.main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
