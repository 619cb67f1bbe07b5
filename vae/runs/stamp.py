"""A stamp of a run's files, which changes when they change; used as a cache key."""

from pathlib import Path

Stamp = tuple[tuple[str, int, int], ...]
WEIGHTS = ("spec.json", "model.safetensors")


def stamp(run: Path, files: tuple[str, ...] = WEIGHTS) -> Stamp:
    """Return name, time in ns and size of each existing file of the run, by default its spec and weights."""
    found = ((name, run / name) for name in files)
    return tuple((name, s.st_mtime_ns, s.st_size) for name, file in found if file.is_file() for s in [file.stat()])
