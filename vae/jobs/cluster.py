"""A cluster as executor: a run is a Ray job; Ray does the queueing, placement and restarts.

The job's driver (vae.jobs.driver) asks Ray for one task, whose attempts (vae.jobs.task) train the run. All machines
share the run folders and this project's folder, each under the same path; nothing is copied. Ray is imported at
the first request, so that an app without a cluster never loads it.
"""

import os
import secrets
import shlex
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from vae.data import data_root
from vae.jobs import task
from vae.jobs.contract import CLUSTER, Capacity, JobError, JobState, Resources, check_waiting
from vae.jobs.pauses import PARK, mark_queued, paused
from vae.jobs.task import Note
from vae.runs import Run, control, status
from vae.runs.status import Status

ROOT = Path(__file__).resolve().parents[2]
THREADS = "LATENT_CLUSTER_THREADS"
RUN = "latent-run"  # the key of the run folder in a job's metadata
ANSWER, SUBMISSION = 3.0, 30.0  # seconds that the cluster may take to answer, and to accept a job
FRESH, SILENT = 1.0, 5.0  # seconds for which an answer is cached, and for which no request is made after a failure
SETTLING = 15.0  # seconds after which a submitted job has to be in the cluster's list
KEPT = 100  # ended jobs that stay in the cluster's list
OVERRIDES = ("RAY_ADDRESS", "RAY_API_SERVER_ADDRESS")

SILENCE = (
    "The cluster at {address} does not answer: {reason} Check that it runs (`ray status` on its head machine) and that "
    "{setting} holds its dashboard's address, such as http://head:8265. Runs in training go on."
)
AUTH = "RAY_AUTH_MODE"
TOKENLESS = f"If it was started with a token, set {AUTH}=token here too, with the token in ~/.ray/auth_token."
NO_RAY = "Ray is not installed here. Install it with: pip install -r requirements-cluster.txt"
OVERRIDDEN = "{name} is set, and Ray would follow it instead of {setting}. Unset it."
TOO_BIG = (
    "No machine of the cluster has {processors} processors and {gpus} GPUs, so the run waits until one joins. Stop it "
    "to ask for less."
)
LOST = "The cluster does not know the run's job any more: it was restarted. {kept}"
ENDED = "The run's job on the cluster has ended ({how}). {kept}"
MOVED = (
    "The machine or process that trained it was lost. The run continues from its last checkpoint when it is its turn."
)
NO_ORDER = (
    "The cluster starts runs as machines get free: Ray has no priorities. Stop or pause another run to make room for "
    "this one."
)
KEPT_CHECKPOINT = "The last checkpoint is kept. Resume the run to continue from there."


def threads() -> int:
    """Return the processors and threads of each process of a run: `LATENT_CLUSTER_THREADS`, by default 1."""
    asked = os.environ.get(THREADS, "")
    return int(asked) if asked.isdigit() and int(asked) > 0 else 1


@dataclass(frozen=True)
class _Seen:
    """A snapshot of the cluster: our jobs by id, and the notes of waiting jobs (in order) and of training ones."""

    until: float = 0.0  # monotonic time after which it is outdated
    jobs: dict[str, Any] = field(default_factory=dict)
    waiting: list[Note] = field(default_factory=list)
    training: list[Note] = field(default_factory=list)
    nodes: list[dict[str, float]] = field(default_factory=list)
    problem: str = ""

    def alive(self, note: Note | None) -> bool:
        """Return whether a run's job can still train it."""
        if note is None or note.over:
            return False
        job = self.jobs.get(note.id)
        # a job that another process has just submitted may be missing
        return not job.status.is_terminal() if job else time.time() - note.submitted < SETTLING


class Cluster:
    """Ray Jobs at an address, used by all processes of an app at once; the cluster's state is cached for a second."""

    def __init__(self, address: str) -> None:
        self.address = address if "://" in address else f"http://{address}"
        self._client: Any = None
        self._seen = _Seen()
        self._asking = threading.Lock()

    def submit(self, run: Path, owner: str = "local", resources: Resources | None = None) -> None:
        """Submit a run to Ray; on GPUs it trains in one process per GPU.

        Raises JobError if the cluster does not answer, or if too many of the owner's runs wait.
        """
        run, resources = Run(run.resolve()).path, resources or Resources()
        with task.lock(run):
            now, note = status.current(run), task.read(run)
            if now.alive:
                return
            seen = self._look(again=True)
            if seen.problem:
                raise JobError(seen.problem)
            if seen.alive(note):
                if now.ended or _file_status(run).state == "paused":
                    mark_queued(run, now)  # its attempt is about to return, and will see that it must continue
                return
            check_waiting(owner, [other.owner for other in seen.waiting])
            processes = resources.gpus or resources.processes
            job = f"latent-{secrets.token_hex(16)}"
            attempts = note.attempts + 1 if note is not None else 1
            made = Note(job, self.address, owner, time.time(), processes, resources.gpus, attempts)
            task.write(run, made)
            mark_queued(run, now)
            try:
                self._tidy(seen)
                self._submit(run, made)
            except Exception as error:
                task.write(run, replace(made, over=True))
                status.write(run, now)
                raise JobError(self._silence(error)) from error
            finally:
                self._seen = replace(self._seen, until=0.0)

    def admit(self, owner: str, more: int) -> None:
        """Raise JobError if so many runs more of an owner cannot wait now, or if the cluster does not answer."""
        seen = self._look(again=True)
        if seen.problem:
            raise JobError(seen.problem)
        check_waiting(owner, [other.owner for other in seen.waiting], more)

    def _submit(self, run: Path, note: Note) -> None:
        words = [sys.executable, "-m", "vae.jobs.driver", str(run), f"--job={note.id}", f"--processes={note.processes}"]
        words += [f"--threads={threads()}", f"--gpus={note.gpus}"]
        given = {name: os.environ[name] for name in [PARK] if name in os.environ}
        paths = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
        self._client.submit_job(
            entrypoint=shlex.join(words),
            submission_id=note.id,
            runtime_env={"env_vars": {"PYTHONPATH": paths, "LATENT_DATA": str(data_root().resolve()), **given}},
            metadata={RUN: str(run)},
        )

    def stop(self, run: Path) -> None:
        """End a run; if it has begun, it is submitted again only for its evaluation; otherwise it never starts.

        Raises JobError if it must be submitted for that and the cluster does not answer.
        """
        run = run.resolve()
        now = status.current(run)
        if now.ended and now.state != "failed":
            return
        control.ask(run, mode="stop", until=None)
        if now.alive:
            return
        with task.lock(run):
            note, seen = task.read(run), self._look(again=True)
            alive = seen.alive(note)
            if Run(run).checkpoint is None and _file_status(run).state != "starting":
                if note is not None:
                    task.write(run, replace(note, over=True))
                    if alive:
                        with suppress(Exception):  # an attempt of a finished job does nothing
                            self._client.stop_job(note.id)
                status.write(run, replace(now, state="stopped"))
                return
        if not alive:  # otherwise it stops at once when it starts
            self.submit(run, *((note.owner, Resources(note.processes, note.gpus)) if note is not None else ()))

    def prioritise(self, run: Path) -> None:
        """Raise JobError: neither Ray's jobs nor its tasks have a priority."""
        raise JobError(NO_ORDER)

    def state(self, run: Path) -> JobState:
        """Return the state of a run, from its folder while its trainer lives, otherwise from Ray."""
        run = run.resolve()
        now = status.current(run)
        if now.alive or now.ended or now.state == "new":
            return JobState(now)
        if paused(run):
            return JobState(replace(now, state="paused"))  # a paused run needs no process, and may have none
        note, seen = task.read(run), self._look()
        if seen.problem:
            return JobState(replace(now, message=seen.problem))
        if note is not None and seen.alive(note):
            return self._queued(run, now, note, seen)
        now = status.current(run)  # it may have ended between the two checks
        if now.alive or now.ended:
            return JobState(now)
        job = seen.jobs.get(note.id) if note is not None else None
        if job is None:
            message = LOST.format(kept=KEPT_CHECKPOINT) if note is not None else now.message
        else:
            code = job.driver_exit_code
            how = f"exit code {code}" if code is not None else (job.message or job.status.value).partition("\n")[0]
            message = ENDED.format(how=how, kept=KEPT_CHECKPOINT)
        return JobState(replace(now, state="interrupted", message=message))

    def _queued(self, run: Path, now: Status, note: Note, seen: _Seen) -> JobState:
        written = _file_status(run)
        if written.state == "starting":
            return JobState(replace(now, state="starting"))
        message = "" if written.state == "queued" else MOVED
        processors = note.processes * threads()
        if not any(n.get("CPU", 0) >= processors and n.get("GPU", 0) >= note.gpus for n in seen.nodes):
            message = TOO_BIG.format(processors=processors, gpus=note.gpus)
        ahead = next((i for i, other in enumerate(seen.waiting) if other.id == note.id), len(seen.waiting))
        return JobState(replace(now, state="queued", message=message), ahead)

    def resources(self) -> Capacity:
        """Return the cluster's number of processors, and how many of them this project's runs use."""
        seen = self._look()
        problems = [seen.problem] if seen.problem else []
        return Capacity(
            slots=sum(int(node.get("CPU", 0)) // threads() for node in seen.nodes),
            busy=sum(note.processes for note in seen.training),
            waiting=len(seen.waiting),
            threads=int(sum(node.get("CPU", 0) for node in seen.nodes)),
            gpus=int(sum(node.get("GPU", 0) for node in seen.nodes)),
            address=self.address,
            nodes=len(seen.nodes),
            problems=problems,
        )

    def warm(self) -> None:
        """Import Ray, so that the submission need not wait for it; Ray itself keeps workers ready."""
        if self._client is None:
            threading.Thread(target=self._look, daemon=True).start()

    def _look(self, again: bool = False) -> _Seen:
        """Return a snapshot at most a second old; during a request, other callers get the previous one."""
        seen = self._seen
        if time.monotonic() < seen.until and not again:
            return seen
        if not self._asking.acquire(blocking=again or not seen.until):
            return seen
        try:
            if again or self._seen is seen:
                self._seen = self._ask()
            return self._seen
        finally:
            self._asking.release()

    def _ask(self) -> _Seen:
        try:
            from ray.util.state import list_nodes

            if self._client is None:
                self._client = _client(self.address)
            jobs = [job for job in self._client.list_jobs() if RUN in (job.metadata or {}) and job.submission_id]
            nodes = list_nodes(
                self.address,
                filters=[("state", "=", "ALIVE")],
                limit=10_000,
                timeout=int(ANSWER),
                raise_on_missing_output=False,  # it reports dead nodes, which the filter left out, as missing
            )
        except Exception as error:  # after any error, pages work without the cluster, and say so
            return _Seen(time.monotonic() + SILENT, problem=self._silence(error))
        waiting: list[Note] = []
        training: list[Note] = []
        for job in sorted(jobs, key=lambda job: job.start_time or 0):
            run = Path(job.metadata[RUN])
            note = task.read(run)
            if job.status.is_terminal() or note is None or note.id != job.submission_id or note.over:
                continue
            now = status.current(run)
            if now.alive:
                training.append(note)
            elif not now.ended and not paused(run):
                waiting.append(note)
        found = {job.submission_id: job for job in jobs}
        return _Seen(time.monotonic() + FRESH, found, waiting, training, [node.resources_total for node in nodes])

    def _silence(self, error: Exception) -> str:
        """Return the error, with the remedy, for a cluster that did not answer."""
        if isinstance(error, ImportError):
            return NO_RAY
        if isinstance(error, JobError):
            return str(error)
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        told = SILENCE.format(
            address=self.address, setting=CLUSTER, reason=reason if reason.endswith(".") else f"{reason}."
        )
        return told if os.environ.get(AUTH) == "token" else f"{told} {TOKENLESS}"

    def _tidy(self, seen: _Seen) -> None:
        """Delete jobs whose run was deleted, and the oldest ended ones; the cluster would list them forever."""
        ended = sorted((j for j in seen.jobs.values() if j.status.is_terminal()), key=lambda j: j.end_time or 0)
        for job in ended[:-KEPT]:
            self._client.delete_job(job.submission_id)
        for job in seen.jobs.values():
            if not job.status.is_terminal() and not Path(job.metadata[RUN]).is_dir():
                self._client.stop_job(job.submission_id)


def _client(address: str) -> Any:
    """Return Ray's client; raises JobError or Ray's errors if the cluster does not answer."""
    for name in OVERRIDES:
        if name in os.environ:
            raise JobError(OVERRIDDEN.format(name=name, setting=CLUSTER))
    from ray.job_submission import JobSubmissionClient

    class Client(JobSubmissionClient):
        """Ray's client with a timeout."""

        def _do_request(self, method: str, *arguments: Any, **options: Any) -> Any:
            timeout = ANSWER if method == "GET" else SUBMISSION
            return super()._do_request(method, *arguments, timeout=timeout, **options)

    return Client(address)


def _file_status(run: Path) -> Status:
    """Return the status in the run's file, whether its trainer lives or not."""
    return status.read(run) or Status()
