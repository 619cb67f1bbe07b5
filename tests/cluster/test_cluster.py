"""A Ray cluster of two nodes keeps to the executors' contract, also when processes and nodes die, and what only it can.

`pytest -m cluster` runs these alone, `pytest -m "not cluster"` leaves them out.
"""

import os
import time
from dataclasses import replace

import psutil
import pytest
from cluster import end, free_port, two_nodes
from contract import *  # noqa: F403
from contract import WHOLE, hold, make, own_place, standing, state
from trained import same_result
from waiting import until

from vae import jobs, runs
from vae.jobs import JobError, Resources, grouped
from vae.runs import control, groups, status, sweep

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def ray_cluster():
    """A Ray cluster of two nodes with one processor each."""
    with two_nodes() as started:
        yield started


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


@pytest.fixture
def place(nodes):
    """The cluster as an executor that keeps to the contract."""
    return Nodes()


@pytest.fixture
def nobody(tmp_path, monkeypatch):
    """The address of a cluster that does not answer."""
    monkeypatch.setenv("LATENT_DATA", str(tmp_path))
    monkeypatch.setenv(jobs.CLUSTER, f"http://127.0.0.1:{free_port()}")
    jobs._executor.cache_clear()
    yield os.environ[jobs.CLUSTER]
    jobs._executor.cache_clear()


def test_silent_cluster_takes_no_group(nobody):
    """Nothing is made for a cluster that does not answer."""
    base = make().spec
    with pytest.raises(JobError, match="does not answer"):
        grouped.queue(sweep.plan(base, {"latent": [1, 2]}, 1, "mine"), "a")
    assert groups.by_name() == {}


@pytest.fixture
def nodes(ray_cluster, tmp_path, monkeypatch):
    """The cluster with a data folder of the test's own."""
    with own_place(tmp_path, monkeypatch, ray_cluster.address):
        yield ray_cluster


def test_silent_cluster_takes_and_breaks_nothing(nobody, monkeypatch):
    """A cluster that does not answer takes nothing and breaks nothing."""
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


def test_rays_own_setting_does_not_take_the_place_of_ours(nobody, monkeypatch):
    monkeypatch.setenv("RAY_ADDRESS", "elsewhere:6379")
    assert jobs.executor().resources().problems == [
        "RAY_ADDRESS is set, and Ray would follow it instead of LATENT_CLUSTER. Unset it."
    ]


def test_run_of_a_lost_machine_moves_to_the_same_result(nodes, unbroken):
    """A lost machine's run moves to another and equals the unbroken run."""
    held, run = [make() for _ in range(2)], make(WHOLE)
    for other in held:
        hold(other, 3)
    jobs.play(run.path, until=100)
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


def test_more_than_any_machine_has_waits_and_says_so(nodes):
    run = make()
    jobs.executor().submit(run.path, "local", Resources(gpus=2))
    until(lambda: standing(run).status.message, "the reason")
    now = standing(run).status
    assert now.state == "queued" and "No machine of the cluster has 2 processors and 2 GPUs" in now.message
    jobs.executor().stop(run.path)
    assert standing(run).status.state == "stopped"


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


def test_an_owner_may_have_so_many_waiting_and_no_more(nodes, monkeypatch):
    from vae.jobs import contract

    monkeypatch.setattr(contract, "MOST_WAITING", 1)
    first, second, other = make(), make(), make()
    jobs.executor().submit(first.path, "a", Resources(gpus=1))
    with pytest.raises(JobError, match="1 runs waiting"):
        jobs.executor().submit(second.path, "a", Resources(gpus=1))
    assert standing(second).status.state == "new"
    jobs.executor().submit(other.path, "b", Resources(gpus=1))
    for run in (first, other):
        jobs.executor().stop(run.path)
