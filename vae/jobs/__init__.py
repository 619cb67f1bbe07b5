"""Executors of training: a job is `python -m vae train RUN_DIR`, run by hand, by this machine's queue or on a cluster.

A job and the pages communicate only through the run folder (status, control and film of vae.runs), so a reload, a
second tab, a second user and a restarted server see the same run. An executor only decides where and when a job runs:
`embedded` (child processes of this machine, the default) or `cluster` (Ray Jobs at the address in `LATENT_CLUSTER`).
"""

import os
import time
from functools import cache
from pathlib import Path

from vae.jobs.contract import CLUSTER, Capacity, Executor, JobError, JobState, Resources
from vae.jobs.pauses import pause, pause_and_wait
from vae.runs import control, status

__all__ = [
    "CLUSTER",
    "Capacity",
    "Executor",
    "JobError",
    "JobState",
    "Resources",
    "executor",
    "pause",
    "pause_and_wait",
    "play",
]

LEAVING = 2.0  # seconds from a trainer's last status to the end of its process


@cache
def _executor(address: str) -> Executor:
    if address:
        from vae.jobs.cluster import Cluster

        return Cluster(address)
    from vae.jobs.embedded import Embedded

    return Embedded()


def executor() -> Executor:
    """Return the executor that the settings select."""
    return _executor(os.environ.get(CLUSTER, ""))


def play(run: Path, owner: str = "local", resources: Resources | None = None, until: int | None = None) -> None:
    """Continue a run's training, up to step `until` if given: a paused trainer continues, any other run is queued."""
    control.ask(run, mode="run", until=until)
    deadline = time.monotonic() + LEAVING
    while (held := status.held(run)) and status.current(run).ended and time.monotonic() < deadline:
        time.sleep(0.01)  # its trainer has written its last status and is ending
    if not held:
        executor().submit(run, owner, resources)
