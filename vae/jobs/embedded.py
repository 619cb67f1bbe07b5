"""This machine as executor: submitting writes a row of the queue, and the leading process's engine runs the jobs."""

import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from vae import data
from vae.jobs.contract import Capacity, JobError, JobState, Resources, check_waiting
from vae.jobs.pauses import mark_queued
from vae.jobs.queue import PARKED, RUNNING, WAITING, Job, Queue
from vae.runs import Run, RunError, control, machine, pace, status
from vae.spec import SpecError


def cost(processes: int) -> int:
    """Return the number of slots for a run of `processes` processes, at most all slots."""
    return min(processes, machine.slots())


def threads(processes: int = 1) -> int:
    """Return the threads of each process of a run: its share of the processors except one, reserved for the app.

    Too many threads slow training down: two threads on two busy cores had a tenth of one thread's speed.
    """
    return max(1, round((machine.cores() - 1) * cost(processes) / (machine.slots() * processes)))


class Embedded:
    """The queue of the data folder, whose jobs run as child processes of one engine (vae.jobs.engine)."""

    def __init__(self, folder: Path | None = None) -> None:
        self.queue = Queue(folder)

    def submit(self, run: Path, owner: str = "local", resources: Resources | None = None) -> None:
        """Queue a run; raises JobError if too many of the owner's runs wait."""
        run, resources = run.resolve(), resources or Resources()
        if resources.gpus:
            raise JobError("This machine's queue trains on processors. Set a cluster's address to train on GPUs.")
        with self.queue.transaction():
            jobs = {job.run: job for job in self.queue.jobs()}
            known, now = jobs.get(str(run)), status.current(run)
            over = known is not None and known.state == RUNNING and now.ended  # the engine will soon notice its end
            if known is not None and known.state != PARKED and not over:
                return
            check_waiting(owner, [job.owner for job in jobs.values() if job.state == WAITING])
            if now.alive:
                return
            mark_queued(run, now)
            self.queue.put(Job(str(run), owner, time.time(), processes=resources.processes, step=now.step))

    def admit(self, owner: str, more: int) -> None:
        """Raise JobError if so many runs more of an owner cannot wait now."""
        check_waiting(owner, [job.owner for job in self.queue.jobs() if job.state == WAITING], more)

    def stop(self, run: Path) -> None:
        """End a run; if it has begun but has no process, it is queued for its evaluation; otherwise it never starts."""
        run = run.resolve()
        with self.queue.transaction():
            job, now = self.queue.get(str(run)), status.current(run)
            if job is not None and job.state == WAITING:
                self.queue.drop(job.run)
                now = replace(now, state="interrupted")
            if now.ended and now.state != "failed":
                return
            control.ask(run, mode="stop", until=None)
            if (job is not None and job.state == RUNNING) or now.alive:
                return
            if Run(run).checkpoint is None:
                status.write(run, replace(now, state="stopped"))
            else:
                self.submit(run, job.owner if job is not None else "local", Resources(now.processes))

    def prioritise(self, run: Path) -> None:
        """Let a waiting run start next; of several, the one that was preferred first."""
        run = run.resolve()
        with self.queue.transaction():
            job = self.queue.get(str(run))
            if job is not None and job.state == WAITING:
                self.queue.prefer(job.run, time.time())

    def state(self, run: Path) -> JobState:
        """Return the state of a run, and while it waits, the number of jobs before it and the estimated wait.

        A queue that cannot be read is the message of the run's own status.
        """
        try:
            return self._state(run.resolve())
        except JobError as error:
            return JobState(replace(status.current(run), message=str(error)))

    def _state(self, run: Path) -> JobState:
        job, now = self.queue.get(str(run)), status.current(run)
        if job is None:
            # the engine is about to remove the row, or there never was one: a queued run without a row was lost
            return JobState(now if now.state != "queued" else replace(now, state="interrupted"))
        if job.state == PARKED and not now.alive:
            return JobState(replace(now, state="paused"))
        if job.state == RUNNING and now.state == "interrupted":
            return JobState(replace(now, state="starting"))
        if job.state == WAITING:
            waiting = self.queue.waiting()
            ahead = next((i for i, other in enumerate(waiting) if other.run == job.run), 0)
            return JobState(replace(now, state="queued"), ahead, self._wait(waiting[:ahead]))
        return JobState(now)

    def _wait(self, first: list[Job]) -> float:
        """Return the estimated seconds until a slot is free for the job after `first`."""
        ends = [(status.current(job.path).remaining or 0.0) for job in self.queue.jobs() if job.state == RUNNING]
        ends = sorted(ends + [0.0] * (machine.slots() - len(ends)))
        for job in first:
            ends[0] += _seconds(job)
            ends.sort()
        return ends[0]

    def resources(self) -> Capacity:
        """Return this machine's number of slots, how many are in use, and why the queue cannot be read if it cannot."""
        try:
            jobs = self.queue.jobs()
        except JobError as error:
            return Capacity(machine.slots(), 0, 0, machine.cores(), problems=[str(error)])
        training = [job for job in jobs if job.state == RUNNING and not status.current(job.path).ended]
        busy = sum(cost(job.processes) for job in training)
        return Capacity(machine.slots(), busy, sum(job.state == WAITING for job in jobs), machine.cores())

    def warm(self) -> None:
        """Announce that a run will soon be started, so that the engine keeps a worker ready for the next minutes."""
        with suppress(OSError):  # a slower start is no reason to refuse
            self.queue.folder.mkdir(parents=True, exist_ok=True)
            (self.queue.folder / "engine.warm").touch()


def _seconds(job: Job) -> float:
    try:
        spec = Run(job.path).spec
        own = threads(job.processes)  # those of the run that trains now end before these begin
        alone = pace.seconds(spec, data.train_size(spec.data, spec.size), own)
        return alone * machine.slowdown(own, own=own)
    except (RunError, SpecError, data.DataError):
        return 0.0
