"""Latency of the pages' calls to the pool: the first call, later calls, cached calls; and memory.

    python benchmarks/evaluations.py [--models mnist-vae-2d,digits-vae-2d] [--asks 50]

Prints a Markdown table, and fails where a limit is broken. Images are decoded from random points, so no dataset is
needed; each is a new one. The first question is asked of a pool that has no process yet, three times. The table ends
with the machine's load, without which no time means much.
"""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from shared.timing import finish, median_and_p95  # noqa: E402

from vae import runs  # noqa: E402
from vae.answers import explore  # noqa: E402
from vae.answers.pool import Pool  # noqa: E402

WARM, POSTERIOR = 150.0, 300.0  # the limits of the medians, ms


def times(ask: Callable[[int], Any], n: int) -> list[float]:
    """Return the n times of ask(0), ask(1), ... in ms."""
    found = []
    for i in range(n):
        began = time.perf_counter()
        ask(i)
        found.append(1000 * (time.perf_counter() - began))
    return found


def row(label: str, found: list[float], limit: float | None = None, digits: int = 1) -> bool:
    """Print a row; return whether it keeps its limit."""
    median, p95 = median_and_p95(found)
    good = limit is None or median <= limit
    verdict = "" if limit is None else f"≤ {limit:.0f} ms {'met' if good else '**missed**'}"
    print(f"| {label} | {len(found)} | {median:,.{digits}f} ms | {p95:,.{digits}f} ms | {verdict} |", flush=True)
    return good


def first(path: Path, image: np.ndarray) -> float:
    """Return how long the first question of a new pool takes, ms."""
    pool = Pool()
    try:
        return times(lambda _: pool.ask(explore.encode, path, image).result(), 1)[0]
    finally:
        pool.close()


def measure(name: str, asks: int) -> bool:
    """Print one model's rows; return whether they keep the limits."""
    path = runs.find(name).path
    latent = runs.Run(path).spec.latent
    points = np.random.default_rng(0).normal(size=(asks + 1, latent))
    pool = Pool()
    try:
        images = pool.ask(explore.decode, path, points).result()
        row(f"{name}: first question", [first(path, images[-1:]) for _ in range(3)])
        pool.ask(explore.encode, path, images[-1:]).result()
        good = row(
            f"{name}: encode a new image",
            times(lambda i: pool.ask(explore.encode, path, images[i : i + 1]).result(), asks),
            WARM,
        )
        row(
            "the same again",
            times(lambda i: pool.ask(explore.encode, path, images[i : i + 1]).result(), asks),
            digits=3,
        )
        if latent <= 2:
            asked = times(lambda i: pool.ask(explore.posterior, path, images[i]).result(), asks)
            good &= row(f"{name}: exact posterior of a new image", asked, POSTERIOR)
        sizes = [psutil.Process(pid).memory_full_info() for pid in pool._executor._processes]
        megabytes = f"{max(s.rss for s in sizes) / 1e6:.0f} MB, {max(s.uss for s in sizes) / 1e6:.0f} MB its own"
        print(f"| {name}: memory of a process | {len(sizes)} | {megabytes} | | |", flush=True)
    finally:
        pool.close()
    return good


def main() -> None:
    """Print the table; exit with 1 where a limit is broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", default="mnist-vae-2d,digits-vae-2d,sprites-beta-vae-10d")
    parser.add_argument("--asks", type=int, default=50)
    options = parser.parse_args()
    print("| question | times | median | p95 | limit of the median |\n|---|---|---|---|---|")
    kept = [measure(name, options.asks) for name in options.models.split(",")]
    finish(all(kept))


if __name__ == "__main__":
    main()
