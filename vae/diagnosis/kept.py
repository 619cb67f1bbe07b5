"""Where evidence is kept: beside a run of one's own, else in the data folder. Each part is a file that is stale as soon
as the weights are others."""

import hashlib
import json
import os
from functools import lru_cache
from pathlib import Path
from typing import Any

from vae.data import data_root
from vae.diagnosis.evidence import PARTS, restore
from vae.runs import Run, files, is_shipped
from vae.runs.stamp import WEIGHTS, Stamp, stamp

VERSION = 1  # of what is measured: another one makes all that was kept stale
FOLDER = "diagnosis"
ABSENT = object()  # kept: the model has no such part


@lru_cache(maxsize=64)
def _digest(path: Path, version: Stamp) -> str:
    found = hashlib.blake2b(str(VERSION).encode(), digest_size=12)
    for name in WEIGHTS:
        file = path / name
        found.update(file.read_bytes() if file.is_file() else b"")
    return found.hexdigest()


def digest(path: Path) -> str:
    """Return what changes when a run's spec or weights do, wherever they lie."""
    return _digest(path, stamp(path))


def _places(run: Path) -> tuple[Path, Path]:
    return run / FOLDER, data_root() / "diagnoses" / digest(run)


def read(run: Path, part: str) -> Any:
    """Return a part of the evidence of a run's present weights, ABSENT where it has none, None where none is kept."""
    for folder in _places(run):
        try:
            content = json.loads((folder / f"{part}.json").read_text())
            if content["of"] == digest(run):
                found = content["evidence"]
                return ABSENT if found is None else restore(PARTS[part], found)
        except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError):
            continue  # not there, damaged or of another version: it is measured again
    return None


def write(run: Path, part: str, evidence: dict[str, Any] | None, beside: bool | None = None) -> None:
    """Keep a part of the evidence, as `evidence.plain` has it; None says that the model has none.

    Beside the run where it is of this machine's own making and can be written to, or where `beside` says so.
    """
    near, far = _places(run)
    mine = not is_shipped(Run(run)) and os.access(run, os.W_OK)
    folder = near if (mine if beside is None else beside) else far
    folder.mkdir(parents=True, exist_ok=True)
    files.write(folder / f"{part}.json", json.dumps({"of": digest(run), "evidence": evidence}), durable=False)
