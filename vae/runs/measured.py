"""The numbers of a run's metrics.json: a smaller measurement of the same weights is kept beside a better one."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vae.runs import files
from vae.runs.run import Run, RunError

FILE = "metrics.json"
ABOUT_TRAINING = ("command", "train_seconds", "hardware")  # what a new measurement takes over


def weights_digest(run: Run) -> str:
    """Return a hash of the weights and of the data's name, which says what a measurement is of."""
    weights = (run.path / "model.safetensors").read_bytes()
    return hashlib.blake2b(weights + run.spec.data_name.encode(), digest_size=12).hexdigest()


def sizes(numbers: Mapping[str, Any]) -> tuple[int, int]:
    """Return how many importance samples and how many examples a measurement took; 0 where it has no such number."""
    entries = {name: entry for name, entry in numbers.items() if isinstance(entry, Mapping)}
    k = entries.get("log_px", {}).get("k")
    return int(k or 0), max((int(entry.get("n") or 0) for entry in entries.values()), default=0)


def known(run: Run) -> dict[str, Any]:
    """Return the run's saved numbers, read again; {} if there are none or they are damaged."""
    try:
        return Run(run.path).metrics
    except RunError:
        return {}


def keep(run: Run, numbers: Mapping[str, Any], trained: bool = False) -> tuple[Path, dict[str, Any]]:
    """Save a measurement of a run's weights; return its file and its whole content.

    It is metrics.json unless this holds a measurement of the same weights with more samples or more examples: then it
    is metrics-k5-n100.json, after the smaller numbers. Numbers that do not say what weights they are of count as of
    these, except after training (`trained`).
    """
    before, of = known(run), weights_digest(run)
    training = {name: old[name] for old in (before, numbers) for name in ABOUT_TRAINING if name in old}
    content = {**numbers, **training, "of": of}
    same = before.get("of", None if trained else of) == of
    had, has = sizes(before), sizes(numbers)
    smaller = same and any(a < b for a, b in zip(has, had, strict=True))
    file = run.path / (f"metrics-k{has[0]}-n{has[1]}.json" if smaller else FILE)
    files.write_json(file, content)
    if smaller and any(before.get(name) != value for name, value in training.items()):
        files.write_json(run.path / FILE, before | training)
    return file, content
