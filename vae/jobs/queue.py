"""The queue of this machine: waiting and training jobs and their order; SQLite (WAL) in the data folder.

The run folders contain the same information, so a damaged file is put aside and recreated from them.
"""

import math
import os
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any

from vae.data import data_root
from vae.jobs.contract import JobError
from vae.runs import Run, RunError, status

WAITING, RUNNING, PARKED = "waiting", "running", "parked"
PATIENCE = 10.0  # seconds that a writer waits for another

SCHEMA = (
    """CREATE TABLE IF NOT EXISTS jobs (
        run TEXT PRIMARY KEY, owner TEXT NOT NULL, submitted REAL NOT NULL, state TEXT NOT NULL,
        processes INTEGER NOT NULL, pid INTEGER, started REAL, deaths INTEGER NOT NULL DEFAULT 0,
        step INTEGER NOT NULL DEFAULT 0
    )""",
    "CREATE TABLE IF NOT EXISTS turns (owner TEXT PRIMARY KEY, last REAL NOT NULL)",
    "CREATE TABLE IF NOT EXISTS preferred (run TEXT PRIMARY KEY, since REAL NOT NULL)",
)
TABLES = {"jobs", "turns", "preferred"}


def _tables(connection: sqlite3.Connection) -> set[str]:
    """Return which of the queue's tables a database has."""
    names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    return {name for (name,) in names} & TABLES


@dataclass(frozen=True)
class Job:
    """A row: `deaths` counts its trainer's successive deaths without progress beyond `step`; times in unix seconds."""

    run: str
    owner: str
    submitted: float
    state: str = WAITING
    processes: int = 1
    pid: int | None = None
    started: float | None = None
    deaths: int = 0
    step: int = 0

    @property
    def path(self) -> Path:
        """The run's folder."""
        return Path(self.run)


COLUMNS = ", ".join(f.name for f in fields(Job))


def order(
    waiting: Iterable[Job],
    turns: Mapping[str, float],
    training: Iterable[str] = (),
    preferred: Mapping[str, float] = MappingProxyType({}),
) -> list[Job]:
    """Return the waiting jobs in the order in which they will start: preferred ones, then round robin over the owners.

    The next is the oldest job of the owner with the fewest training jobs; among such owners, of the one whose last turn
    is longest ago. `turns` are the times of the last turns, `training` the owners of jobs that train, and `preferred`
    since when a run has been preferred: the one preferred first is the first of them.
    """
    left = sorted(waiting, key=lambda job: job.submitted)
    busy, last, result = Counter(training), dict(turns), []
    now = max([*turns.values(), 0.0])
    never = math.inf
    while left:
        job = min(left, key=lambda j: (preferred.get(j.run, never), busy[j.owner], last.get(j.owner, 0.0), j.submitted))
        left.remove(job)
        result.append(job)
        now += 1.0
        busy[job.owner] += 1
        last[job.owner] = now
    return result


class Queue:
    """The jobs of a data folder; every call is a separate transaction, from any thread or process.

    Use one `transaction` for reading a row or run folder and the change that depends on it: otherwise an engine that
    notices the end of a process and a visitor who queues the run again undo each other's work.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or data_root()
        self.file = self.folder / "queue.sqlite"
        self._sound = False
        self._thread = threading.local()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Lock the queue against other writers; this thread's calls inside the block are part of the transaction.

        Raises JobError if the file cannot be used now; an exception in the block rolls its changes back.
        """
        if (open_one := getattr(self._thread, "connection", None)) is not None:
            yield open_one
            return
        with self._errors(sqlite3.Error, OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            connection = self._connect()
        try:
            with self._errors(sqlite3.Error):
                connection.execute("BEGIN IMMEDIATE")
                self._thread.connection = connection
                yield connection
                connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        finally:
            self._thread.connection = None
            connection.close()

    @contextmanager
    def _errors(self, *kinds: type[Exception]) -> Iterator[None]:
        try:
            yield
        except kinds as error:
            self._sound = False  # the next call checks the file, and puts a damaged one aside
            raise JobError(
                f"The queue cannot be written: {error}. Make sure that {self.folder} is writable and has room, then "
                "try again; runs that train go on."
            ) from error

    def stamp(self) -> tuple[tuple[int, int], ...]:
        """Return a value that changes when any process changes the queue."""
        found = []
        for end in ("", "-wal"):
            with suppress(FileNotFoundError):  # the last connection that closes removes the log, at any moment
                seen = os.stat(f"{self.file}{end}")
                found.append((seen.st_mtime_ns, seen.st_size))
        return tuple(found)

    def _connect(self) -> sqlite3.Connection:
        try:
            return self._prepared()
        except sqlite3.OperationalError:
            raise  # locked, a full disk or no permission: not damaged
        except sqlite3.DatabaseError:
            self._put_aside()
            return self._prepared()

    def _prepared(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.file, timeout=PATIENCE, isolation_level=None)
        try:
            # each time: a file can be emptied, or lose its table, while this process has it for sound
            whole = _tables(connection) == TABLES
            if not (whole and self._sound):
                connection.execute("PRAGMA journal_mode = WAL")
                if (verdict := connection.execute("PRAGMA quick_check").fetchone()[0]) != "ok":
                    raise sqlite3.DatabaseError(verdict)
            connection.execute("PRAGMA synchronous = NORMAL")
            if not whole:
                self._create(connection)
        except BaseException:
            connection.close()
            raise
        self._sound = True
        return connection

    def _create(self, connection: sqlite3.Connection) -> None:
        """Create the missing tables, and fill that of the jobs from the run folders."""
        connection.execute("BEGIN IMMEDIATE")
        lost = "jobs" not in _tables(connection)  # another process may have been quicker
        for statement in SCHEMA:
            connection.execute(statement)
        if lost:
            self._recover(connection)
        connection.execute("COMMIT")

    def _put_aside(self) -> None:
        stamp = time.strftime("%Y%m%d-%H%M%S")
        for file in (self.file, Path(f"{self.file}-wal"), Path(f"{self.file}-shm")):
            if file.exists():
                file.rename(f"{file}.damaged-{stamp}")

    def _recover(self, connection: sqlite3.Connection) -> None:
        """Fill a new queue with the runs whose status is waiting or training."""
        for path in sorted(p.parent for p in (self.folder / "runs").glob("[!.]*/status.json")):
            now = status.read(path)
            try:
                meta = Run(path).meta
            except RunError:
                continue
            if now is None or not (now.alive or now.state == "queued"):
                continue
            state = WAITING if now.state == "queued" else PARKED if now.state == "paused" else RUNNING
            if state == PARKED and status.held(path):
                state = RUNNING
            job = Job(str(path), str(meta.get("owner", "local")), now.updated, state, now.processes, now.pid)
            self._insert(connection, job)

    @staticmethod
    def _insert(connection: sqlite3.Connection, job: Job) -> None:
        marks = ", ".join("?" * len(fields(Job)))
        connection.execute(f"INSERT OR REPLACE INTO jobs ({COLUMNS}) VALUES ({marks})", tuple(job.__dict__.values()))

    def put(self, job: Job) -> None:
        """Add a job, or replace the one of the same run."""
        with self.transaction() as connection:
            self._insert(connection, job)

    def change(self, run: str, **values: object) -> None:
        """Change columns of a job; a missing job is not created."""
        with self.transaction() as connection:
            columns = ", ".join(f"{name} = ?" for name in values)
            connection.execute(f"UPDATE jobs SET {columns} WHERE run = ?", (*values.values(), run))

    def drop(self, run: str) -> None:
        """Remove a job."""
        with self.transaction() as connection:
            for table in ("jobs", "preferred"):
                connection.execute(f"DELETE FROM {table} WHERE run = ?", (run,))

    def prefer(self, run: str, now: float) -> None:
        """Let a job start before all that are not preferred; one that was preferred before keeps its place."""
        with self.transaction() as connection:
            connection.execute("INSERT OR IGNORE INTO preferred VALUES (?, ?)", (run, now))

    def preferred(self) -> dict[str, float]:
        """Return since when runs have been preferred."""
        return dict(self._rows("SELECT run, since FROM preferred"))

    def jobs(self) -> list[Job]:
        """Return all jobs, oldest first."""
        return [Job(*row) for row in self._rows(f"SELECT {COLUMNS} FROM jobs ORDER BY submitted")]

    def _rows(self, query: str) -> list[Any]:
        """Return the rows of a query, read without writing or waiting for a writer; a file to be mended is mended."""
        if (open_one := getattr(self._thread, "connection", None)) is not None:
            return list(open_one.execute(query).fetchall())
        with suppress(sqlite3.Error):
            address = f"{self.file.resolve().as_uri()}?mode=ro"
            with closing(sqlite3.connect(address, timeout=PATIENCE, uri=True)) as connection:
                return connection.execute(query).fetchall()
        with self.transaction() as connection:
            return connection.execute(query).fetchall()

    def get(self, run: str) -> Job | None:
        """Return the job of a run, or None."""
        return next((job for job in self.jobs() if job.run == run), None)

    def turns(self) -> dict[str, float]:
        """Return the start time of each owner's last job."""
        return dict(self._rows("SELECT owner, last FROM turns"))

    def waiting(self) -> list[Job]:
        """Return the waiting jobs, in the order in which they will start."""
        jobs = self.jobs()
        training = [job.owner for job in jobs if job.state == RUNNING]
        waiting = [job for job in jobs if job.state == WAITING]
        return order(waiting, self.turns(), training, self.preferred())

    def start(self, job: Job, pid: int, now: float) -> bool:
        """Mark a waiting job as running, and record its owner's turn; False if it does not wait any more."""
        with self.transaction() as connection:
            changed = connection.execute(
                "UPDATE jobs SET state = ?, pid = ?, started = ? WHERE run = ? AND state = ?",
                (RUNNING, pid, now, job.run, WAITING),
            ).rowcount
            if changed:
                connection.execute("INSERT OR REPLACE INTO turns VALUES (?, ?)", (job.owner, now))
                connection.execute("DELETE FROM preferred WHERE run = ?", (job.run,))
        return bool(changed)
