"""The cache of evidence: one file per part, in a run of the user or else in the data folder; invalid after the weights
change."""

import hashlib
import os
from functools import lru_cache
from pathlib import Path
from typing import Any

from vae.data import data_root
from vae.diagnosis.evidence import PARTS, QUICK, restore
from vae.runs import Run, files, is_shipped
from vae.runs.stamp import WEIGHTS, Stamp, stamp
from vae.spec import json_text

VERSION = 2  # version of the measurements: a new one invalidates the cache
FOLDER = "diagnosis"
ABSENT = object()  # cached: the model has no such part


@lru_cache(maxsize=64)
def _digest(path: Path, version: Stamp) -> str:
    found = hashlib.blake2b(str(VERSION).encode(), digest_size=12)
    for name in WEIGHTS:
        file = path / name
        found.update(file.read_bytes() if file.is_file() else b"")
    return found.hexdigest()


def digest(path: Path) -> str:
    """Return the hash of a run's spec and weights, which does not depend on the folder."""
    return _digest(path, stamp(path))


def _places(run: Path) -> tuple[Path, Path]:
    return run / FOLDER, data_root() / "diagnoses" / digest(run)


def read(run: Path, part: str) -> Any:
    """Return a cached part of the evidence for a run's current weights, ABSENT if it has none, None if not cached."""
    for folder in _places(run):
        try:
            content = files.read_json(folder / f"{part}.json")
            if content["of"] == digest(run):
                found = content["evidence"]
                return ABSENT if found is None else restore(PARTS[part], found)
        except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError):
            continue  # missing, damaged or of another version: it is measured again
    return None


def known(run: Path) -> dict[str, Any]:
    """Return the cached parts of the evidence that need the model; a part that the model does not have is None."""
    found = {part: read(run, part) for part in PARTS if part not in QUICK}
    return {part: None if value is ABSENT else value for part, value in found.items() if value is not None}


def place(run: Path, beside: bool | None = None) -> Path:
    """Return the folder that `write` writes a run's evidence to."""
    near, far = _places(run)
    mine = not is_shipped(Run(run)) and os.access(run, os.W_OK)
    return near if (mine if beside is None else beside) else far


def write(run: Path, part: str, evidence: dict[str, Any] | None, beside: bool | None = None) -> None:
    """Cache a part of the evidence (as from `evidence.plain`); None means that the model has none.

    It is written into the run if that was made on this machine and is writable, else into the data folder; `beside`
    decides instead, for those who make a model that comes with the project.
    """
    folder = place(run, beside)
    folder.mkdir(parents=True, exist_ok=True)
    files.write(folder / f"{part}.json", json_text.dumps({"of": digest(run), "evidence": evidence}), durable=False)
