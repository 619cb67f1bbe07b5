"""A stamp of a run's files, which changes when they change; used as a cache key."""

import os
import stat
from pathlib import Path

Stamp = str  # one text, since Streamlit hashes a key part by part
WEIGHTS = ("spec.json", "model.safetensors")


def stamp(run: Path | str, files: tuple[str, ...] = WEIGHTS) -> Stamp:
    """Return name, time in ns and size of each existing file of the run, by default its spec and weights."""
    found = []
    for name in files:
        try:
            seen = os.stat(f"{run}/{name}")
        except (OSError, ValueError):  # ValueError: a zero in the name
            continue
        if stat.S_ISREG(seen.st_mode):
            found.append(f"{name} {seen.st_mtime_ns} {seen.st_size}")
    return "; ".join(found)
