"""What an executor is, what it is asked for and what it answers, whichever one the settings name."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from vae.runs import RunError
from vae.runs.status import Status

CLUSTER = "LATENT_CLUSTER"  # the environment variable that holds a cluster's address
MOST_WAITING = 20  # of one owner
K, N = 50, 2_000  # importance samples and test examples of the measurement after training in the queue


class JobError(RunError):
    """A job that cannot be taken or reached now: what is wrong, why, and what to do."""


@dataclass(frozen=True)
class Resources:
    """What a job asks for: processes on one machine that train together, and GPUs for all of them."""

    processes: int = 1
    gpus: int = 0


@dataclass(frozen=True)
class JobState:
    """The state of a run in its queue: its status, and while it waits, how many go first and for about how long."""

    status: Status
    ahead: int = 0
    wait: float | None = None  # seconds


@dataclass(frozen=True)
class Capacity:
    """What an executor has: slots are runs of one process that train at once; `address` "" is this machine."""

    slots: int
    busy: int
    waiting: int
    threads: int
    gpus: int = 0
    address: str = ""
    nodes: int = 1
    problems: list[str] = field(default_factory=list)


class Executor(Protocol):
    """Executes runs; every call may come from any process, and none waits for training."""

    def submit(self, run: Path, owner: str = "local", resources: Resources | None = None) -> None:
        """Queue a run folder, new or to be resumed; one that waits or trains already stays as it is.

        Raises JobError where nothing more can be taken.
        """

    def stop(self, run: Path) -> None:
        """End a run wherever it is, with everything up to the last step saved; one that still waits never starts."""

    def state(self, run: Path) -> JobState:
        """Return the state of a run."""

    def resources(self) -> Capacity:
        """Return what there is, and how much of it is in use."""

    def warm(self) -> None:
        """Say that somebody is about to submit, so that the start is quick where an executor can see to that."""
