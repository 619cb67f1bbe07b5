"""Where runs are trained: a job is `python -m vae train RUN_DIR`, by hand, in this machine's queue or on a cluster.

All that passes between a job and whoever watches it is the run folder (status, control and film of vae.runs), so a
reload, a second tab, a second user and a restarted server see the same run. An executor only decides where and when:
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

LEAVING = 2.0  # seconds a trainer may take from its last word to its end


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
