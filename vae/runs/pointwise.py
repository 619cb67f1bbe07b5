"""Values for each code, cached in the data folder under the hash of the run's weights and codes."""

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vae.data import data_root
from vae.runs import files
from vae.runs.run import Run

VERSION = "1"  # version of the values' definition; values of another version are computed again
FILES = ("spec.json", "model.safetensors", "codes.npz")
BOUND, TIGHTNESS, TAILS, REACH = ("distortion", "rate", "elbo"), ("gap",), ("pareto",), ("reach",)


@dataclass(frozen=True)
class Pointwise:
    """Values [N] by name, float32, nan if not computed; `how` describes the computation in words."""

    values: dict[str, NDArray[np.float32]]
    how: str

    @property
    def computed(self) -> int:
        """The number of examples with values."""
        return int(np.isfinite(next(iter(self.values.values()))).sum())


def mark(run: Run) -> str:
    """Return the hash of the run's weights and codes, the cache's key."""
    parts = [hashlib.sha256((run.path / name).read_bytes()).digest() for name in FILES if (run.path / name).is_file()]
    return hashlib.sha256(VERSION.encode() + b"".join(parts)).hexdigest()[:16]


def file(mark: str, names: tuple[str, ...]) -> Path:
    """Return the path of the cached values `names` of the run with hash `mark`."""
    return data_root() / "pointwise" / f"{mark}-{names[0]}.npz"


def keep(run: Run, names: tuple[str, ...], found: Pointwise) -> None:
    """Cache values for all users of this machine."""
    path = file(mark(run), names)
    path.parent.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, how=np.array(found.how), **found.values)
    files.write(path, buffer.getvalue())


def kept(mark: str, names: tuple[str, ...], n: int) -> Pointwise | None:
    """Return the cached values of n codes, or None if there are none or they are damaged."""
    try:
        with np.load(file(mark, names), allow_pickle=False) as arrays:
            how = str(arrays["how"])
            values = {name: arrays[name] for name in names if name in arrays.files}
    except Exception:  # numpy and zipfile have no common base class for damage
        return None
    fits = bool(values) and all(v.shape == (n,) and v.dtype == np.float32 for v in values.values())
    return Pointwise(values, how) if fits and any(np.isfinite(v).any() for v in values.values()) else None
