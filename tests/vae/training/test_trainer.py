"""The trainer of a run folder, as a process: it obeys, tells, films, survives, and says what went wrong."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
import torch
from trained import SMALL, same_result
from waiting import PATIENCE, until

from vae import runs
from vae.cli import main
from vae.model import build
from vae.runs import Run, RunError, control, film, status
from vae.runs.manage import create
from vae.spec import preset
from vae.training.trainer import Trainer

PER_EPOCH = 21  # ceil(1297 / 64)
WHOLE = 30  # epochs of a run that is ended and compared with the unbroken one
WORDS = ("--threads", "1", "--k", "2", "--n", "20")


pytestmark = pytest.mark.usefixtures("data_folder")


@pytest.fixture
def start():
    """Start trainers that are gone when the test is over."""
    started = []

    def begin(run: Run, *words: str, **options) -> subprocess.Popen:
        command = [sys.executable, "-m", "vae", "train", str(run.path), *WORDS, *words]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, **options)
        started.append(process)
        return process

    yield begin
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait()


def make(epochs=4, **changes) -> Run:
    return create(preset(changes.pop("preset", "vae"), **{**SMALL, "epochs": epochs, **changes}), "local")


def train(run: Run, *words: str) -> int:
    """Train in this process, to the end, and return the exit code."""
    return main(["train", str(run.path), *WORDS, *words])


def state(run, *names):
    return lambda: status.current(run.path).state in names


def step(run, at_least):
    return lambda: (status.read(run.path) or status.Status()).step >= at_least


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    """A run that nothing disturbed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LATENT_DATA", str(tmp_path_factory.mktemp("unbroken")))
        run = make(WHOLE)
        assert train(run) == 0
    return run


def test_a_run_folder_is_trained_measured_and_filmed(unbroken):
    now = status.current(unbroken.path)
    assert (now.state, now.step, now.total, now.per_epoch) == ("done", WHOLE * PER_EPOCH, WHOLE * PER_EPOCH, PER_EPOCH)
    run = Run(unbroken.path)
    assert run.metrics["elbo"]["n"] == 20 and len(run.codes) == 360
    assert [r["step"] for r in run.history][:6] == [1, 2, 5, 10, 15, 20]
    steps = film.steps(run.path)
    assert steps == film.plan(now.total) and 35 <= len(steps) <= 41 and steps[0] == 0
    first, last, still = film.read(run.path, 0), film.read(run.path, now.total), film.constants(run.path)
    assert last.codes.shape == (140, 2) == (len(still.labels), 2) and still.originals.shape == (16, 1, 8, 8)
    assert last.rate.shape == (2,) and last.rate.sum() > first.rate.sum() >= 0
    error = [np.abs(f.reconstructions.astype(float) - still.originals).mean() for f in (first, last)]
    assert error[1] < error[0] and last.samples.shape == (16, 1, 8, 8) and still.originals.max() == 255


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_ended_trainer_resumes_to_the_same_result(unbroken, start, number):
    """A trainer that is ended in training resumes to the unbroken run."""
    run = make(WHOLE)
    control.ask(run.path, until=60)
    process = start(run)
    until(state(run, "paused"), "the pause, and so a checkpoint")
    control.ask(run.path, until=None)
    until(step(run, 90), "90 steps")
    process.send_signal(number)
    assert process.wait(PATIENCE) == (75 if number == signal.SIGTERM else -number)
    assert status.current(run.path).state == "interrupted"
    if number == signal.SIGTERM:
        assert torch.load(run.checkpoint, weights_only=True)["step"] == status.read(run.path).step
    assert train(run) == 0
    assert status.current(run.path).state == "done" and status.read(run.path).attempt == 2
    same_result(run, unbroken)


def test_kill_in_a_checkpoint_leaves_the_one_before(unbroken):
    """Killed while a checkpoint is written the one before counts."""
    run = make(WHOLE)
    script = (
        "import os, sys\nfrom vae import cli\nfrom vae.runs import files\nwrite = files.write\n"
        "def dying(path, content, **options):\n"
        "    if path.name == 'next.pt' and (path.parent / 'state.pt').exists():\n"
        "        with open(path.with_name('.next.pt.tmp'), 'wb') as file: file.write(content[: len(content) // 2])\n"
        "        os.kill(os.getpid(), 9)\n"
        "    write(path, content, **options)\n"
        "files.write = dying\n"
        f"sys.exit(cli.main(['train', {str(run.path)!r}, *{WORDS}]))\n"
    )
    process = subprocess.Popen([sys.executable, "-c", script])
    until(step(run, 100), "100 steps")
    control.ask(run.path, mode="pause")
    assert process.wait(PATIENCE) == -signal.SIGKILL
    assert torch.load(run.checkpoint, weights_only=True)["step"] == 0
    assert train(run) == 0
    same_result(run, unbroken)


@pytest.mark.parametrize("damage", ["truncated", "flipped"])
def test_a_damaged_checkpoint_gives_way_to_the_one_before(unbroken, start, damage):
    run = make(WHOLE)
    process = start(run)
    until(step(run, 100), "100 steps")
    control.ask(run.path, mode="pause")
    until(state(run, "paused"), "the pause")
    process.kill()
    process.wait()
    content = bytearray((run.path / "state.pt").read_bytes())
    if damage == "truncated":
        content = content[:-1000]
    else:
        content[len(content) // 2] ^= 0x10
    (run.path / "state.pt").write_bytes(content)
    (run.path / "status.json").write_text('{"state": "runn')
    assert train(run) == 0
    same_result(run, unbroken)


def test_run_that_is_done_holds_its_weights_few_times():
    """The best weights, those of the last step, and the two moments of Adam; the checkpoint before is gone."""
    run = make(6, encoder={"kind": "mlp", "widths": [512, 256]})
    assert train(run) == 0
    weights = (run.path / "model.safetensors").stat().st_size
    assert not (run.path / "previous.pt").exists()
    kept = sum(file.stat().st_size for file in run.path.iterdir() if file.suffix in (".pt", ".safetensors"))
    assert 3.9 < kept / weights < 5.2
    assert train(run, "--epochs", "7") == 0, "and it can go on"
    assert status.current(run.path).step == 7 * PER_EPOCH


def test_run_without_sound_checkpoint_fails_with_a_remedy():
    """Without any sound checkpoint the run fails with the remedy."""
    run = make(4)
    assert train(run) == 0
    for name in ("state.pt", "previous.pt"):
        (run.path / name).write_bytes(b"rubbish")
    assert train(run, "--epochs", "5") == 2
    now = status.current(run.path)
    assert now.state == "failed" and "Train the run again" in now.message
    assert Run(run.path).weights()  # what was saved for the app is still there


def test_pause_step_play_and_stop(start):
    run = make(100_000)
    control.ask(run.path, until=3)
    process = start(run)
    until(state(run, "paused"), "the pause at step 3")
    assert status.read(run.path).step == 3 and film.read(run.path).step == 3
    control.ask(run.path, until=4)
    until(step(run, 4), "one step more")
    until(state(run, "paused"), "the pause at step 4")
    assert status.read(run.path).step == 4 and torch.load(run.checkpoint, weights_only=True)["step"] == 4
    control.ask(run.path, until=None)
    until(step(run, 60), "60 steps")
    control.ask(run.path, mode="pause")
    until(state(run, "paused"), "the pause")
    here = status.read(run.path).step
    time.sleep(0.3)
    assert status.read(run.path).step == here and process.poll() is None
    control.ask(run.path, mode="run")
    until(step(run, here + 1), "going on")
    control.ask(run.path, mode="stop")
    assert process.wait(PATIENCE) == 0
    now = status.current(run.path)
    assert now.state == "stopped" and Run(run.path).metrics["elbo"]["n"] == 20 and len(Run(run.path).codes) == 360
    assert torch.load(run.checkpoint, weights_only=True)["step"] == now.step
    # asked for again it goes on: the old wish to stop is over
    process = start(run)
    until(step(run, now.step + 1), "resuming")
    process.send_signal(signal.SIGINT)
    assert process.wait(PATIENCE) == 0 and status.current(run.path).state == "stopped"


def test_a_step_asked_for_before_the_start_is_kept_while_it_is_ahead():
    """A run that is asked to go on to a step pauses there; a step behind it is no request any more."""
    run = make(4)
    for step_, until_, kept in ((5, 8, 8), (8, 8, None), (9, 8, None), (0, None, None)):
        control.ask(run.path, mode="stop", until=until_)
        status.write(run.path, status.Status("stopped", step=step_))
        trainer = Trainer(run)
        trainer._prepare = lambda: (_ for _ in ()).throw(RunError("far enough"))
        trainer()
        assert control.read(run.path) == control.Control("run", kept)


def test_a_learning_rate_changed_by_hand_survives_a_kill(start):
    run = make(100_000)
    control.ask(run.path, until=30)
    process = start(run)
    until(state(run, "paused"), "the pause")
    control.ask(run.path, learning_rate=2e-4, until=40)
    until(step(run, 40), "40 steps")
    assert status.read(run.path).learning_rate == 2e-4
    process.kill()
    process.wait()
    (run.path / "control.json").unlink()
    control.ask(run.path, until=50)
    runs.write(run.path / "status.json", status.Status("queued").to_json())
    process = start(run)
    until(step(run, 50), "50 steps")
    until(state(run, "paused"), "the pause")
    assert status.read(run.path).learning_rate == 2e-4
    control.ask(run.path, learning_rate=0.0, until=60)
    until(step(run, 60), "60 steps")
    assert status.read(run.path).learning_rate == 1e-3
    rates = {r["step"]: r["learning_rate"] for r in Run(run.path).history}
    assert rates[26] == 1e-3 and rates[36] == rates[47] == 2e-4


def test_a_second_trainer_is_refused(start, capsys):
    run = make(100_000)
    start(run)
    until(step(run, 10), "10 steps")
    assert train(run) == 2 and "being trained already" in capsys.readouterr().err
    assert status.current(run.path).state == "running"


def test_divergence_keeps_the_last_good_weights_and_says_where(start):
    run = make(80, preset="sigma-vae", learning_rate=8.0)
    assert train(run) == 3
    now = status.current(run.path)
    assert (now.state, now.problem) == ("failed", "diverged")
    assert now.step > 0 and now.learning_rate == 8.0 and "Resume with a learning rate of 2.7" in now.message
    assert all(np.isfinite(v).all() for v in Run(run.path).weights().values())
    control.ask(run.path, learning_rate=1e-4, until=now.step + 100)
    runs.write(run.path / "status.json", replace(now, state="queued").to_json())
    process = start(run)
    until(state(run, "paused", "failed"), "going on")
    assert status.current(run.path).state == "paused", status.current(run.path).message
    process.terminate()


def test_out_of_memory_is_said_with_the_remedy(start):
    run = make(4, batch=64)
    runs.write(run.path / "spec.json", replace(run.spec, samples=2_000, batch=1297).to_json())

    def limit():
        resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))

    assert start(run, preexec_fn=limit).wait(PATIENCE) == 4
    now = status.current(run.path)
    assert (now.state, now.problem) == ("failed", "memory") and "smaller batch" in now.message


def test_a_full_disk_keeps_the_last_checkpoint_and_says_so(start):
    run = make(100_000)
    control.ask(run.path, until=30)
    # no file may grow beyond 24 kB: history and film go on for a while, then the disk is "full"
    start(run)
    until(state(run, "paused"), "the pause")
    before = torch.load(run.checkpoint, weights_only=True)["step"]
    control.ask(run.path, mode="stop")
    until(state(run, "stopped"), "the stop")
    size = (run.path / "history.jsonl").stat().st_size

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20_000, size + 20_000))

    assert start(run, preexec_fn=limit).wait(PATIENCE) == 5
    now = status.current(run.path)
    assert (now.state, now.problem) == ("failed", "disk") and "Free some space" in now.message
    assert torch.load(run.checkpoint, weights_only=True)["step"] >= before
    control.ask(run.path, until=40)
    runs.write(run.path / "status.json", replace(now, state="queued").to_json())
    start(run)
    until(state(run, "paused"), "going on")


def test_a_run_deleted_while_it_trains_ends_its_trainer_quietly(start, data_folder):
    run = make(100_000)
    process = start(run)
    until(step(run, 20), "20 steps")
    os.rename(run.path, data_folder / "away")
    import shutil

    shutil.rmtree(data_folder / "away")
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0 and b"Traceback" not in errors, errors.decode()
    assert not run.path.exists()


def test_what_the_app_reads_is_read_without_torch():
    script = "import sys\nfrom vae.runs import control, film, manage, pace, status\nassert 'torch' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", script]).returncode == 0


def test_control_refuses_what_no_trainer_can_follow(tmp_path):
    for wrong in (
        {"learning_rate": float("nan")},
        {"learning_rate": -1.0},
        {"mode": "fly"},
        {"until": -1},
        {"until": 1.5},
    ):
        with pytest.raises(control.ControlError):
            control.ask(tmp_path, **wrong)
    (tmp_path / "control.json").write_text('{"mode": "fly"}')
    assert control.read(tmp_path) == control.Control()


def test_tensorboard_reads_the_same_scalars(unbroken, tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    from vae.runs.export import tensorboard

    run = Run(unbroken.path)
    for _ in range(2):  # exporting again replaces
        count = tensorboard(run, tmp_path / "events")
    events = EventAccumulator(str(tmp_path / "events"), size_guidance={"scalars": 0}).Reload()
    read = {e.step: e.value for e in events.Scalars("train/distortion")}
    assert read == {r["step"]: pytest.approx(r["distortion"], rel=1e-6) for r in run.history}
    held = {e.step: e.value for e in events.Scalars("valid/elbo")}
    expected = {r["step"]: -r["valid"]["distortion"] - r["valid"]["rate"] for r in run.history if "valid" in r}
    assert held == {k: pytest.approx(v, rel=1e-5) for k, v in expected.items()}
    assert run.history == Run(unbroken.path).history  # nothing is added to what is cached
    assert count == sum(len(events.Scalars(tag)) for tag in events.Tags()["scalars"])
    assert "elbo" not in json.loads((run.path / "history.jsonl").read_text().splitlines()[0])


def test_a_slow_first_frame_does_not_hold_up_the_second(monkeypatch):
    from vae.data import load
    from vae.data.batches import prepare
    from vae.training import camera

    run, clock = make(), [0.0]
    monkeypatch.setattr(camera.time, "monotonic", lambda: clock[0])
    valid = load("digits", "valid")
    lens = camera.Camera(run.path, run.spec, 10**6, valid, prepare(valid, run.spec))
    model, shoot, costs = build.model(run.spec), lens.shoot, iter([1.0, 0.001, 0.001, 0.1, 0.1, 2.0, 2.0, 0.1])

    def timed(model, step):
        clock[0] += next(costs)
        return shoot(model, step)

    monkeypatch.setattr(lens, "shoot", timed)
    waits = []
    for step in range(1_000_001, 1_000_008):
        lens.film(model, step)
        assert film.read(run.path).step == step
        waits.append(max(0.0, lens.next_live - clock[0]))
        clock[0] += waits[-1]
    assert [round(w, 1) for w in waits] == [0.0, 0.3, 0.3, 0.2, 1.9, 0.0, 3.0]
