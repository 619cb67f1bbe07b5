"""The pool: its answers are those of direct calls, computed once; neither a killed process nor an error is the end."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch
from fake_runs import SMALL, complete, make_run
from waiting import PATIENCE, until

from vae.answers import explore, models, process
from vae.answers import pool as module
from vae.answers.pool import Pool
from vae.answers.process import Partial
from vae.data import DataError, load
from vae.evaluation import evaluate
from vae.jobs import JobError
from vae.runs import Run, RunError
from vae.runs.load import held_out, load_model
from vae.training import finish

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def pool():
    """One process for all tests that do not end it; they start another."""
    made = Pool(workers=1)
    yield made
    made.close()


@pytest.fixture
def run(tmp_path) -> Run:
    """A run on the digits with weights of both networks."""
    return complete(make_run(tmp_path, "small", **SMALL))


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    """Eight digits, from 0 to 255."""
    found = load("digits", "test").images[:8]
    return (found * (255 / 16)).astype(np.uint8)


def processes(pool: Pool) -> list[int]:
    return list(pool._executor._processes)


def note(run: Path, file: str, number: int) -> int:
    """What a process can be seen to have done: a line in a file."""
    with open(file, "a") as log:
        log.write(f"{os.getpid()}\n")
    return number


def stumble(run: Path) -> None:
    """Fail as no page expects."""
    raise ZeroDivisionError("by zero")


def count(run: Path, folder: str, last: int, so_far: int = 0) -> int | Partial:
    """Count to `last` in turns, each of which is a line in a file, and stays while there is a file of its number."""
    with open(f"{folder}/log", "a") as log:
        log.write(f"{so_far} ")
    while os.path.exists(f"{folder}/stay-{so_far}"):
        time.sleep(0.01)
    return Partial(so_far / last, so_far + 1, 0.1) if so_far < last else so_far


def linger(run: Path, began: str) -> None:
    """Say that it has begun, and never end."""
    Path(began).touch()
    time.sleep(3600)


# the same as direct calls


def test_encode_and_decode_equal_direct_calls(pool, run, images):
    encoded = pool.ask(explore.encode, run.path, images).result()
    model = load_model(run)
    x = torch.from_numpy((images > 127.5).astype(np.float32))
    with torch.no_grad():
        q = model.encode(x)
        pixels = model.decode(q.mean).mean.numpy()
    np.testing.assert_allclose(encoded.means, q.mean.numpy(), atol=1e-6)
    np.testing.assert_allclose(encoded.scales, q.stddev.numpy(), atol=1e-6)
    np.testing.assert_allclose(pool.ask(explore.decode, run.path, encoded.means).result(), pixels, atol=1e-6)
    as_floats = pool.ask(explore.encode, run.path, (images / 255).astype(np.float32)).result()
    np.testing.assert_array_equal(as_floats.means, encoded.means)
    with pytest.raises(ValueError, match="read-only"):
        encoded.means[0] = 0


def test_measure_equals_evaluate_also_in_many_turns(pool, run, monkeypatch):
    numbers = evaluate(load_model(run), held_out(run)[1], 20, run.spec.seed, 270)
    expected = finish.metrics(numbers, run.spec.data_name, "test", 20)
    monkeypatch.setattr(process, "TURN", 0.0)
    turns, here = 1, models.measure(run.path, 20, 270)
    while isinstance(here, Partial):
        turns, here = turns + 1, models.measure(run.path, 20, 270, so_far=here.state)
    assert turns == 6
    assert here == expected
    there = pool.ask(models.measure, run.path, k=20, n=270).result()
    assert there.keys() == expected.keys()
    for name in ("elbo", "log_px", "rate", "distortion"):
        assert there[name]["value"] == pytest.approx(expected[name]["value"], rel=1e-6)


def test_the_posterior_has_its_gap(pool, run, images):
    found = pool.ask(explore.posterior, run.path, images[0]).result()
    assert found.log_density.shape == (96, 96)
    assert found.log_px - found.elbo == pytest.approx(found.gap)
    mass = np.exp(found.log_density, dtype=np.float64).sum() * np.prod([axis[1] - axis[0] for axis in found.axes])
    # the density is normalised by the adaptive quadrature, so the picture's own sum is a second opinion
    assert mass == pytest.approx(1, abs=1e-4)
    encoded = explore.encode(run.path, images[:1])
    np.testing.assert_allclose(found.mean, encoded.means[0], atol=1e-6)
    np.testing.assert_allclose(found.scale, encoded.scales[0], atol=1e-6)


# once


def test_equal_questions_are_computed_once_whoever_asks(pool, run, tmp_path):
    file, answers = tmp_path / "log", []
    threads = [
        threading.Thread(target=lambda: answers.append(pool.ask(note, run.path, str(file), 7))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.result() for answer in answers] == [7] * 8
    assert pool.ask(note, run.path, str(file), number=8).result() == 8
    assert pool.ask(note, run.path, str(file), 7).done
    assert len(file.read_text().splitlines()) == 2


def test_questions_differ_by_what_arrays_hold(pool, run, images):
    one, two = (pool.ask(explore.encode, run.path, images[i : i + 1]).result() for i in (0, 1))
    assert not np.array_equal(one.means, two.means)
    assert pool.ask(explore.encode, run.path, images[:1].copy()).done


def test_changed_weights_are_asked_anew(pool, run, images):
    before = pool.ask(explore.encode, run.path, images).result()
    weights = {name: array + 0.1 for name, array in run.weights().items()}
    from safetensors.numpy import save_file

    save_file(weights, run.path / "model.safetensors")
    os.utime(run.path / "model.safetensors", ns=(1, 1))  # also where the clock is coarse
    after = pool.ask(explore.encode, run.path, images).result()
    assert not np.allclose(before.means, after.means)


def test_old_answers_give_way_to_new_ones(run, monkeypatch, tmp_path):
    monkeypatch.setattr(module, "LIMIT", 250)
    pool, file = Pool(workers=1), tmp_path / "log"
    try:
        for number in (1, 2, 3, 3, 1):
            assert pool.ask(note, run.path, str(file), number).result() == number
    finally:
        pool.close()
    assert len(file.read_text().splitlines()) == 4


# turns


def test_short_question_passes_a_long_one(pool, run, tmp_path):
    """A short question passes a long one which stops when unwanted and goes on when wanted."""
    log, stay = tmp_path / "log", tmp_path / "stay-1"
    stay.touch()
    long = pool.ask(count, run.path, str(tmp_path), 4)
    until(lambda: log.exists() and log.read_text() == "0 1 ", "the second turn")
    assert long.fraction == 0
    assert not long.done
    short = pool.ask(note, run.path, str(tmp_path / "short"), 5)
    long.drop()
    stay.unlink()
    assert short.result() == 5
    assert not long._over.is_set()
    assert log.read_text() == "0 1 "
    assert long.fraction == 0.25
    assert long.remaining == pytest.approx(0.6)
    assert pool.ask(count, run.path, str(tmp_path), 4) is long
    assert long.result() == 4
    assert log.read_text() == "0 1 2 3 4 "


def test_a_wait_can_end_before_the_answer(pool, run, tmp_path):
    (tmp_path / "stay-0").touch()
    answer = pool.ask(count, run.path, str(tmp_path), 0)
    with pytest.raises(TimeoutError):
        answer.result(timeout=0.01)
    (tmp_path / "stay-0").unlink()
    assert answer.result() == 0


# what goes wrong


def test_errors_arrive_as_themselves_and_are_not_kept(pool, run, images, tmp_path):
    ten = complete(make_run(tmp_path, "ten", latent=10, **SMALL))
    ae = {"posterior": {"kind": "delta"}, "prior": None, "objective": {"kind": "reconstruction"}}
    plain = complete(make_run(tmp_path, "ae", "autoencoder", **SMALL, **ae))
    for path, function, arguments, error, words in (
        (ten.path, explore.posterior, (images[0],), RunError, "at most two latents"),
        (plain.path, explore.posterior, (images[0],), RunError, "plain autoencoder"),
        (run.path, explore.posterior, (images[0], 0.01), RunError, "widen"),
        (run.path, explore.encode, (images[:, :, :5],), DataError, r"\[1, 8, 8\]"),
        (run.path, explore.encode, (images * np.float32(np.nan),), DataError, "not numbers"),
        (run.path, explore.encode, (images.astype(np.float32),), DataError, "from 0 to 1"),
        (run.path, explore.decode, (np.zeros((1, 3)),), RunError, "2 numbers"),
        (tmp_path / "none", explore.encode, (images,), RunError, "is no run"),
        (run.path, stumble, (), JobError, "ZeroDivisionError: by zero"),
    ):
        answer = pool.ask(function, path, *arguments)
        with pytest.raises(error, match=words):
            answer.result()
        assert answer.done
        assert pool.ask(function, path, *arguments) is not answer
    assert pool.ask(explore.encode, plain.path, images).result().scales is None
    assert set(pool.ask(models.measure, plain.path, n=10).result()) == {"data", "split", "distortion"}


def test_weights_that_change_during_a_measurement_are_told_of(run, monkeypatch):
    monkeypatch.setattr(process, "TURN", 0.0)
    first = models.measure(run.path, k=2)
    os.utime(run.path / "model.safetensors", ns=(1, 1))
    with pytest.raises(RunError, match="trained on while"):
        models.measure(run.path, k=2, so_far=first.state)


def test_killed_process_is_a_message_and_keeps_its_turns(pool, run, tmp_path):
    """A killed process is a message and the turns before it are kept."""
    log, stay = tmp_path / "log", tmp_path / "stay-2"
    stay.touch()
    answer = pool.ask(count, run.path, str(tmp_path), 4)
    until(lambda: log.exists() and log.read_text() == "0 1 2 ", "the third turn")
    waiting = pool.ask(note, run.path, str(tmp_path / "waiting"), 6)
    os.kill(processes(pool)[0], signal.SIGKILL)
    with pytest.raises(JobError, match="Nothing is lost"):
        answer.result()
    assert waiting.result() == 6
    stay.unlink()
    again = pool.ask(count, run.path, str(tmp_path), 4)
    assert again is not answer
    assert again.result() == 4
    assert log.read_text() == "0 1 2 2 3 4 "


def test_dead_processes_are_replaced_between_questions(pool, run, images):
    """Processes that die between questions are replaced unseen."""
    pool.ask(explore.encode, run.path, images[5:6]).result()
    executor = pool._executor
    os.kill(processes(pool)[0], signal.SIGKILL)
    until(lambda: executor._flags.broken, "loky's notice")
    assert pool.ask(explore.encode, run.path, images[6:7]).result().means.shape == (1, 2)


def test_closed_pool_ends_its_processes_and_can_be_used_again(run, tmp_path):
    """Close ends the processes and what they do and the pool can be used again."""
    pool = Pool(workers=2)
    answers = [pool.ask(linger, run.path, str(tmp_path / name)) for name in "abc"]
    until(lambda: (tmp_path / "a").exists() and (tmp_path / "b").exists(), "the beginning")
    workers = processes(pool)
    assert len(workers) == 2
    pool.close()
    assert not any(psutil.pid_exists(pid) for pid in workers)
    for answer in answers:
        with pytest.raises(JobError, match="closing"):
            answer.result()
    assert pool.ask(note, run.path, str(tmp_path / "log"), 1).result() == 1
    pool.close()
    pool.close()


# the process that asks

ASK = """
import sys, time
from pathlib import Path
with open({log!r}, "a") as log:
    log.write(__name__ + "\\n")
import numpy as np
from vae.answers import explore, models, pool
assert "loky" not in sys.modules
answer = pool.ask(explore.encode, Path({run!r}), np.zeros((1, 1, 8, 8), np.uint8))
assert answer.result().means.shape == (1, 2)
print(sorted({{"torch", "sklearn", "scipy"}} & set(sys.modules)), flush=True)
{rest}
"""


def asking(tmp_path: Path, run: Run, rest: str) -> subprocess.Popen[str]:
    """Start a script without a guard for its main module, as a page is, that asks the pool for something."""
    script = tmp_path / "script.py"
    script.write_text(ASK.format(log=str(tmp_path / "log"), run=str(run.path), rest=rest))
    return subprocess.Popen(
        [sys.executable, str(script)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )


def test_asking_process_loads_no_torch(tmp_path, run):
    """The asking process loads no torch and its script runs once."""
    process = asking(tmp_path, run, "pool.close()")
    out, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert out.strip() == "[]"
    assert (tmp_path / "log").read_text() == "__main__\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("busy", [False, True])
def test_all_processes_end_when_the_app_is_killed(tmp_path, run, number, busy):
    rest = f"answer = pool.ask(models.measure, Path({str(run.path)!r}), k=5000)\n" if busy else ""
    process = asking(tmp_path, run, rest + "print('there', flush=True)\ntime.sleep(600)")
    assert process.stdout.readline().strip() == "[]"
    assert process.stdout.readline().strip() == "there"
    children = psutil.Process(process.pid).children(recursive=True)
    assert any("loky" in " ".join(child.cmdline()) for child in children)
    process.send_signal(number)
    process.wait(PATIENCE)
    process.stdout.close()
    _, alive = psutil.wait_procs(children, timeout=PATIENCE)
    assert not alive
