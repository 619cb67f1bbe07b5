"""The film of a training: about forty frames at fixed steps, and a live frame of the newest state.

Reading needs no torch. Damaged or incomplete frames are skipped, because all numbers are in the history.
"""

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vae.runs import arrays

FRAMES = 40
SHOWN = 16  # images of each kind
POINTS = 1000
DAMAGE = (OSError, ValueError, KeyError, TypeError)


@dataclass(frozen=True)
class FilmConstants:
    """The part that all frames share: originals [16, *shape] (uint8, or float32 if not pixels), labels [M], classes."""

    labels: np.ndarray | None
    classes: tuple[str, ...]
    originals: np.ndarray
    split: str = "valid"


@dataclass(frozen=True)
class Frame:
    """One frame: codes [M, d], rate by dimension [d] in nats (None without a prior), images like the originals."""

    step: int
    codes: np.ndarray
    rate: np.ndarray | None
    reconstructions: np.ndarray
    samples: np.ndarray | None


def plan(total: int) -> list[int]:
    """Return the steps of the frames, total (i / 40)^2, denser at the start; 0 and `total` are included."""
    return sorted({round(total * (i / FRAMES) ** 2) for i in range(FRAMES + 1)})


def file(path: Path, step: int | None) -> Path:
    """Return the path of a frame's file; step None is the live frame."""
    return path / "live.npz" if step is None else path / "film" / f"{step:09d}.npz"


def pack(content: FilmConstants | Frame, compressed: bool = True) -> bytes:
    """Return the constants or a frame as .npz without pickled objects."""
    made = {k: np.asarray(v) for k, v in content.__dict__.items() if v is not None}
    buffer = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(buffer, allow_pickle=False, **made)
    return buffer.getvalue()


def steps(path: Path) -> list[int]:
    """Return the steps of the saved frames, ascending."""
    return sorted(int(p.stem) for p in (path / "film").glob("*.npz") if p.stem.isdigit())


def read(path: Path, step: int | None = None) -> Frame | None:
    """Return the frame of a step (None: the live frame), or None if it is missing or damaged."""
    try:
        found = arrays.read(file(path, step))
        codes = arrays.numbers(found["codes"], "codes", (None, None))
        assert codes is not None
        rate = arrays.numbers(found.get("rate"), "rate", codes.shape[1:])
        return Frame(int(found["step"]), codes, rate, found["reconstructions"], found.get("samples"))
    except DAMAGE:
        last = steps(path) if step is None else []
        return read(path, last[-1]) if last else None


def constants(path: Path) -> FilmConstants | None:
    """Return the part that all frames share, or None if it is missing or damaged."""
    try:
        found = arrays.read(path / "film" / "still.npz")
        labels = found.get("labels")
        labels = None if labels is None else arrays.labels(labels, len(labels))
        return FilmConstants(labels, arrays.words(found["classes"], "classes"), found["originals"], str(found["split"]))
    except DAMAGE:
        return None
