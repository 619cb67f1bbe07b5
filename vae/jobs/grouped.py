"""Queue a sweep as one group: all of its runs wait, or none is made."""

from vae import jobs
from vae.jobs.contract import Resources
from vae.runs import Run, sweep
from vae.runs.sweep import Sweep


def queue(planned: Sweep, owner: str = "local", resources: Resources | None = None) -> list[Run]:
    """Create and queue the runs of a sweep; return them in their order.

    Raises QuotaError, JobError, SpecError or DataError if not all of them may be made and wait. Then none is there,
    unless another's runs filled the queue in between: what waits already stays, and the rest is removed.
    """
    executor = jobs.executor()
    executor.admit(owner, len(planned.members))
    made = sweep.create(planned, owner)
    for i, run in enumerate(made):
        try:
            executor.submit(run.path, owner, resources)
        except BaseException:
            sweep.discard(made[i:])
            raise
    return made
