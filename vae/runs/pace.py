"""Estimate the duration of a training: the arithmetic's time, corrected by earlier runs on this machine."""

import math
from typing import Any

from vae.data import data_root
from vae.runs import files, machine
from vae.runs.status import Status
from vae.spec import Spec, cost

MEMORY = 0.3  # weight of the newest run in the learned correction
FEWEST_STEPS = 200  # a shorter run is no measurement of speed


def _key(spec: Spec, threads: int) -> str:
    return f"{spec.encoder['kind']}, {threads} threads"


def _learned() -> dict[str, Any]:
    try:
        content = files.read_json(data_root() / "machine.json")
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def correction(spec: Spec, threads: int) -> float:
    """Return the ratio of measured to estimated seconds of earlier runs with such networks, or 1."""
    value = _learned().get(_key(spec, threads), 1.0)
    return float(value) if isinstance(value, (int, float)) and math.isfinite(value) and value > 0 else 1.0


def seconds(spec: Spec, n_train: int, threads: int = 1) -> float:
    """Return the estimated seconds of training on n_train examples on this machine when nothing else runs.

    Validation and saving come on top.
    """
    steps = spec.epochs * math.ceil(n_train / spec.batch)
    return steps * cost.step_seconds(spec, threads) * correction(spec, threads)


def learn(spec: Spec, status: Status) -> None:
    """Save the ratio of a finished run's measured time per step to the estimated one."""
    if status.step < FEWEST_STEPS or status.seconds <= 0 or status.processes > 1:
        return
    key, content = _key(spec, status.threads), _learned()
    # what the run would have taken on an idle machine
    alone = status.seconds / machine.slowdown(status.threads, own=status.threads)
    ratio = alone / status.step / cost.step_seconds(spec, status.threads)
    old = correction(spec, status.threads) if key in content else ratio
    content[key] = old ** (1 - MEMORY) * ratio**MEMORY
    data_root().mkdir(parents=True, exist_ok=True)
    files.write_json(data_root() / "machine.json", content)
