"""Commands of `python -m vae` in child processes: the app does not wait for them, and reads what they print."""

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import IO

ROOT = Path(__file__).resolve().parents[2]
_jobs: dict[str, "Job"] = {}
_lock = Lock()


@dataclass
class Job:
    """One command: a process, and the file its messages go to (a pipe that nobody reads would fill and stall)."""

    process: subprocess.Popen[bytes]
    log: IO[bytes]
    cancelled: bool = False

    @property
    def running(self) -> bool:
        """Whether it is running."""
        return self.process.poll() is None

    @property
    def succeeded(self) -> bool:
        """Whether it has ended without an error."""
        return self.process.poll() == 0

    @property
    def last_line(self) -> str:
        """The newest message, without the command's `error:`."""
        text = Path(self.log.name).read_text(errors="replace").replace("\r", "\n").strip()
        return text.splitlines()[-1].removeprefix("error: ")[:400] if text else ""

    def stop(self) -> None:
        """End the process; kill it if it does not end within five seconds."""
        self.cancelled = True
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def job(key: str) -> Job | None:
    """Return the command of that key, if one was started since the server started."""
    return _jobs.get(key)


def running(prefix: str) -> list[str]:
    """Return the keys with that prefix whose commands are running."""
    return [key for key, job in list(_jobs.items()) if key.startswith(prefix) and job.running]


def start(key: str, words: Sequence[str], python: str = sys.executable) -> Job:
    """Start `python -m vae *words` unless the command of that key runs."""
    with _lock:
        known = _jobs.get(key)
        if known is not None and known.running:
            return known
        log = tempfile.NamedTemporaryFile(prefix="latent-", suffix=".log")  # noqa: SIM115 -- lives with the job
        process = subprocess.Popen(
            [python, "-m", "vae", *words],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        _jobs[key] = Job(process, log)
        return _jobs[key]


def stop_all() -> None:
    """End every command that is running."""
    for started in _jobs.values():
        if started.running:
            started.stop()
