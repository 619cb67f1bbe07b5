"""Pausing and queueing through the run folder, the same for every executor."""

import os
import time
from pathlib import Path

from vae.jobs.contract import JobError
from vae.runs import control, status
from vae.runs.status import Status

PARK = "LATENT_PARK"


def patience(usual: float) -> float:
    """Return the seconds for which a paused run keeps its processors: `LATENT_PARK`, or the usual number."""
    asked = os.environ.get(PARK, "")
    return float(asked) if asked.isdigit() else usual


def pause(run: Path) -> None:
    """Pause a run after its current step; everything is saved."""
    control.ask(run, mode="pause")


def pause_and_wait(run: Path, patience: float = 5.0) -> None:
    """Pause a training run and wait until its checkpoint is saved, so that a copy can continue from it.

    Raises JobError if it is not paused after `patience` seconds.
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
    """Return whether a run is paused and the pause is still requested, with or without a process."""
    now, asked = status.read(run), control.read(run)
    due = asked.mode == "run" and asked.until is not None and now is not None and now.step >= asked.until
    return now is not None and now.state == "paused" and (asked.mode == "pause" or due)


def mark_queued(run: Path, now: Status) -> Status:
    """Write the status "queued", so that the trainer will follow existing requests, and return the status."""
    queued = Status("queued", now.step, now.epoch, now.total, now.per_epoch, now.seconds, attempt=now.attempt)
    status.write(run, queued)
    return queued
