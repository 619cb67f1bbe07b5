"""Cost of the queue for training speed, and latency of requests: the queue, its workers and teams, without a browser.

    python benchmarks/jobs.py [--rounds 5] [--seconds 6]

The same spec (MLP 784-256-128-2 on 28×28 glyphs, batch 128, validated after each epoch) is trained as a bare loop over
vae.training.loop.fit, and as a run in the queue, which keeps a history, films itself, writes its status and can be
steered; both with the same threads, in turn, and medians count. Exits with 1 where a limit is missed.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from vae import jobs, runs  # noqa: E402
from vae.jobs import Resources, embedded  # noqa: E402
from vae.jobs.engine import Engine  # noqa: E402
from vae.runs import (  # noqa: E402
    Run,
    control,
    machine,
    manage,
    status,
)
from vae.spec import preset  # noqa: E402

SPEC = preset("vae", data="glyphs", epochs=100_000)
PATIENCE = 120.0
RATIO, OBEY, FIRST = 0.9, 0.2, 1.0  # the limits: of the bare loop's speed, and seconds
BARE = """
import sys, time, os
import torch
os.nice(5); torch.set_num_threads({threads})
from pathlib import Path
from vae import data
from vae.data.batches import prepare
from vae.spec import Spec
from vae.training.loop import State, fit
spec = Spec.from_json(Path(sys.argv[1]).read_text())
train, valid = (prepare(data.load(spec.data, split), spec) for split in ("train", "valid"))
steps = fit(State.fresh(spec), spec, train, valid)
for _ in range(50): next(steps)
began, count = time.perf_counter(), 0
while time.perf_counter() - began < {seconds}:
    next(steps); count += 1
print(count / (time.perf_counter() - began))
"""


def until(condition: Callable[[], object]) -> float:
    """Wait for a condition and return the seconds it took."""
    began = time.perf_counter()
    while not condition():
        if time.perf_counter() - began > PATIENCE:
            raise SystemExit("waited too long: is the machine busy with something else?")
        time.sleep(0.002)
    return time.perf_counter() - began


def reached(run: Run, *states: str, step: int = 0) -> Callable[[], bool]:
    """Return a condition: the run's status is one of these, at that step or later."""

    def found() -> bool:
        now = status.read(run.path)
        return now is not None and now.state in states and now.step >= step

    return found


def bare(folder: Path, threads: int, seconds: float) -> float:
    """Return the steps per second of the bare loop, in a separate process."""
    file = folder / "spec.json"
    runs.write(file, SPEC.to_json())
    words = [sys.executable, "-c", BARE.format(threads=threads, seconds=seconds), str(file)]
    return float(subprocess.run(words, cwd=ROOT, check=True, capture_output=True).stdout)


def rate(run: Run, seconds: float) -> float:
    """Return the steps per second of a run, by wall clock."""
    began, first = time.perf_counter(), status.read(run.path)
    time.sleep(seconds)
    last = status.read(run.path)
    assert first is not None and last is not None
    return (last.step - first.step) / (time.perf_counter() - began)


def end(*found: Run) -> None:
    """Kill trainers and remove their rows."""
    queue = embedded.Embedded().queue
    for run in found:
        job = queue.get(str(run.path.resolve()))
        queue.drop(str(run.path.resolve()))
        if job is not None and job.pid is not None:
            for process in [*psutil.Process(job.pid).children(recursive=True), psutil.Process(job.pid)]:
                process.kill()
        until(lambda run=run: not status.held(run.path))


def row(name: str, values: list[float], unit: str, limit: str = "", good: bool | None = None) -> bool:
    """Print a row of the table; return whether its limit is kept."""
    digits = {"s": 3, "MB": 0, "steps/s": 1, "×": 2, "fps": 0}[unit]
    cells = " | ".join(f"{f(values):.{digits}f}" for f in (statistics.median, min, max))
    verdict = "" if good is None else " met" if good else " **missed**"
    print(f"| {name} | {cells} | {unit} | {limit}{verdict} |", flush=True)
    return good is not False


def speed(folder: Path, rounds: int, seconds: float) -> bool:
    """Compare the bare loop with the run in the queue, in turn."""
    threads, bare_loop, watched = embedded.threads(), [], []
    for _ in range(rounds):
        bare_loop.append(bare(folder, threads, seconds))
        run = manage.create(SPEC, "bench")
        jobs.play(run.path)
        until(reached(run, "running", step=50))
        watched.append(rate(run, seconds))
        end(run)
    row(f"bare loop, {threads} threads", bare_loop, "steps/s")
    row("run in the queue", watched, "steps/s")
    # the machine's speed drifts, so each round is compared with itself
    ratios = [there / here for there, here in zip(watched, bare_loop, strict=True)]
    return row("run ÷ bare loop", ratios, "×", f"≥ {RATIO}", statistics.median(ratios) >= RATIO)


def obedience(rounds: int) -> bool:
    """Time Pause, one step, Play, Stop, and the first step of a new run with a warm worker and without one."""
    executor, engine_warm = jobs.executor(), embedded.Embedded().queue.folder / "engine.warm"
    run = manage.create(SPEC, "bench")
    jobs.play(run.path)
    until(reached(run, "running", step=50))
    pauses, plays, steps = [], [], []
    for _ in range(4 * rounds):
        began = time.perf_counter()
        jobs.pause(run.path)
        until(reached(run, "paused"))
        pauses.append(time.perf_counter() - began)
        here = status.read(run.path).step  # type: ignore[union-attr]
        began = time.perf_counter()
        jobs.play(run.path, until=here + 1)
        until(reached(run, "paused", step=here + 1))
        steps.append(time.perf_counter() - began)
        began = time.perf_counter()
        jobs.play(run.path)
        until(reached(run, "running", step=here + 2))
        plays.append(time.perf_counter() - began)
        time.sleep(0.1)
    end(run)
    good = row("Pause → paused and saved", pauses, "s", f"≤ {OBEY} s", statistics.median(pauses) <= OBEY)
    row("Step → one step made", steps, "s")
    good &= row("Play → next step", plays, "s", f"≤ {OBEY} s", statistics.median(plays) <= OBEY)
    for name, warm in (("first step of a new run, cold", False), ("first step of a new run, warm worker", True)):
        firsts, stops = [], []
        for _ in range(rounds):
            if warm:
                executor.warm()
                until(lambda: LEADER.warm_worker is not None)
                # it says nothing when it is ready, but then it uses no more processor time
                until(lambda: psutil.Process(LEADER.warm_worker.process.pid).cpu_percent(0.3) < 5)  # type: ignore[union-attr]
            else:
                engine_warm.unlink(missing_ok=True)
                until(lambda: LEADER.warm_worker is None)
            run = manage.create(SPEC, "bench")
            began = time.perf_counter()
            jobs.play(run.path)
            until(reached(run, "running", step=1))
            firsts.append(time.perf_counter() - began)
            began = time.perf_counter()
            executor.stop(run.path)
            until(reached(run, "finishing", "stopped"))
            stops.append(time.perf_counter() - began)
            end(run)
        good &= row(name, firsts, "s", f"≤ {FIRST} s" * warm, statistics.median(firsts) <= FIRST if warm else None)
        if warm:
            good &= row("Stop → training ended and saved", stops, "s", f"≤ {OBEY} s", statistics.median(stops) <= OBEY)
    return good


def memory() -> None:
    """Print what this process (queue and engine, no pages) and its workers take with 1, 5 and 30 runs queued."""
    for count in (1, 5, 30):
        made = [manage.create(SPEC, f"owner {i}") for i in range(count)]
        for i, run in enumerate(made):
            jobs.play(run.path, f"owner {i}")
        until(lambda made=made: any(reached(run, "running", step=20)() for run in made))
        began = time.perf_counter()
        for run in made:
            jobs.executor().state(run.path)
        look = (time.perf_counter() - began) / count
        here = psutil.Process().memory_info().rss / 1e6
        pids = [job.pid for job in embedded.Embedded().queue.jobs() if job.pid is not None]
        workers = sum(psutil.Process(pid).memory_info().rss / 1e6 for pid in pids)
        row(f"{count} queued: this process", [here], "MB")
        row(f"{count} queued: {len(pids)} trainer(s)", [workers], "MB")
        row(f"{count} queued: looking at one run", [look], "s")
        for run in reversed(made):
            if not status.held(run.path):
                jobs.executor().stop(run.path)
        end(*[run for run in made if status.held(run.path)])


def teams(seconds: float) -> None:
    """Print the speed of 1, 2 and 4 processes on one run."""
    for processes in (1, 2, 4):
        run = manage.create(SPEC, "bench")
        jobs.play(run.path, resources=Resources(processes))
        first = until(reached(run, "running", step=20))
        row(f"{processes} process(es), {embedded.threads(processes)} thread(s) each", [rate(run, seconds)], "steps/s")
        row(f"{processes} process(es): Play → step 20, cold", [first], "s")
        control.ask(run.path, mode="stop")
        until(reached(run, "finishing", "stopped"))
        end(run)


LEADER: Engine


def main() -> None:
    """Print the table; exit with 1 where a limit is missed."""
    global LEADER
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=6.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["LATENT_DATA"] = folder
        os.environ.pop(jobs.CLUSTER, None)
        LEADER = Engine()
        LEADER.start()
        print("| | median | min | max | unit | limit |\n|---|---|---|---|---|---|")
        good = speed(Path(folder), options.rounds, options.seconds)
        good &= obedience(options.rounds)
        memory()
        teams(options.seconds)
        LEADER.close()
    print(f"\nLoad {os.getloadavg()[0]:.1f} on {machine.cores()} cores.")
    sys.exit(int(not good))


if __name__ == "__main__":
    main()
