"""The queue of this machine keeps to the executors' contract, also when processes die."""

import os
import subprocess
import sys

import psutil
import pytest
from contract import *  # noqa: F403
from contract import ROOT, make, own_place

from vae import jobs
from vae.jobs import embedded
from vae.jobs.pauses import mark_queued
from vae.runs import status


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


@pytest.fixture
def place(tmp_path, monkeypatch):
    """This machine's queue with two slots and a data folder of its own."""
    with own_place(tmp_path, monkeypatch):
        yield Machine()


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


def test_run_resumed_while_its_attempt_fails_is_tried_again(tmp_path, monkeypatch):
    """A run resumed before its failed attempt returns is tried again."""
    from vae.jobs import task

    def train_and_fail(path, command):
        status.write(path, status.Status("failed", problem="diverged", attempt=1))
        mark_queued(path, status.read(path))  # what submitting does, when a visitor presses Resume now
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
