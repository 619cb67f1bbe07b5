"""How long a training will take on this machine: by arithmetic, corrected by what earlier runs took."""

import json
import math
from typing import Any

from vae.runs import files
from vae.data import data_root
from vae.runs.status import Status
from vae.spec import Spec, cost

MEMORY = 0.3  # weight of the newest run in the learned correction
FEWEST_STEPS = 200  # a shorter run says nothing about speed


def _key(spec: Spec, threads: int) -> str:
    return f"{spec.encoder['kind']}, {threads} threads"


def _learned() -> dict[str, Any]:
    try:
        content = json.loads((data_root() / "machine.json").read_text())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def correction(spec: Spec, threads: int) -> float:
    """Return measured over calculated seconds of this machine's earlier runs with such networks, or 1."""
    value = _learned().get(_key(spec, threads), 1.0)
    return float(value) if isinstance(value, (int, float)) and math.isfinite(value) and value > 0 else 1.0


def seconds(spec: Spec, n_train: int, threads: int = 1) -> float:
    """Return the seconds that training on n_train examples will take here, validation and saving left out."""
    steps = spec.epochs * math.ceil(n_train / spec.batch)
    return steps * cost.step_seconds(spec, threads) * correction(spec, threads)


def learn(spec: Spec, status: Status) -> None:
    """Remember how long a finished run's steps took, beside what the arithmetic says."""
    if status.step < FEWEST_STEPS or status.seconds <= 0 or status.processes > 1:
        return
    key, content = _key(spec, status.threads), _learned()
    ratio = status.seconds / status.step / cost.step_seconds(spec, status.threads)
    old = correction(spec, status.threads) if key in content else ratio
    content[key] = old ** (1 - MEMORY) * ratio**MEMORY
    files.write_json(data_root() / "machine.json", content)
