"""What changes when a run's files do: the key under which whatever was computed from them is kept."""

from pathlib import Path

Stamp = tuple[tuple[str, int, int], ...]
WEIGHTS = ("spec.json", "model.safetensors")


def stamp(run: Path, files: tuple[str, ...] = WEIGHTS) -> Stamp:
    """Return name, time in ns and size of each of the run's files that is there, by default of its spec and weights."""
    found = ((name, run / name) for name in files)
    return tuple((name, s.st_mtime_ns, s.st_size) for name, file in found if file.is_file() for s in [file.stat()])
