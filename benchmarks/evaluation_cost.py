"""Cost of the exact evaluations: seconds, memory peak, and their growth with N, K and d.

    python benchmarks/evaluation_cost.py [--rounds 3] [--threads 2]

MNIST where LATENT_DATA has it (else random pixels of the same shape), the shipped 2-D model, and an untrained one of 20
latents. Each measurement is a process of its own, so that its peak of memory is its own; medians of several. Seconds
are of a wall clock, and beside it the processor's (of all threads): on a machine that others use, only the latter says
what the work is. Exits with 1 where a limit on the wall clock is missed.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

LIMITS = {"exact/1000": 2.0, "decomposition/4096": 2.0, "bounds/1000/5000/20": 60.0}


def images(n: int) -> torch.Tensor:
    """Return n binary images [n, 1, 28, 28]."""
    from vae import data
    from vae.data.batches import prepare
    from vae.spec import preset

    generator = torch.Generator().manual_seed(0)
    if data.available("mnist"):
        return prepare(data.load("mnist", "test", n=n), preset("vae")).take(slice(None), generator)
    return (torch.rand(n, 1, 28, 28, generator=generator) > 0.8).float()


def measured(task: str) -> dict[str, float]:
    """Return the seconds and the memory peak above what was there before, MB, of one task."""
    from vae import runs
    from vae.evaluation import bounds, decomposition, exact
    from vae.model import build
    from vae.runs.load import load_model
    from vae.spec import preset
    from vae.training import denormals

    denormals.flush()
    kind, *numbers = task.split("/")
    n, generator = int(numbers[0]), torch.Generator().manual_seed(0)
    latent = int(numbers[-1]) if kind != "exact" and len(numbers) > 1 else 2
    shipped = load_model(runs.find("mnist-vae-2d", [runs.shipped()]))
    model = shipped if latent == 2 else build.model(preset("vae", latent=latent)).eval()
    x = images(n)
    if kind == "exact":
        work, small = (lambda: exact(model, x)), (lambda: exact(model, x[:5]))
    elif kind == "decomposition":
        with torch.no_grad():
            q, prior = model.encode(x), model.prior()
            few = model.encode(x[:50])
        work, small = (lambda: decomposition(q, prior, 1, generator)), (lambda: decomposition(few, prior))
    else:
        k = int(numbers[1])

        def work() -> list:
            return [bounds(model, part, k, generator) for part in x.split(50)]

        def small() -> object:
            return bounds(model, x[:50], 50, generator)

    small()  # threads, libraries
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    wall, processor = time.perf_counter(), time.process_time()
    work()
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    peak = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1e3
    return {"wall": wall, "processor": processor, "peak": max(0.0, peak)}


GROUPS = {
    "exact log p(x), d = 2, N images": ["exact/250", "exact/500", "exact/1000", "exact/2000"],
    "MI, TC, dim-KL over N points": ["decomposition/2048", "decomposition/4096", "decomposition/8192"],
    "the same, d = 10, 20": ["decomposition/4096/10", "decomposition/4096/20"],
    "L_K, d = 20, N images, K samples": ["bounds/100/500/20", "bounds/100/5000/20", "bounds/1000/5000/20"],
}


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--task", help=argparse.SUPPRESS)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if options.task:
        print(json.dumps(measured(options.task)))
        return 0
    missed = False
    print(f"| task ({options.threads} threads, median of {options.rounds}) | wall s | processor s | peak MB | limit |")
    print("|---|---|---|---|---|")
    for title, tasks in GROUPS.items():
        print(f"| **{title}** | | | | |")
        for task in tasks:
            command = [sys.executable, __file__, "--task", task, "--threads", str(options.threads)]
            found = [
                json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
                for _ in range(options.rounds)
            ]
            middle = {name: statistics.median(f[name] for f in found) for name in found[0]}
            limit = LIMITS.get(task)
            late = limit is not None and middle["wall"] > limit
            missed |= late
            verdict = "" if limit is None else f"≤ {limit:.0f} s" + (" **missed**" if late else " met")
            cells = f"{middle['wall']:.2f} | {middle['processor']:.2f} | {middle['peak']:.0f}"
            print(f"| {task} | {cells} | {verdict} |", flush=True)
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
