"""What every executor keeps to, in this machine's queue and on a Ray cluster of two nodes, also when processes die.

The cluster's half is marked: `pytest -m cluster` runs it alone, `pytest -m "not cluster"` leaves it out.
"""

import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from cluster import end, two_nodes, with_environment
from trained import SMALL, same_result
from waiting import until

from vae import jobs, runs
from vae.jobs import JobError, Resources, embedded
from vae.runs import Run, control, film, manage, status
from vae.spec import preset

ROOT = Path(__file__).resolve().parents[3]
SLOTS = 2
LONG, WHOLE = 100_000, 80  # epochs of a run that is held or stopped, and of one that is trained to its end


@pytest.fixture(scope="module")
def ray_cluster():
    """A Ray cluster of two nodes with one processor each."""
    with two_nodes() as started:
        yield started


class Machine:
    """This machine's queue, worked off by a `python -m vae engine`."""

    def __init__(self):
        self.threads = embedded.threads()
        self.begin()

    def begin(self):
        """Start an engine."""
        self.keeper = subprocess.Popen([sys.executable, "-m", "vae", "engine"], cwd=ROOT, stdout=subprocess.DEVNULL)

    def keeper_of(self, run):
        """Return the process that watches over the run's trainer."""
        return psutil.Process(self.keeper.pid)

    def after_its_loss(self, run):
        """Do what brings the run back: a server starts again."""
        self.begin()


class Nodes:
    """A Ray cluster of two nodes."""

    threads = 1

    def keeper_of(self, run):
        """Return the process that watches over the run's trainer."""
        (driver,) = [p for p in psutil.process_iter(["cmdline"]) if _drives(p, run)]
        return driver

    def after_its_loss(self, run):
        """Do what brings the run back: a person sees that it has ended, and resumes it."""
        now = state(run, "interrupted")
        assert "has ended (exit code 137)" in now.message and "Resume" in now.message
        jobs.play(run.path)


def _drives(process, run):
    words = process.info["cmdline"] or []
    return "vae.jobs.driver" in words and str(run.path) in words


@pytest.fixture(params=["embedded", pytest.param("cluster", marks=pytest.mark.cluster)])
def place(request, tmp_path, monkeypatch):
    """An executor with two slots and a data folder of its own; no process of it is left when the test is over."""
    monkeypatch.setenv("LATENT_DATA", str(tmp_path))
    monkeypatch.setenv(embedded.SLOTS, str(SLOTS))
    if request.param == "cluster":
        monkeypatch.setenv(jobs.CLUSTER, request.getfixturevalue("ray_cluster").address)
    jobs._executor.cache_clear()
    try:
        yield Machine() if request.param == "embedded" else Nodes()
    finally:
        jobs._executor.cache_clear()
        while left := with_environment("LATENT_DATA", str(tmp_path)):
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
                words = ["train", str(made[threads].path), "--threads", str(threads), "--k", "2", "--n", "20"]
                subprocess.run([sys.executable, "-m", "vae", *words], cwd=ROOT, check=True, capture_output=True)
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


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_trainer_that_is_ended_goes_on_by_itself_to_the_unbroken_run(place, unbroken, number):
    run = make(WHOLE)
    hold(run, 300)
    jobs.play(run.path)
    beyond(run, 400)
    trainer(run).send_signal(number)
    assert state(run, "done").attempt == 2
    same_result(run, unbroken(place.threads))


def test_killed_while_a_checkpoint_is_written_it_goes_on_from_the_one_before(place, unbroken):
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
        control.ask(run.path, until=None)
        process.kill()
        gone(process)
    finally:
        os.close(pipe)
    assert state(run, "done").attempt == 2
    same_result(run, unbroken(place.threads))


def _waiting(pipe):
    with suppress(BlockingIOError):
        return os.read(pipe, 1)


def test_without_what_watched_over_it_the_run_goes_on_or_resumes_to_the_unbroken_run(place, unbroken):
    run = make(WHOLE)
    hold(run, 300)
    keeper = place.keeper_of(run)
    jobs.play(run.path)
    beyond(run, 400)
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


def test_killed_again_and_again_without_progress_it_fails_with_the_remedy(place):
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


def test_a_pause_survives_the_death_of_its_process(place):
    run = make()
    hold(run, 5)
    trainer(run).kill()
    until(lambda: not status.held(run.path), "its end")
    assert state(run, "paused").step == 5
    jobs.play(run.path, until=9)
    until(lambda: status.read(run.path).step == 9, "step 9")


def test_a_wish_that_a_dying_trainer_did_not_hear_is_followed_by_the_next(place):
    run = make()
    hold(run, 5)
    process = trainer(run)
    process.suspend()
    jobs.play(run.path, until=9)
    process.kill()
    until(lambda: status.read(run.path).step == 9, "step 9")


def test_a_damaged_run_fails_with_the_reason(place):
    run = make()
    (run.path / "spec.json").write_text("{")
    jobs.play(run.path)
    now = state(run, "failed")
    assert now.problem == "error" and "spec.json cannot be used" in now.message and now.attempt == 1


def test_a_trainer_that_ends_without_a_word_is_not_tried_again(tmp_path, monkeypatch):
    from vae.jobs import task

    monkeypatch.setenv("LATENT_DATA", str(tmp_path))
    run = make()
    task.write(run.path, task.Note("the-job"))
    assert task.attempt(str(run.path), "another-job", ["--unknown"]) == 0
    assert status.read(run.path) is None
    assert task.attempt(str(run.path), "the-job", ["--unknown"]) == 2
    now = status.read(run.path)
    assert (now.state, now.problem) == ("failed", "error") and "unrecognized arguments: --unknown" in now.message
    assert task.attempt(str(run.path), "the-job", ["--unknown"]) == 0


def test_a_run_resumed_before_its_failed_attempt_returns_is_tried_again(tmp_path, monkeypatch):
    from vae.jobs import task

    def train_and_fail(path, command):
        status.write(path, status.Status("failed", problem="diverged", attempt=1))
        jobs.engage(path, status.read(path))  # what submitting does, when a visitor presses Resume now
        return 3

    monkeypatch.setenv("LATENT_DATA", str(tmp_path))
    monkeypatch.setattr(task, "_train", train_and_fail)
    run = make()
    task.write(run.path, task.Note("the-job"))
    with pytest.raises(task.Again):
        task.attempt(str(run.path), "the-job", [])
    assert status.read(run.path).state == "queued"
    note = task.read(run.path)
    assert (note.over, note.began, note.deaths) == (False, False, 0)


def test_without_a_cluster_ray_is_not_loaded():
    script = "import sys\nfrom vae.jobs import cluster, executor\nexecutor()\nassert 'ray' not in sys.modules"
    environment = {k: v for k, v in os.environ.items() if k != jobs.CLUSTER}
    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=environment).returncode == 0


@pytest.fixture
def nobody(tmp_path, monkeypatch):
    """The address of a cluster that does not answer."""
    from cluster import free_port

    monkeypatch.setenv("LATENT_DATA", str(tmp_path))
    monkeypatch.setenv(jobs.CLUSTER, f"http://127.0.0.1:{free_port()}")
    jobs._executor.cache_clear()
    yield os.environ[jobs.CLUSTER]
    jobs._executor.cache_clear()


@pytest.mark.cluster
def test_a_cluster_that_does_not_answer_takes_nothing_and_breaks_nothing(nobody, monkeypatch):
    from vae.jobs import cluster

    run = make()
    with pytest.raises(JobError, match=rf"{nobody} does not answer: .*ray status"):
        jobs.play(run.path)
    assert standing(run).status.state == "new"
    status.write(run.path, status.Status("running", step=7))
    now = standing(run).status
    assert (now.state, now.step) == ("interrupted", 7) and "does not answer" in now.message
    # a page that looks again and again asks at most once more: the silence counts for a while
    asked = []
    ask = jobs.executor()._ask
    monkeypatch.setattr(jobs.executor(), "_ask", lambda: asked.append(1) or ask())
    monkeypatch.setattr(cluster, "SILENT", 3600.0)
    for _ in range(100):
        standing(run)
    assert len(asked) <= 1
    found = jobs.executor().resources()
    assert found.slots == found.nodes == 0 and "does not answer" in found.problems[0]
    fresh = make()
    jobs.executor().stop(fresh.path)
    assert standing(fresh).status.state == "stopped"


@pytest.mark.cluster
def test_rays_own_setting_does_not_take_the_place_of_ours(nobody, monkeypatch):
    monkeypatch.setenv("RAY_ADDRESS", "elsewhere:6379")
    assert jobs.executor().resources().problems == [
        "RAY_ADDRESS is set, and Ray would follow it instead of LATENT_CLUSTER. Unset it."
    ]


@pytest.fixture
def nodes(ray_cluster, tmp_path, monkeypatch):
    """The cluster for tests of what only it can do."""
    monkeypatch.setenv("LATENT_DATA", str(tmp_path))
    monkeypatch.setenv(jobs.CLUSTER, ray_cluster.address)
    jobs._executor.cache_clear()
    try:
        yield ray_cluster
    finally:
        jobs._executor.cache_clear()
        while left := with_environment("LATENT_DATA", str(tmp_path)):
            end(left)


@pytest.mark.cluster
def test_a_lost_machine_s_run_moves_to_another_and_equals_the_unbroken_run(nodes, unbroken):
    held, run = [make() for _ in range(2)], make(WHOLE)
    for other in held:
        hold(other, 3)
    jobs.play(run.path, until=300)
    state(run, "queued")
    third = nodes.node()
    state(run, "paused")
    end([psutil.Process(third.pid)])
    third.wait()
    control.ask(run.path, until=None)
    now = state(run, "queued")
    assert "that trained it was lost" in now.message
    jobs.executor().stop(held[0].path)
    assert state(run, "done").attempt == 2
    same_result(run, unbroken(1))
    nodes.wait(2)


@pytest.mark.cluster
def test_more_than_any_machine_has_waits_and_says_so(nodes):
    run = make()
    jobs.executor().submit(run.path, "local", Resources(gpus=2))
    until(lambda: standing(run).status.message, "the reason")
    now = standing(run).status
    assert now.state == "queued" and "No machine of the cluster has 2 processors and 2 GPUs" in now.message
    jobs.executor().stop(run.path)
    assert standing(run).status.state == "stopped"


@pytest.mark.cluster
def test_a_job_that_the_cluster_does_not_know_is_interrupted(nodes, monkeypatch):
    from vae.jobs import cluster, task

    run = make()
    task.write(run.path, task.Note("latent-of-another-life", submitted=time.time() - cluster.SETTLING - 1))
    status.write(run.path, status.Status("queued"))
    now = standing(run).status
    assert now.state == "interrupted" and "does not know the run's job" in now.message
    jobs.play(run.path, until=2)
    state(run, "paused")
    assert task.read(run.path).attempts == 2


@pytest.mark.cluster
def test_a_long_pause_gives_its_processor_back(nodes):
    run = make()
    hold(run, 5)
    # as if the pause had begun long ago
    runs.write(run.path / "status.json", replace(status.read(run.path), updated=1.0).to_json())
    until(lambda: not status.held(run.path), "the end of its trainer")
    assert state(run, "paused").step == 5
    until(lambda: jobs.executor().resources().busy == 0, "a free slot")
    jobs.play(run.path, until=6)
    until(lambda: (s := status.read(run.path)).step == 6 and s.state == "paused", "one step in a new process")
    jobs.executor().stop(run.path)
    assert state(run, "stopped").step == 6


@pytest.mark.cluster
def test_an_owner_may_have_so_many_waiting_and_no_more(nodes, monkeypatch):
    from vae.jobs import cluster

    monkeypatch.setattr(cluster, "MOST_WAITING", 1)
    first, second, other = make(), make(), make()
    jobs.executor().submit(first.path, "a", Resources(gpus=1))
    with pytest.raises(JobError, match="1 runs waiting"):
        jobs.executor().submit(second.path, "a", Resources(gpus=1))
    assert standing(second).status.state == "new"
    jobs.executor().submit(other.path, "b", Resources(gpus=1))
    for run in (first, other):
        jobs.executor().stop(run.path)
