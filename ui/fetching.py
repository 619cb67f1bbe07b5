"""Downloads of datasets in child processes: `python -m vae fetch NAME`, so the app need not wait or import torch."""

import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import IO

from vae import data

ROOT = Path(__file__).resolve().parent.parent
_jobs: dict[str, "Job"] = {}
_lock = Lock()


@dataclass
class Job:
    """One download: a process, and the file its messages go to (a pipe that nobody reads would fill and stall)."""

    process: subprocess.Popen[bytes]
    log: IO[bytes]

    @property
    def running(self) -> bool:
        """Whether the download goes on."""
        return self.process.poll() is None

    @property
    def succeeded(self) -> bool:
        """Whether it has ended well."""
        return self.process.poll() == 0

    @property
    def last_line(self) -> str:
        """The newest message, without the command's `error:`."""
        text = Path(self.log.name).read_text(errors="replace").replace("\r", "\n").strip()
        return text.splitlines()[-1].removeprefix("error: ")[:400] if text else ""


def size(name: str) -> str:
    """Return how much there is to download, "" if nothing or unknown."""
    try:
        description = data.describe(name)
    except data.DataError:
        return ""
    return "" if description.embedded else f"{description.megabytes:.0f} MB"


def job(name: str) -> Job | None:
    """Return the download of that name, if one was started since the server started."""
    return _jobs.get(name)


def start(name: str, python: str) -> Job:
    """Start a download unless one of that name runs; raises DataError for an unknown name."""
    data.describe(name)
    with _lock:
        running = _jobs.get(name)
        if running is not None and running.running:
            return running
        log = tempfile.NamedTemporaryFile(prefix="latent-fetch-", suffix=".log")  # noqa: SIM115 -- lives with the job
        process = subprocess.Popen(
            [python, "-m", "vae", "fetch", name],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        _jobs[name] = Job(process, log)
        return _jobs[name]


def stop_all() -> None:
    """End every download that still runs."""
    for started in _jobs.values():
        if started.running:
            started.process.terminate()
            try:
                started.process.wait(5)
            except subprocess.TimeoutExpired:
                started.process.kill()
