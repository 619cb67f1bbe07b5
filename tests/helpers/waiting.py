"""Waiting for what must come, however slow the machine is."""

import inspect
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

PATIENCE = 180.0  # seconds; nothing is measured by it, it only ends a test whose condition never comes


def until(condition: Callable[[], Any], what: str = "", pause: Callable[[float], Any] = time.sleep) -> Any:
    """Return what a condition returns as soon as it is true; fail, saying what was awaited, where it never is.

    `pause` waits for a number of seconds between two looks.
    """
    end = time.monotonic() + PATIENCE
    while not (found := condition()):
        if time.monotonic() > end:
            what = what or inspect.getsource(condition).strip()
            pytest.fail(f"waited {PATIENCE:.0f} s for {what}; {_states()}")
        pause(0.05)
    return found


def _states() -> dict[str, str]:
    """Return the status files of the runs in LATENT_DATA by the runs' names."""
    files = Path(os.environ.get("LATENT_DATA", os.devnull)).glob("runs/*/status.json")
    return {file.parent.name: file.read_text() for file in files}
