"""The engine of this machine's queue: it starts, adopts, resumes and parks trainers, and keeps one worker warm.

One engine leads a data folder: the first that gets `engine.lock`, which the system releases when its process dies.
Trainers run in separate sessions: they outlive the engine, and the next engine adopts them by the lock in their run
folder. `python -m vae engine` leads without the app.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from dataclasses import replace
from pathlib import Path

from filelock import FileLock, Timeout

from vae.jobs import embedded
from vae.jobs.contract import JobError, K, N
from vae.jobs.pauses import mark_queued, patience, paused
from vae.jobs.queue import PARKED, RUNNING, WAITING, Job, Queue
from vae.runs import machine, status
from vae.runs.status import Status

ROOT = Path(__file__).resolve().parents[2]
TICK, LOOK = 0.05, 0.5  # seconds between checks of the queue's file, and of processes that are not children
MOST_DEATHS = 3
SETTLING = 15.0  # seconds that a process may take to lock its run
PARK_WANTED, PARK_IDLE = 10.0, 600.0  # seconds a pause keeps its process if others wait, if none waits
WARM = 600.0  # seconds for which a worker is kept ready after `warm`
LATER = 75

KILLED = (
    "The trainer was ended {deaths} times in a row near step {step:,}, most likely because memory ran out. The last "
    "checkpoint is kept. Free some memory and resume, or train again with a smaller batch or smaller networks."
)


class Worker:
    """A process that has torch loaded and waits for one run; it ends when the engine ends."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        with open(folder / "worker.log", "wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "vae", "worker"],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
                # waiting threads that spin would take the processor from the working ones
                env={"OMP_WAIT_POLICY": "PASSIVE", **os.environ},
            )

    @property
    def alive(self) -> bool:
        """Whether the process lives."""
        return self.process.poll() is None

    def train(self, run: str, processes: int) -> None:
        """Start training the run: the process becomes its trainer."""
        order = {"run": run, "threads": embedded.threads(processes), "processes": processes, "k": K, "n": N}
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps(order).encode() + b"\n")
            self.process.stdin.close()
        except BrokenPipeError:
            pass  # it has died: the engine will notice and count it

    def dismiss(self) -> None:
        """End a worker that has no run."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        self.process.terminate()
        self.process.wait()


class Engine:
    """The loop over one data folder's queue; `run` returns after `close`, and trainers continue."""

    def __init__(self, folder: Path | None = None) -> None:
        self.queue = Queue(folder)
        self.folder = self.queue.folder
        self.children: dict[str, Worker] = {}
        self.warm_worker: Worker | None = None
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start `run` in a thread of this process."""
        self._thread = threading.Thread(target=self.run, name="engine", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the loop and the warm worker; trainers continue."""
        self._closing.set()
        if self._thread is not None:
            self._thread.join(5)

    def run(self) -> None:
        """Wait until no other process leads, then run the queue until `close`."""
        said = ""
        while not self._closing.is_set():
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
                with FileLock(self.folder / "engine.lock").acquire(timeout=0):
                    said = ""
                    self._lead()
            except Timeout:
                self._closing.wait(LOOK)
            except OSError as error:  # a full disk or a folder that cannot be written: it may be mended
                if str(error) != said:
                    said = str(error)
                    print(f"engine: {said}; trying again", file=sys.stderr)
                self._closing.wait(LOOK)

    def _lead(self) -> None:
        seen, next_look, said = None, 0.0, ""
        try:
            while not self._closing.is_set():
                try:
                    stamp, now = self.queue.stamp(), time.monotonic()
                    ended = any(not worker.alive for worker in self.children.values())
                    if stamp != seen or ended or now >= next_look:
                        seen, next_look = stamp, now + LOOK  # first, so that a bad job causes no busy loop
                        self.tick()
                        said = ""
                except (JobError, OSError) as error:
                    if str(error) != said:  # once, for as long as it lasts
                        said = str(error)
                        print(f"engine: {said}", file=sys.stderr)
                    self._closing.wait(LOOK)
                except Exception:
                    traceback.print_exc()  # one bad job must not end the queue
                    self._closing.wait(LOOK)
                self._closing.wait(TICK)
        finally:
            if self.warm_worker is not None:
                self.warm_worker.dismiss()
                self.warm_worker = None

    def tick(self) -> None:
        """Check every job once and do what is due."""
        jobs = {job.run: job for job in self.queue.jobs()}
        for run, worker in list(self.children.items()):
            if not worker.alive:
                del self.children[run]
                # a run that was queued again since is no longer this process's
                if run in jobs and jobs[run].pid == worker.process.pid:
                    self._ended(jobs.pop(run), worker.process.returncode)
        for job in jobs.values():
            if not job.path.is_dir():
                self.queue.drop(job.run)
            elif job.state == RUNNING and job.run not in self.children and not self._lives(job):
                self._ended(job, None)
            elif job.state == PARKED and not paused(job.path):
                self._ended(job, LATER)  # the user pressed Play while its process was ending
        self._park()
        self._start_next()
        self._keep_worker_warm()

    def _lives(self, job: Job) -> bool:
        """Return whether a trainer that another engine started is working, or is about to lock its run."""
        if status.held(job.path):
            return True
        if job.pid is None or job.started is None or time.time() - job.started > SETTLING:
            return False
        try:
            os.kill(job.pid, 0)
        except OSError:
            return False
        return True

    def _ended(self, job: Job, code: int | None) -> None:
        """Handle a trainer's end, unless the job has been changed since."""
        with self.queue.transaction():
            if self.queue.get(job.run) == job:
                self._conclude(job, code)

    def _conclude(self, job: Job, code: int | None) -> None:
        """Decide about a job whose trainer has ended: finished, parked, waiting to be resumed, or given up."""
        if not job.path.is_dir():
            self.queue.drop(job.run)
            return
        if status.held(job.path) or (job.state == PARKED and paused(job.path)):
            return
        now = status.read(job.path) or Status()
        if now.ended:
            self.queue.drop(job.run)
            return
        if paused(job.path):
            self.queue.change(job.run, state=PARKED, pid=None)
            return
        if code is not None and 0 < code < 128 and code != LATER:
            self._give_up(job, now, "error", _last_words(job.path))
            return
        deaths = 0 if code == LATER else 1 if now.step > job.step else job.deaths + 1
        if deaths >= MOST_DEATHS:
            self._give_up(job, now, "killed", KILLED.format(deaths=deaths, step=now.step))
            return
        mark_queued(job.path, now)
        self.queue.change(job.run, state=WAITING, pid=None, deaths=deaths, step=now.step)

    def _give_up(self, job: Job, now: Status, problem: str, message: str) -> None:
        status.write(job.path, replace(now, state="failed", problem=problem, message=message))
        self.queue.drop(job.run)

    def _start_next(self) -> None:
        """Start the next jobs while slots are free; a smaller job never overtakes a bigger one."""
        used = sum(embedded.cost(job.processes) for job in self.queue.jobs() if job.state == RUNNING)
        for job in self.queue.waiting():
            if used + embedded.cost(job.processes) > machine.slots():
                break
            worker, self.warm_worker = self.warm_worker, None
            if worker is None or not worker.alive:
                worker = Worker(self.folder)
            if self.queue.start(job, worker.process.pid, time.time()):
                worker.train(job.run, job.processes)
                self.children[job.run] = worker
                used += embedded.cost(job.processes)
            else:
                self.warm_worker = worker  # stopped at this moment

    def _park(self) -> None:
        """End processes that pause for long, sooner if other jobs wait for the slot; their checkpoint is saved."""
        jobs = self.queue.jobs()
        wanted = any(job.state == WAITING for job in jobs)
        for job in jobs:
            if job.state != RUNNING or job.pid is None:
                continue
            now = status.read(job.path)
            if now is None or now.state != "paused":
                continue
            kept = patience(PARK_WANTED) if wanted else PARK_IDLE
            if time.time() - now.updated > kept and status.held(job.path):
                self.queue.change(job.run, state=PARKED, pid=None)
                os.kill(job.pid, signal.SIGTERM)

    def _keep_worker_warm(self) -> None:
        """Keep one worker warm while a run may soon be started and a slot is free."""
        try:
            wanted = time.time() - (self.folder / "engine.warm").stat().st_mtime < WARM
        except FileNotFoundError:
            wanted = False
        free = sum(embedded.cost(job.processes) for job in self.queue.jobs() if job.state == RUNNING) < machine.slots()
        if self.warm_worker is not None and not (wanted and self.warm_worker.alive):
            self.warm_worker.dismiss()
            self.warm_worker = None
        if self.warm_worker is None and wanted and free:
            self.warm_worker = Worker(self.folder)


def _last_words(run: Path) -> str:
    """Return the last line that a trainer printed before it ended without a status."""
    try:
        lines = (run / "worker.log").read_text(errors="replace").strip().splitlines()
    except OSError:
        lines = []
    said = lines[-1].removeprefix("error: ")[:400] if lines else "It said nothing."
    return f"The trainer could not go on. {said}"


def serve() -> int:
    """Lead in this process until SIGTERM or an interrupt: `python -m vae engine`."""
    engine = Engine()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: engine._closing.set())
    print(f"working off {engine.queue.file}, {machine.slots()} at once; interrupt to leave (runs go on)", flush=True)
    engine.run()
    return 0
