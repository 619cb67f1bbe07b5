"""Data-parallel training: the gradient, history and checkpoints of one process, whatever the number of them."""

import math
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest
import ranks
import torch
from cluster import end
from waiting import PATIENCE, until

from vae import runs
from vae.cli import main
from vae.runs import control, status
from vae.spec import SpecError, preset
from vae.training import parallel
from vae.training.launch import Options

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module", params=[2, 3])
def results(request, tmp_path_factory):
    """The folder where so many processes left their numbers, and how many they were."""
    folder = tmp_path_factory.mktemp("ranks")
    found = {parallel.STORE: str(folder / "store"), "WORLD_SIZE": str(request.param), "PYTHONPATH": str(ROOT)}
    started = [
        subprocess.Popen([sys.executable, ranks.__file__, folder], env=os.environ | found | {"RANK": str(rank)})
        for rank in range(request.param)
    ]
    assert [process.wait(PATIENCE) for process in started] == [0] * request.param
    return folder, request.param


@pytest.mark.parametrize("name", ranks.SPECS)
def test_the_teams_gradient_is_the_single_processs(name, results, double):
    """float64, every step of an epoch, the uneven and the nearly empty batch included."""
    folder, size = results
    alone = ranks.epoch(name)
    for rank in range(size):
        with np.load(folder / f"{name}-{rank}.npz") as found:
            assert found["gradients"].shape == alone["gradients"].shape
            assert np.abs(found["gradients"] - alone["gradients"]).max() < 1e-10
            np.testing.assert_allclose(found["numbers"], alone["numbers"], rtol=1e-12)
            assert np.array_equal(found["noise"], alone["noise"])  # so that any number of processes can go on


def test_the_parts_of_a_batch_are_the_batch():
    for size in (1, 2, 3, 8):
        team = parallel.Ranks.__new__(parallel.Ranks)
        team.size = size
        for n in (1, 2, 7, 64):
            weights = np.zeros(n)
            for team.rank in range(size):
                rows, noise, of = team.part(n, torch.Generator())
                weights[rows] += 1 / of
                assert noise.of == n and range(noise.start, noise.stop) == range(n)[rows]
            np.testing.assert_allclose(weights, 1 / n, rtol=1e-15)


def test_what_cannot_be_divided_is_refused():
    spec = preset("vae")
    Options(processes=4).check(spec)
    with pytest.raises(SpecError, match="from 1 to"):
        Options(processes=0).check(spec)
    spec = preset("beta-tcvae")
    Options(processes=1).check(spec)
    with pytest.raises(SpecError, match="train it in one process"):
        Options(processes=2).check(spec)


@pytest.fixture
def make(tmp_path):
    """A maker of digits runs in the test's folder."""

    def create(name, **changes):
        small = {"data": "digits", "shape": (1, 8, 8), "encoder": ranks.MLP, "batch": 64, "size": 400, "epochs": 4}
        return runs.create(tmp_path / name, preset("vae", **{**small, "keep": "last", **changes}))

    return create


def words(run, processes):
    options = ["--processes", processes, "--threads", 1, "--k", 2, "--n", 10]
    return ["train", *map(str, [run.path, *options])]


def command(run, processes):
    return [sys.executable, "-m", "vae", *words(run, processes)]


def train(run, processes=1, code=0):
    """Train to the end, in this process or in several others, and expect an exit code."""
    if processes == 1:
        assert main(words(run, 1)) == code
        return
    ended = subprocess.run(command(run, processes), cwd=ROOT, timeout=PATIENCE, stderr=subprocess.PIPE, text=True)
    assert ended.returncode == code, f"exit code {ended.returncode}: {ended.stderr[-4000:]}"


@contextmanager
def paused(run, processes, step):
    """A run that trains in several processes and waits at a step: yields the launcher; nothing of it may be left."""
    control.ask(run.path, until=step)
    with subprocess.Popen(command(run, processes), cwd=ROOT, stderr=subprocess.DEVNULL) as launcher:
        try:
            until(lambda: ((now := status.current(run.path)).state, now.step) == ("paused", step))
            team = psutil.Process(launcher.pid).children(recursive=True)
            yield launcher
            assert not psutil.wait_procs(team, timeout=PATIENCE)[1]
        finally:
            if launcher.poll() is None:
                end([psutil.Process(launcher.pid)])


def members(launcher):
    """The ranks' processes, by rank."""
    found = psutil.Process(launcher.pid).children(recursive=True)
    ranks = [p for p in found if "RANK" in p.environ() and "vae.training.launch" in p.cmdline()]
    return {int(p.environ()["RANK"]): p for p in ranks}


def assert_the_same_training(one, other):
    first, second = (runs.Run(r.path).history for r in (one, other))
    assert [r["step"] for r in first] == [r["step"] for r in second] and len(first) > 5
    for a, b in zip(first, second, strict=True):
        for name in ("objective", "distortion", "rate", "gradient_norm"):
            assert math.isclose(a[name], b[name], rel_tol=1e-3), (a["step"], name)
    assert math.isclose(first[-1]["valid"]["objective"], second[-1]["valid"]["objective"], rel_tol=1e-4)
    state, again = (torch.load(r.path / "state.pt", weights_only=True) for r in (one, other))
    assert torch.equal(state["generator"], again["generator"]) and state["step"] == again["step"]
    for name, weight in state["model"].items():
        torch.testing.assert_close(weight, again["model"][name], rtol=1e-3, atol=1e-5)


def test_two_processes_write_the_run_of_one_and_one_resumes_it(make):
    """Paused in two processes, ended by SIGTERM, resumed by one: the run that one process trains."""
    whole, parts = make("whole"), make("parts")
    train(whole)
    with paused(parts, 2, step=9) as launcher:
        now = status.current(parts.path)
        team = members(launcher)
        assert sorted(team) == [0, 1] and now.processes == 2 and now.step == 9 and now.pid == team[0].pid
        everyone = [psutil.Process(launcher.pid), *psutil.Process(launcher.pid).children(recursive=True)]
        listening = [c.laddr.ip for p in everyone for c in p.net_connections("inet") if c.status == psutil.CONN_LISTEN]
        assert listening and set(listening) == {"127.0.0.1"}
        launcher.send_signal(signal.SIGTERM)
        assert launcher.wait(PATIENCE) == parallel.TERMINATED
    assert not status.held(parts.path)
    control.ask(parts.path, mode="run", until=None)
    train(parts, 1)
    assert status.current(parts.path).state == "done"
    assert_the_same_training(whole, parts)


def test_one_process_writes_the_run_that_two_resume(make):
    whole, parts = make("whole"), make("parts")
    train(whole, 2)
    assert status.current(whole.path).processes == 2
    with paused(parts, 1, step=10) as trainer:
        trainer.terminate()
        assert trainer.wait(PATIENCE) == parallel.TERMINATED
    control.ask(parts.path, mode="run", until=None)
    train(parts, 2)
    assert_the_same_training(whole, parts)


def test_killed_process_ends_its_team(make):
    """Whichever process is killed ends its team, and the run can be resumed, by another team too."""
    run = make("run")
    for victim, step in ((0, 9), (1, 18)):
        with paused(run, 2, step) as launcher:
            members(launcher)[victim].kill()
            assert launcher.wait(PATIENCE) not in (0, 2, 3, 4, 5)  # nothing that a queue takes for an end
        now = status.current(run.path)
        assert now.state == "interrupted" and not status.held(run.path)
        status.write(run.path, replace(now, state="queued"))  # the next team would take its request for an old one
    control.ask(run.path, mode="run", until=None)
    train(run)
    assert status.current(run.path).state == "done"


def test_stop_reaches_every_process(make):
    run = make("run", epochs=1000)
    with paused(run, 2, step=9) as launcher:
        control.ask(run.path, mode="stop")
        assert launcher.wait(PATIENCE) == 0
    assert status.current(run.path).state == "stopped" and (run.path / "metrics.json").is_file()


def test_a_team_that_diverges_says_so_once(make):
    noise = {"likelihood": {"kind": "normal", "sigma": "shared"}, "binarisation": "none"}
    run = make("run", learning_rate=10.0, epochs=80, **noise)
    train(run, 2, code=3)
    now = status.current(run.path)
    assert (now.state, now.problem) == ("failed", "diverged")
    assert all(np.isfinite(v).all() for v in runs.Run(run.path).weights().values())
