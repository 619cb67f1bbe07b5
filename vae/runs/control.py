"""Requests to a trainer (pause, stop, ...): the file control.json, read after every step."""

import json
import math
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from vae.runs import files
from vae.spec.choices import NUMBERS

MODES = ("run", "pause", "stop")
HIGHEST_RATE = NUMBERS["learning_rate"].high


class ControlError(ValueError):
    """An invalid request."""


@dataclass(frozen=True)
class Control:
    """A request: `mode` run, pause or stop; `until`: the step to pause at; `learning_rate`: 0 for the spec's own."""

    mode: str = "run"
    until: int | None = None
    learning_rate: float | None = None

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise ControlError(f"a trainer can run, pause or stop, not {self.mode!r}")
        whole = isinstance(self.until, int) and not isinstance(self.until, bool) and self.until >= 0
        if self.until is not None and not whole:
            raise ControlError(f"a step to stop at is a whole number from 0, not {self.until!r}")
        rate = self.learning_rate
        number = isinstance(rate, (int, float)) and not isinstance(rate, bool) and math.isfinite(rate)
        if rate is not None and not (number and 0 <= rate <= HIGHEST_RATE):
            raise ControlError(f"a learning rate lies between 0 (the spec's own) and {HIGHEST_RATE:g}, not {rate!r}")


def read(path: Path) -> Control:
    """Return the request to the run's trainer; a missing or damaged file means "run"."""
    try:
        content = files.read_json(path / "control.json")
        return Control(**{f.name: content[f.name] for f in fields(Control) if f.name in content})
    except (OSError, ValueError, TypeError):
        return Control()


def ask(path: Path, **changes: Any) -> Control:
    """Change the request and return the whole request; raises ControlError on invalid numbers."""
    control = replace(read(path), **changes)
    files.write(path / "control.json", json.dumps(asdict(control)) + "\n", durable=False)
    return control


class ControlReader:
    """Reads control.json again only when it has changed, so that each step costs one stat call."""

    def __init__(self, path: Path) -> None:
        self.path, self.control = path, Control()
        self.version: tuple[int, int] | None = None

    def latest(self) -> Control:
        """Return the current request; raises FileNotFoundError if the run's folder was removed."""
        try:
            found = (self.path / "control.json").stat()
            version = (found.st_mtime_ns, found.st_ino)
        except FileNotFoundError:
            if not self.path.is_dir():
                raise
            version = None
        if version != self.version:
            self.version, self.control = version, read(self.path)
        return self.control
