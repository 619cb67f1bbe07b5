"""The queue of this machine: whose turn it is, what survives damage, who leads, and what a pause costs others."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest
from trained import SMALL
from waiting import PATIENCE, until

from vae import jobs
from vae.jobs import JobError, Resources, contract, embedded, engine
from vae.jobs.engine import Engine
from vae.jobs.queue import PARKED, RUNNING, WAITING, Job, Queue, order
from vae.runs import Run, control, machine, manage, status
from vae.runs.status import Status
from vae.spec import preset

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def one_slot(data_folder, monkeypatch):
    """One run trains at once; no trainer of this test is left."""
    monkeypatch.setenv(machine.SLOTS, "1")
    jobs._executor.cache_clear()
    yield
    jobs._executor.cache_clear()
    for run in (data_folder / "runs").glob("*/"):
        for process in psutil.process_iter(["cmdline"]):
            words = process.info["cmdline"] or []
            if str(run) in words:
                process.kill()


@pytest.fixture
def leading():
    """An engine that leads in a thread; its trainers are killed at the end."""
    started = []

    def begin() -> Engine:
        made = Engine()
        made.start()
        started.append(made)
        return made

    yield begin
    for made in started:
        made.close()
        for worker in made.children.values():
            worker.process.kill()
            worker.process.wait()
        assert made.warm_worker is None


def make(epochs=100_000, owner="local") -> Run:
    return manage.create(preset("vae", **SMALL, epochs=epochs), owner)


def state(run, *names):
    return until(lambda: (s := jobs.executor().state(run.path)).status.state in names and s, " or ".join(names))


def job(owner, submitted, **more):
    return Job(f"{owner}{submitted}", owner, submitted, **more)


def names(found):
    return [j.run for j in found]


def test_owners_take_turns():
    waiting = [job("a", 1), job("a", 2), job("a", 3), job("b", 4), job("c", 5), job("b", 6)]
    assert names(order(waiting, {})) == ["a1", "b4", "c5", "a2", "b6", "a3"]


def test_who_had_a_turn_lately_or_has_one_now_comes_later():
    waiting = [job("a", 1), job("b", 2), job("c", 3)]
    assert names(order(waiting, {"a": 100.0, "b": 50.0})) == ["c3", "b2", "a1"]
    assert names(order(waiting, {"a": 1.0, "b": 100.0, "c": 50.0}, ["a", "c"])) == ["b2", "a1", "c3"]


def test_thirty_owners_start_in_one_round():
    """Thirty owners start in one round whatever one of them submits."""
    waiting = [job("greedy", i) for i in range(20)] + [job(f"user{i}", 100 + i) for i in range(29)]
    first = order(waiting, {})[:30]
    assert len({j.owner for j in first}) == 30


def test_preferred_runs_start_first_and_the_others_keep_their_order():
    waiting = [job(owner, i) for i, owner in enumerate("aaabbc", 1)]
    usual = names(order(waiting, {"a": 5.0}, ["b"]))
    found = names(order(waiting, {"a": 5.0}, ["b"], {"b5": 20.0, "a3": 10.0, "gone": 1.0}))
    assert found[:2] == ["a3", "b5"] and sorted(found) == sorted(usual)
    assert names(order(waiting, {"a": 5.0}, ["b"], {})) == usual


def test_a_preferred_run_is_next_until_it_starts_or_leaves(data_folder):
    executor = jobs.executor()
    made = [make(owner=owner) for owner in "abc"]
    for run, owner in zip(made, "abc", strict=True):
        executor.submit(run.path, owner)
    executor.prioritise(made[2].path)
    executor.prioritise(data_folder / "runs" / "of-nobody")
    assert [executor.state(run.path).ahead for run in made] == [1, 2, 0]
    queue = Queue()
    executor.prioritise(made[1].path)
    assert [executor.state(run.path).ahead for run in made] == [2, 1, 0], "who was preferred first is first"
    assert queue.start(queue.waiting()[0], 1, 1.0) and list(queue.preferred()) == [str(made[1].path.resolve())]
    executor.stop(made[1].path)
    assert not queue.preferred()
    queue.change(str(made[2].path.resolve()), state=WAITING, pid=None)
    executor.stop(made[2].path)
    executor.stop(made[0].path)


def test_a_queue_of_an_older_version_learns_to_prefer(data_folder):
    run = make(owner="a")
    jobs.executor().submit(run.path, "a")
    with sqlite3.connect(data_folder / "queue.sqlite") as connection:
        connection.execute("DROP TABLE preferred")
    jobs.executor().prioritise(run.path)
    assert list(Queue().preferred()) == [str(run.path.resolve())] and len(Queue().jobs()) == 1
    jobs.executor().stop(run.path)


def test_a_cluster_says_that_it_has_no_order(tmp_path):
    from vae.jobs.cluster import Cluster

    with pytest.raises(JobError, match="no priorities"):
        Cluster("http://127.0.0.1:9").prioritise(tmp_path)


def test_the_position_is_that_of_the_start(data_folder):
    queue, executor = Queue(), jobs.executor()
    runs = [make(owner=name) for name in ("a", "a", "b")]
    for run in runs:
        executor.submit(run.path, run.meta["owner"])
    assert [executor.state(run.path).ahead for run in runs] == [0, 2, 1]
    assert all(executor.state(run.path).status.state == "queued" for run in runs)
    assert executor.state(runs[1].path).wait > executor.state(runs[0].path).wait == 0
    assert executor.resources().waiting == 3 == len(queue.waiting())


def test_an_owner_may_have_so_many_waiting_and_no_more(monkeypatch):
    monkeypatch.setattr(contract, "MOST_WAITING", 2)
    for _ in range(2):
        jobs.play(make(owner="a").path, "a")
    with pytest.raises(JobError, match="2 runs waiting"):
        jobs.play(make(owner="a").path, "a")
    jobs.play(make(owner="b").path, "b")


def test_a_gpu_is_not_promised_here():
    with pytest.raises(JobError, match="cluster"):
        jobs.executor().submit(make().path, "a", Resources(gpus=1))


def test_threads_are_divided(monkeypatch):
    for cores, slots, processes, threads in (
        (1, 1, 1, 1),
        (2, 1, 1, 1),
        (2, 1, 2, 1),
        (8, 4, 1, 2),
        (8, 4, 2, 2),
        (8, 2, 8, 1),
    ):
        monkeypatch.setattr(machine, "cores", lambda n=cores: n)
        monkeypatch.setenv(machine.SLOTS, str(slots))
        assert embedded.threads(processes) == threads
        assert embedded.cost(processes) <= slots
    monkeypatch.delenv(machine.SLOTS)
    assert machine.slots() == 4


@pytest.mark.parametrize("damage", ["truncated", "flipped", "rubbish"])
def test_a_damaged_queue_is_made_anew_from_the_run_folders(data_folder, damage):
    executor = jobs.executor()
    first, second = make(owner="a"), make(owner="b")
    executor.submit(first.path, "a")
    executor.submit(second.path, "b")
    status.write(first.path, Status("paused", step=5, total=10))
    file = data_folder / "queue.sqlite"
    content = bytearray(file.read_bytes())
    if damage == "truncated":
        content = content[: len(content) // 3]
    elif damage == "flipped":
        content[5000:9000:7] = bytes(b ^ 0xFF for b in content[5000:9000:7])
    else:
        content = bytearray(b"no database at all" * 300)
    file.write_bytes(content)
    found = {j.path.name: j for j in Queue().jobs()}
    assert found[second.name].state == WAITING and found[second.name].owner == "b"
    assert found[first.name].state == PARKED and found[first.name].owner == "a"
    assert list(data_folder.glob("queue.sqlite.damaged-*"))


def test_a_queue_that_cannot_be_written_is_said_with_the_remedy(monkeypatch):
    def full(*_, **__):
        raise sqlite3.OperationalError("database or disk is full")

    run = make()
    monkeypatch.setattr(sqlite3, "connect", full)
    with pytest.raises(JobError, match=r"disk is full.*try again"):
        jobs.play(run.path)


def test_a_waiting_run_that_is_stopped_never_starts():
    run = make()
    jobs.play(run.path)
    jobs.executor().stop(run.path)
    assert jobs.executor().state(run.path).status.state == "stopped" and not Queue().jobs()


def test_a_queued_run_whose_folder_is_deleted_is_forgotten(leading):
    run, other = make(), make(epochs=1)
    jobs.play(run.path)
    manage.delete(run)
    jobs.play(other.path)
    leading()
    state(other, "done")
    until(lambda: not Queue().jobs(), "an empty queue")


def test_queue_is_read_while_its_log_comes_and_goes():
    """SQLite removes the write-ahead log with its last connection, between any two looks."""
    queue = Queue()
    queue.put(job("a", 1))
    busy = threading.Event()

    def write():
        while not busy.is_set():
            queue.drop("nobody")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        seen = {queue.stamp() for _ in range(20_000)}
    finally:
        busy.set()
        writer.join()
    assert {len(stamp) for stamp in seen} == {1, 2}


def test_a_look_that_fails_does_not_end_the_engine(leading, monkeypatch):
    made = leading()
    failures = []

    def fail(*_):
        failures.append(1)
        raise OSError("the disk went away")

    with monkeypatch.context() as patch:
        patch.setattr(made.queue, "stamp", fail)
        until(lambda: len(failures) > 2, "three failing looks")
    run = make(epochs=1)
    jobs.executor().submit(run.path)
    state(run, "done")


def test_the_warm_worker_trains_and_leaves_with_the_engine(leading):
    jobs.executor().warm()
    leader = leading()
    worker = until(lambda: leader.warm_worker, "a warm worker")
    run = make()
    control.ask(run.path, until=3)
    jobs.executor().submit(run.path)
    state(run, "paused")
    assert status.read(run.path).pid == worker.process.pid and leader.warm_worker is None
    jobs.executor().stop(run.path)
    state(run, "stopped")
    second = until(lambda: leader.warm_worker, "the next warm worker")
    leader.close()
    assert second.process.wait(PATIENCE) is not None


def test_paused_run_gives_its_place_to_waiting_ones(leading, monkeypatch):
    """A pause gives its place to those who wait and comes back."""
    monkeypatch.setattr(engine, "PARK_WANTED", 0.0)
    leading()
    first, second = make(), make(epochs=2, owner="b")
    jobs.play(first.path, "a", until=7)
    state(first, "paused")
    jobs.play(second.path, "b")
    state(second, "done")
    assert jobs.executor().state(first.path).status.state == "paused" and not status.held(first.path)
    assert Queue().get(str(first.path.resolve())).state == PARKED
    jobs.play(first.path, "a", until=8)  # one step, in a new process
    until(lambda: status.read(first.path).step == 8 and status.read(first.path).state == "paused", "step 8")
    jobs.executor().stop(first.path)
    state(first, "stopped")
    assert Run(first.path).metrics["elbo"]["n"] == 360


def test_a_parked_run_that_is_stopped_is_measured(leading, monkeypatch):
    monkeypatch.setattr(engine, "PARK_IDLE", 0.0)
    leading()
    run = make()
    jobs.play(run.path, until=5)
    until(lambda: (j := Queue().get(str(run.path.resolve()))) and j.state == PARKED, "parking")
    until(lambda: not status.held(run.path), "the end of its process")
    jobs.executor().stop(run.path)
    now = state(run, "stopped").status
    assert now.step == 5 and len(Run(run.path).codes) == 360


def test_a_trainer_that_dies_again_and_again_is_given_up(monkeypatch):
    monkeypatch.setattr(engine, "Worker", lambda _: Mortal())
    run, leader = make(), Engine()
    jobs.play(run.path)
    for _ in range(3):
        leader.tick()
        assert Queue().get(str(run.path.resolve())).state == RUNNING
        leader.children[str(run.path.resolve())].alive = False
    leader.tick()
    now = jobs.executor().state(run.path).status
    assert (now.state, now.problem) == ("failed", "killed") and "3 times" in now.message and "memory" in now.message
    assert not Queue().jobs()


def test_a_trainer_that_ends_with_an_error_says_its_last_words(monkeypatch):
    monkeypatch.setattr(engine, "Worker", lambda _: Mortal(2))
    run, leader = make(), Engine()
    jobs.play(run.path)
    leader.tick()
    (run.path / "worker.log").write_text(
        "loading\nerror: the objective tc compares examples: train it in one process\n"
    )
    leader.children[str(run.path.resolve())].alive = False
    leader.tick()
    now = jobs.executor().state(run.path).status
    assert (now.state, now.problem) == ("failed", "error") and "train it in one process" in now.message


def test_run_resumed_while_it_ends_keeps_its_place(monkeypatch):
    """A visitor presses Resume in the moment in which the engine looks at the process that failed."""
    monkeypatch.setattr(engine, "Worker", lambda _: Mortal())
    run, leader = make(), Engine()
    name = str(run.path.resolve())
    for _ in range(60):
        dead = Mortal(3)
        dead.alive = False
        leader.children = {name: dead}
        status.write(run.path, Status("failed", problem="diverged", attempt=1))
        leader.queue.put(Job(name, "local", time.time(), RUNNING, pid=dead.process.pid, started=time.time()))
        start = threading.Barrier(2)
        looking = threading.Thread(target=lambda at=start: (at.wait(), leader.tick()))
        looking.start()
        start.wait()
        jobs.play(run.path)
        looking.join()
        assert leader.queue.get(name) is not None, "the run was forgotten"
        assert status.read(run.path).state == "queued"


class Mortal:
    """A worker whose process is killed as soon as it trains."""

    alive = True

    def __init__(self, code=-signal.SIGKILL):
        self.process = subprocess.Popen([sys.executable, "-c", ""])
        self.process.wait()
        self.process.returncode = code

    def train(self, run, processes):
        """Die."""

    def dismiss(self):
        """Nothing is left."""


def test_the_next_engine_adopts_what_the_killed_one_started(data_folder, leading):
    """kill -9 of the server: its runs go on, its warm worker leaves, the next server finds both."""
    first = subprocess.Popen([sys.executable, "-m", "vae", "engine"], cwd=ROOT, stdout=subprocess.DEVNULL)
    run, waits = make(), make(epochs=1)
    jobs.play(run.path, until=5)
    state(run, "paused")
    jobs.play(waits.path)
    trainer = psutil.Process(status.read(run.path).pid)
    first.kill()
    first.wait()
    jobs.play(run.path, until=9)
    until(lambda: status.read(run.path).step == 9, "nine steps without an engine")
    assert trainer.is_running() and state(waits, "queued").ahead == 0
    leading()
    jobs.executor().stop(run.path)
    state(run, "stopped")
    state(waits, "done")
    assert not trainer.is_running() or trainer.status() == psutil.STATUS_ZOMBIE


def test_one_engine_leads_and_the_other_takes_over(data_folder, leading):
    one, two = Engine(), leading()
    until(lambda: _locked(data_folder), "a leader")
    one.start()
    run = make(epochs=1)
    jobs.play(run.path)
    state(run, "done")
    assert not one.children
    two.close()
    again = make(epochs=1)
    jobs.play(again.path)
    state(again, "done")
    one.close()


def _locked(folder):
    from filelock import FileLock, Timeout

    try:
        with FileLock(folder / "engine.lock", timeout=0):
            return False
    except Timeout:
        return True


def test_a_warm_worker_ends_when_its_engine_is_killed():
    jobs.executor().warm()
    leader = subprocess.Popen([sys.executable, "-m", "vae", "engine"], cwd=ROOT, stdout=subprocess.DEVNULL)
    (worker,) = until(lambda: psutil.Process(leader.pid).children(), "a warm worker")
    os.kill(leader.pid, signal.SIGKILL)
    leader.wait()
    until(lambda: not worker.is_running(), "its end")
