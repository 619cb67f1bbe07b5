"""Where runs are trained: a job is `python -m vae train RUN_DIR`, by hand, in this machine's queue or on a cluster.

All that passes between a job and whoever watches it is the run folder (status, control and film of vae.runs), so a
reload, a second tab, a second user and a restarted server see the same run. An executor only decides where and when:
`embedded` (child processes of this machine, the default) or `cluster` (Ray Jobs at the address in `LATENT_CLUSTER`).
"""

import os
import time
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Protocol

from vae.runs import RunError, control, status
from vae.runs.status import Status

CLUSTER = "LATENT_CLUSTER"
MOST_WAITING = 20  # of one owner
LEAVING = 2.0  # seconds a trainer may take from its last word to its end
K, N = 50, 2_000  # importance samples and test examples of the measurement after training in the queue


class JobError(RunError):
    """A job that cannot be taken or reached now: what is wrong, why, and what to do."""


@dataclass(frozen=True)
class Resources:
    """What a job asks for: processes on one machine that train together, and GPUs for all of them."""

    processes: int = 1
    gpus: int = 0


@dataclass(frozen=True)
class Standing:
    """Where a run stands for its executor: its status, and while it waits, how many go first and about how long."""

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

    def state(self, run: Path) -> Standing:
        """Return where a run stands."""

    def resources(self) -> Capacity:
        """Return what there is, and how much of it is in use."""

    def warm(self) -> None:
        """Say that somebody is about to submit, so that the start is quick where an executor can see to that."""


@cache
def _executor(address: str) -> Executor:
    if address:
        from vae.jobs.cluster import Cluster

        return Cluster(address)
    from vae.jobs.embedded import Embedded

    return Embedded()


def executor() -> Executor:
    """Return the executor that the settings name."""
    return _executor(os.environ.get(CLUSTER, ""))


def play(run: Path, owner: str = "local", resources: Resources | None = None, until: int | None = None) -> None:
    """Let a run train, up to step `until` where given: one that pauses goes on, any other is queued to resume."""
    control.ask(run, mode="run", until=until)
    deadline = time.monotonic() + LEAVING
    while (held := status.held(run)) and status.current(run).ended and time.monotonic() < deadline:
        time.sleep(0.01)  # its trainer has said its last word and is leaving
    if not held:
        executor().submit(run, owner, resources)


def pause(run: Path) -> None:
    """Let a run wait after its present step; everything is saved."""
    control.ask(run, mode="pause")


def settle(run: Path, patience: float = 5.0) -> None:
    """Pause a run that trains and wait until that is saved, for a copy to go on from there.

    Raises JobError where it is still at work after `patience` seconds.
    """
    if not status.held(run):
        return
    pause(run)
    deadline = time.monotonic() + patience
    while (now := status.current(run)).alive and now.state != "paused":
        if time.monotonic() > deadline:
            raise JobError(f"{run.name} could not be paused within {patience:.0f} s. Wait a moment, then try again.")
        time.sleep(0.02)


def paused(run: Path) -> bool:
    """Return whether a run stands in a pause that people still want, with or without a process; all of it is saved."""
    now, asked = status.read(run), control.read(run)
    due = asked.mode == "run" and asked.until is not None and now is not None and now.step >= asked.until
    return now is not None and now.state == "paused" and (asked.mode == "pause" or due)


def engage(run: Path, now: Status) -> Status:
    """Write that a run is queued, where it stands, so that the trainer follows the wishes it finds, and return it."""
    queued = Status("queued", now.step, now.epoch, now.total, now.per_epoch, now.seconds, attempt=now.attempt)
    status.write(run, queued)
    return queued
