"""The queue when its file or disk fails: no job is forgotten, the engine comes back, and pages are told in words."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest
from trained import SMALL
from waiting import until

from vae.jobs import embedded, engine
from vae.jobs.contract import JobError
from vae.jobs.embedded import Embedded
from vae.jobs.engine import Engine
from vae.jobs.queue import RUNNING, WAITING, Job, Queue
from vae.runs import manage
from vae.spec import preset

pytestmark = pytest.mark.usefixtures("data_folder")


@pytest.fixture
def waiting():
    """Two runs that wait in the queue."""
    made = [manage.create(preset("vae", **SMALL), "me") for _ in range(2)]
    for run in made:
        Embedded().submit(run.path, "me")
    return made


def emptied(queue):
    Path(queue.file).write_bytes(b"")


def removed(queue):
    queue.file.unlink()


def dropped(queue):
    with closing(sqlite3.connect(queue.file)) as connection:
        connection.execute("DROP TABLE jobs")


def dropped_turns(queue):
    with closing(sqlite3.connect(queue.file)) as connection:
        connection.execute("DROP TABLE turns")


def damaged(queue):
    queue.file.write_bytes(b"rubbish" * 1000)


@pytest.mark.parametrize("fault", [emptied, removed, dropped, dropped_turns, damaged])
@pytest.mark.parametrize("used", [True, False])
def test_waiting_jobs_survive_the_loss_of_the_file(waiting, fault, used):
    """In the process that has used the file, and in another one."""
    queue = Queue()
    before = {(job.run, job.owner, job.state) for job in queue.jobs()}
    for end in ("-wal", "-shm"):
        Path(f"{queue.file}{end}").unlink(missing_ok=True)
    fault(queue)
    queue = queue if used else Queue()
    assert {(job.run, job.owner, job.state) for job in queue.jobs()} == before
    assert [Embedded().state(run.path).status.state for run in waiting] == ["queued", "queued"]
    queue.put(Job("/another", "me", time.time()))
    assert len(queue.jobs()) == 3 and queue.turns() == {}


def test_reading_writes_nothing_and_waits_for_no_writer(waiting, monkeypatch):
    monkeypatch.setattr("vae.jobs.queue.PATIENCE", 0.0)
    queue = Queue()
    with closing(sqlite3.connect(queue.file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("UPDATE jobs SET state = ?", (RUNNING,))
        assert [job.state for job in queue.jobs()] == [WAITING, WAITING]
        assert Embedded().state(waiting[1].path).ahead == 1 and Embedded().resources().waiting == 2
        other.execute("ROLLBACK")


def test_a_queue_that_cannot_be_read_is_said_in_words(waiting, monkeypatch):
    def full(self, query):
        raise JobError("The queue cannot be written: disk I/O error.")

    monkeypatch.setattr(Queue, "_rows", full)
    found = Embedded().state(waiting[0].path)
    assert found.status.state == "queued" and "disk I/O error" in found.status.message
    assert Embedded().resources().problems == ["The queue cannot be written: disk I/O error."]
    monkeypatch.setattr(embedded.Path, "touch", lambda *_, **__: (_ for _ in ()).throw(OSError(28, "full")))
    Embedded().warm()


def test_the_engine_survives_every_failure_of_the_disk(monkeypatch, capsys):
    """It says once what is wrong, tries again, and works as soon as the folder can be written."""
    broken, ticks = [True], []
    real = engine.FileLock

    def lock(path):
        if broken[0]:
            raise PermissionError(30, "Read-only file system", str(path))
        return real(path)

    def tick(self):
        ticks.append(broken[0])
        if len(ticks) == 2:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(engine, "FileLock", lock)
    monkeypatch.setattr(engine, "LOOK", 0.01)
    monkeypatch.setattr(engine, "TICK", 0.01)
    monkeypatch.setattr(Engine, "tick", tick)
    running = Engine()
    running.start()
    time.sleep(0.1)
    assert not ticks
    broken[0] = False
    until(lambda: len(ticks) > 4, "ticks after both failures")
    running.close()
    said = capsys.readouterr().err
    assert said.count("Read-only file system") == 1 and said.count("No space left") == 1
