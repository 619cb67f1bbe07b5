"""The Models page's computations in the pool: metrics on the test split, and parts of the evaluation table."""

import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vae.answers import process
from vae.answers.loaded import held_out_examples, loaded, open_model
from vae.answers.process import Partial
from vae.runs import Run, RunError
from vae.runs.stamp import stamp

DECODES = 5_000 * 784  # pixels that one step of an evaluation decodes
PARTS = ("bounds", "truth", "information", "codes")  # evaluation.table's, which the app cannot import
NAMES = ("distortion", "rate", "elbo", "log_px", "ess")


def rows(run: Run, k: int) -> int:
    """Return the examples of one step of an evaluation, between which it can report its progress and be interrupted."""
    return max(5, min(50, DECODES // (k * int(np.prod(run.spec.shape)))))


def table(run: Path, part: str) -> list[dict[str, Any]]:
    """Return the rows of one part of vae.evaluation.run_table; raises RunError and DataError."""
    from vae.evaluation import run_table

    return run_table.part(*open_model(run), part)


def measure(
    run: Path, k: int = 100, n: int | None = None, so_far: dict[str, Any] | None = None
) -> dict[str, Any] | Partial:
    """Return the numbers of the first n test examples (default all) with K samples each, as in metrics.json.

    They equal those of evaluation.evaluate with the run's seed and `rows`. Raises RunError, also if the weights change
    meanwhile, and DataError.
    """
    import torch

    from vae.evaluation import Estimate, bounds
    from vae.training import finish

    version = stamp(run)
    opened, model = loaded(run, version)
    batches = held_out_examples(run, version)
    count = len(batches) if n is None else min(n, len(batches))
    generator = torch.Generator().manual_seed(opened.spec.seed)
    start = 0
    values: dict[str, list[NDArray[np.float64]]] = {name: [] for name in NAMES}
    if so_far is not None:
        if so_far["version"] != version:
            raise RunError(f"{opened.name} was trained on while it was measured. Measure it again.")
        generator.set_state(torch.from_numpy(so_far["generator"].copy()))
        start = so_far["start"]
        values |= {name: [part] for name, part in so_far["values"].items()}
    began = time.monotonic()
    while start < count:
        stop = min(start + rows(opened, k), count)
        part = slice(start, stop)
        found = bounds(model.given(batches.given(part)), batches.take(part, generator), k, generator)
        for name in NAMES:
            if (part := getattr(found, name)) is not None:
                values[name].append(part.numpy())
        start = stop
        seconds = time.monotonic() - began
        if start < count and seconds > process.TURN:
            joined = {name: np.concatenate(parts) for name, parts in values.items() if parts}
            state = {"version": version, "generator": generator.get_state().numpy(), "start": start, "values": joined}
            return Partial(start / count, state, seconds)
    whole = {name: Estimate.of(torch.from_numpy(np.concatenate(parts))) for name, parts in values.items() if parts}
    return finish.metrics(whole, opened.spec.data_name, "test", k)
