"""What people ask of a trainer: control.json, looked at after every step."""

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
    """A request that no trainer can follow."""


@dataclass(frozen=True)
class Control:
    """`mode` run, pause or stop; `until` pauses at that step; `learning_rate` replaces the spec's, 0 brings it back."""

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
    """Return what is asked of the run's trainer; a missing or damaged file asks for nothing but to go on."""
    try:
        content = json.loads((path / "control.json").read_text())
        return Control(**{f.name: content[f.name] for f in fields(Control) if f.name in content})
    except (OSError, ValueError, TypeError):
        return Control()


def ask(path: Path, **changes: Any) -> Control:
    """Change what is asked and return all of it; raises ControlError on numbers that cannot be followed."""
    control = replace(read(path), **changes)
    files.write(path / "control.json", json.dumps(asdict(control)) + "\n", durable=False)
    return control


class ControlReader:
    """Reads control.json again only when it has changed, so that a look costs a trainer one stat a step."""

    def __init__(self, path: Path) -> None:
        self.path, self.control = path, Control()
        self.version: tuple[int, int] | None = None

    def latest(self) -> Control:
        """Return what is asked now; raises FileNotFoundError where the run's folder is gone."""
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
