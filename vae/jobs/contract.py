"""The interface of executors: the protocol, and the types of its arguments and results."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from vae.runs import RunError
from vae.runs.quota import LOCAL
from vae.runs.status import Status

CLUSTER = "LATENT_CLUSTER"  # the environment variable that holds a cluster's address
MOST_WAITING, ALL_WAITING = 20, 200  # limits of one owner's waiting jobs, and of all together
K, N = 50, 2_000  # importance samples and test examples of the evaluation after training in the queue

TOO_MANY = "At most {most} wait at once: {waiting} wait already, and {more} more are too many. Queue fewer runs."


class JobError(RunError):
    """A job cannot be accepted or reached now; the message says what, why and what to do."""


def check_waiting(owner: str, waiting: Sequence[str], more: int = 1) -> None:
    """Raise JobError if so many jobs more are too many for their owner, or for all.

    `waiting` are the owners of the others. Whose machine it is may fill the queue.
    """
    own = waiting.count(owner)
    if own + more > MOST_WAITING and owner != LOCAL:
        if more > 1:
            raise JobError(TOO_MANY.format(most=f"{MOST_WAITING} of your runs", waiting=own, more=more))
        raise JobError(f"You have {MOST_WAITING} runs waiting already. Stop one of them, or come back later.")
    if len(waiting) + more > ALL_WAITING:
        if more > 1:
            raise JobError(TOO_MANY.format(most=f"{ALL_WAITING} runs", waiting=len(waiting), more=more))
        raise JobError(f"{ALL_WAITING} runs wait here already. Come back later; your run keeps its settings.")


@dataclass(frozen=True)
class Resources:
    """The resources of a job: a number of processes on one machine that train together, and of GPUs for all of them."""

    processes: int = 1
    gpus: int = 0


@dataclass(frozen=True)
class JobState:
    """The state of a run: its status and, while it waits, the number of jobs before it and the estimated wait."""

    status: Status
    ahead: int = 0
    wait: float | None = None  # seconds


@dataclass(frozen=True)
class Capacity:
    """An executor's capacity: a slot is one process that trains; `address` is "" for this machine."""

    slots: int
    busy: int
    waiting: int
    threads: int
    gpus: int = 0
    address: str = ""
    nodes: int = 1
    problems: list[str] = field(default_factory=list)


class Executor(Protocol):
    """Executes runs; every method can be called from any process, and returns without waiting for training."""

    def submit(self, run: Path, owner: str = "local", resources: Resources | None = None) -> None:
        """Queue a run folder, new or to be resumed; nothing changes for a run that already waits or trains.

        Raises JobError if the queue is full.
        """

    def admit(self, owner: str, more: int) -> None:
        """Raise JobError if so many runs more of an owner cannot wait now, so that a group is queued as a whole."""

    def stop(self, run: Path) -> None:
        """End a run, with everything up to the last step saved; a waiting run never starts."""

    def prioritise(self, run: Path) -> None:
        """Let a waiting run start before all others; nothing changes for one that does not wait.

        Raises JobError where the executor has no say in the order.
        """

    def state(self, run: Path) -> JobState:
        """Return the state of a run."""

    def resources(self) -> Capacity:
        """Return the capacity, and how much of it is in use."""

    def warm(self) -> None:
        """Announce that a run will soon be submitted, so that an executor can prepare for a quick start."""
