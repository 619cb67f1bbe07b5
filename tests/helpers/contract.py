"""What every executor keeps to, also when processes die: tests for files that have a fixture `place` of their own."""

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest
import torch
from cluster import end, with_environment
from trained import SMALL, same_result
from waiting import until

from vae import jobs
from vae.cli import main
from vae.jobs import JobError, contract, grouped
from vae.jobs.pauses import PARK
from vae.runs import Run, control, film, groups, machine, manage, status, sweep
from vae.spec import preset

ROOT = Path(__file__).resolve().parents[2]
SLOTS = 2
LONG, WHOLE = 100_000, 40  # epochs of a run that is held or stopped, and of one that is trained to its end


@contextmanager
def own_place(folder: Path, monkeypatch: pytest.MonkeyPatch, address: str = "") -> Iterator[None]:
    """Give a test an executor of its own, on this machine or at a cluster's address; no process of it is left."""
    monkeypatch.setenv("LATENT_DATA", str(folder))
    monkeypatch.setenv(machine.SLOTS, str(SLOTS))
    monkeypatch.setenv(PARK, "3600")  # a slow machine's pauses take no place away
    if address:
        monkeypatch.setenv(jobs.CLUSTER, address)
    jobs._executor.cache_clear()
    try:
        yield
    finally:
        jobs._executor.cache_clear()
        while left := with_environment("LATENT_DATA", str(folder)):
            end(left)


@pytest.fixture(scope="session")
def unbroken(tmp_path_factory):
    """Return the run of WHOLE epochs that nothing disturbed, trained with so many threads."""
    made = {}

    def run(threads):
        if threads not in made:
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("LATENT_DATA", str(tmp_path_factory.mktemp("unbroken")))
                made[threads] = make(WHOLE)
                before = torch.get_num_threads()
                words = ["train", str(made[threads].path), "--threads", str(threads), "--k", "2", "--n", "20"]
                assert main(words) == 0
                torch.set_num_threads(before)
        return made[threads]

    return run


def make(epochs=LONG, **changes) -> Run:
    return manage.create(preset(changes.pop("preset", "vae"), **{**SMALL, "epochs": epochs, **changes}), "local")


def standing(run):
    return jobs.executor().state(run.path)


def state(run, *names):
    return until(lambda: (s := standing(run)).status.state in names and s.status, " or ".join(names))


def hold(run, at):
    """Let the run train up to a step, and wait there; its checkpoint is saved."""
    jobs.play(run.path, until=at)
    state(run, "paused")
    assert status.read(run.path).step == at


def beyond(run, step):
    until(lambda: status.read(run.path).step >= step, f"step {step}")


def trainer(run):
    return psutil.Process(status.read(run.path).pid)


def gone(process):
    """Wait for the end of a process that is no child of this one."""
    with suppress(psutil.NoSuchProcess):
        until(lambda: not process.is_running() or process.status() == psutil.STATUS_ZOMBIE, f"the end of {process}")


def test_a_run_is_submitted_trained_and_measured(place, unbroken):
    run = make(WHOLE)
    assert standing(run).status.state == "new" and not (run.path / "status.json").exists()
    jobs.play(run.path)
    seen = []

    def done():
        now = standing(run).status
        if not seen or seen[-1] != now.state:
            seen.append(now.state)
        return now.state in ("done", "failed", "interrupted") and now

    now = until(done, "the end")
    order = ["queued", "starting", "running", "finishing", "done"]
    assert seen == [s for s in order if s in seen] and seen[-1] == "done", seen
    assert now.step == now.total == WHOLE * now.per_epoch and now.attempt == 1 and now.threads == place.threads
    assert Run(run.path).metrics["elbo"]["n"] == 360 and len(Run(run.path).codes) == 360
    same_result(run, unbroken(place.threads))
    until(lambda: jobs.executor().resources().busy == 0, "a free slot")


def test_group_is_trained_or_refused_as_a_whole(place, monkeypatch):
    """A group stops its losers wherever it trains, and one run too many refuses all."""
    base = preset("vae", **{**SMALL, "epochs": 4})
    vary = {"learning_rate": [1e-2, 1e-9]}
    made = grouped.queue(sweep.plan(base, vary, 1, "mine", stop_losers=True), "anna")
    ended = [state(run, "done", "stopped", "failed") for run in made]
    assert "failed" not in [now.state for now in ended]
    # both may train at the same time, and the first that comes to a quarter has nobody to lose to
    assert all(("better half" in now.message) == (now.state == "stopped") for now in ended)
    assert ended[0].state == "done"
    monkeypatch.setattr(contract, "MOST_WAITING", 3)
    with pytest.raises(JobError, match="4 more are too many"):
        grouped.queue(sweep.plan(base, vary, 2, "next"), "anna")
    assert list(groups.by_name()) == ["mine"]


def test_a_run_that_nobody_submitted_is_new(place, tmp_path):
    assert standing(make()).status.state == "new"
    assert jobs.executor().state(tmp_path / "runs" / "unknown").status.state == "new"


def test_pause_step_go_on_stop_and_resume(place):
    run = make()
    hold(run, 3)
    jobs.play(run.path, until=4)
    until(lambda: status.read(run.path).step == 4, "one step more")
    jobs.play(run.path)
    beyond(run, 60)
    jobs.pause(run.path)
    here = state(run, "paused").step
    jobs.executor().stop(run.path)
    now = state(run, "stopped")
    assert now.step == here and Run(run.path).metrics["elbo"]["n"] == 360 and film.read(run.path).step == here
    jobs.play(run.path)  # at once, while what trained it may still be on its way out
    beyond(run, here + 1)
    jobs.executor().stop(run.path)
    state(run, "stopped")


def test_those_who_wait_know_their_place_and_may_leave(place):
    held, waiting = [make() for _ in range(SLOTS)], [make(), make(epochs=2)]
    for run in held:
        hold(run, 3)
    for run in waiting:
        jobs.play(run.path)
    until(lambda: [standing(run).ahead for run in waiting] == [0, 1], "their places")
    assert all(standing(run).status.state == "queued" for run in waiting)
    found = jobs.executor().resources()
    assert (found.slots, found.busy, found.waiting) == (SLOTS, SLOTS, 2) and not found.problems
    jobs.executor().stop(waiting[0].path)
    assert standing(waiting[0]).status.state == "stopped"
    until(lambda: standing(waiting[1]).ahead == 0, "the first place")
    jobs.executor().stop(held[0].path)
    state(held[0], "stopped")
    assert state(waiting[1], "done").step == 2 * 21
    assert standing(waiting[0]).status.state == "stopped" and Run(waiting[0].path).checkpoint is None
    assert state(held[1], "paused").step == 3


def test_submitted_twice_at_once_it_has_one_trainer(place):
    run, together, errors = make(), threading.Barrier(4), []

    def submit():
        try:
            executor = type(jobs.executor())(*([os.environ[jobs.CLUSTER]] if jobs.CLUSTER in os.environ else []))
            together.wait()
            executor.submit(run.path)
        except Exception as error:
            errors.append(error)

    control.ask(run.path, until=5)
    threads = [threading.Thread(target=submit) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    state(run, "paused")
    jobs.executor().submit(run.path)
    other = make(epochs=2)  # takes the second slot, so a second trainer of the first would have come before it
    jobs.play(other.path)
    state(other, "done")
    now = standing(run).status
    assert (now.state, now.attempt, now.step) == ("paused", 1, 5)


def test_killed_trainer_is_replaced_and_reaches_the_same_result(place, unbroken):
    """Killed while a checkpoint is written it goes on from the one before, killed in training from the last one."""
    run = make(WHOLE)
    hold(run, 100)
    # a pipe in the place of the checkpoint's temporary file: who writes it is stuck half-way
    process = trainer(run)
    os.mkfifo(run.path / f".next.pt.{process.pid}.tmp")
    pipe = os.open(run.path / f".next.pt.{process.pid}.tmp", os.O_RDWR | os.O_NONBLOCK)
    try:
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, 4096)
        jobs.play(run.path, until=200)
        until(lambda: _waiting(pipe), "the next checkpoint")
        control.ask(run.path, until=250)
        process.kill()
        gone(process)
    finally:
        os.close(pipe)
    until(lambda: status.read(run.path).step == 250, "step 250")
    assert state(run, "paused").attempt == 2
    jobs.play(run.path)
    beyond(run, 300)
    trainer(run).kill()
    assert state(run, "done").attempt == 3
    same_result(run, unbroken(place.threads))


def test_a_trainer_that_is_asked_to_end_is_replaced_and_reaches_the_same_result(place, unbroken):
    run = make(WHOLE)
    hold(run, 100)
    jobs.play(run.path)
    beyond(run, 150)
    trainer(run).terminate()
    assert state(run, "done").attempt == 2
    same_result(run, unbroken(place.threads))


def _waiting(pipe):
    with suppress(BlockingIOError):
        return os.read(pipe, 1)


def test_run_survives_the_death_of_its_keeper(place, unbroken):
    """Without what watched over it the run goes on or resumes to the unbroken run."""
    run = make(WHOLE)
    hold(run, 100)
    keeper = place.keeper_of(run)
    jobs.play(run.path)
    beyond(run, 150)
    keeper.kill()
    gone(keeper)
    place.after_its_loss(run)
    state(run, "done")
    same_result(run, unbroken(place.threads))


def test_a_run_deleted_while_it_trains_leaves_its_slot_free(place, tmp_path):
    run = make()
    jobs.play(run.path)
    until(lambda: standing(run).status.step > 20, "20 steps")
    process = trainer(run)
    (tmp_path / "away").mkdir()
    run.path.rename(tmp_path / "away" / run.name)
    gone(process)
    until(lambda: jobs.executor().resources().busy == 0, "a free slot")
    assert "Traceback" not in (tmp_path / "away" / run.name / "worker.log").read_text()
    assert not (run.path / "spec.json").exists() and standing(run).status.state == "new"
    others = [make(epochs=2) for _ in range(SLOTS)]
    for other in others:
        jobs.play(other.path)
    for other in others:
        state(other, "done")


def test_a_run_that_fails_by_itself_is_not_tried_again(place):
    run = make(preset="sigma-vae", learning_rate=8.0)
    jobs.play(run.path)
    now = state(run, "failed")
    assert now.problem == "diverged" and "Resume with a learning rate" in now.message
    until(lambda: jobs.executor().resources().busy == 0, "a free slot")
    other = make(epochs=2)
    jobs.play(other.path)
    state(other, "done")
    assert standing(run).status.attempt == 1 and standing(run).status.state == "failed"


def test_repeated_kills_without_progress_fail_with_a_remedy(place):
    """Killed again and again without progress it fails with the remedy."""
    run = make()
    os.mkfifo(run.path / "history.jsonl")  # who reads it waits for ever, and so never takes a step
    jobs.play(run.path)
    for attempt in (1, 2, 3):
        until(lambda n=attempt: standing(run).status.attempt == n and status.held(run.path), f"attempt {attempt}")
        trainer(run).kill()
    now = state(run, "failed")
    assert (now.problem, now.step) == ("killed", 0) and "3 times" in now.message and "smaller batch" in now.message
    (run.path / "history.jsonl").unlink()
    hold(run, 9)  # a person may insist


def test_pauses_and_requests_survive_the_death_of_the_process(place):
    """The death of a paused trainer ends no pause, and the next follows a request that a dying one did not hear."""
    run = make()
    hold(run, 5)
    trainer(run).kill()
    until(lambda: not status.held(run.path), "its end")
    assert state(run, "paused").step == 5
    jobs.play(run.path, until=9)
    until(lambda: status.read(run.path).step == 9, "step 9")
    state(run, "paused")
    process = trainer(run)
    process.suspend()
    jobs.play(run.path, until=13)
    process.kill()
    until(lambda: status.read(run.path).step == 13, "step 13")


def test_a_damaged_run_fails_with_the_reason(place):
    run = make()
    (run.path / "spec.json").write_text("{")
    jobs.play(run.path)
    now = state(run, "failed")
    assert now.problem == "error" and "spec.json cannot be used" in now.message
    assert now.attempt == 1 and ".." not in now.message
