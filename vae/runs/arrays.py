"""Read .npz files that somebody else may have made: whatever is wrong with one is a ValueError with the reason."""

import zipfile
import zlib
from pathlib import Path

import numpy as np

from vae.spec.fields import LARGEST_LABEL

MOST_BYTES = 2**30  # of all arrays of a file, unpacked: a million codes of sixty dimensions take half of it
DAMAGE = (
    OSError, ValueError, KeyError, EOFError, IndexError, TypeError, MemoryError, OverflowError, AttributeError,
    zipfile.BadZipFile, zlib.error, NotImplementedError,
)  # fmt: skip


def read(path: Path) -> dict[str, np.ndarray]:
    """Return the arrays of a .npz file; raises FileNotFoundError, and ValueError for a damaged or too large file."""
    try:
        with open(path, "rb") as file, zipfile.ZipFile(file) as packed:
            size = sum(entry.file_size for entry in packed.infolist())
        if size > MOST_BYTES:
            raise ValueError(f"its arrays have {size:,} bytes, and at most {MOST_BYTES:,} are read")
        with np.load(path, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except FileNotFoundError:
        raise
    except DAMAGE as error:
        raise ValueError(str(error) or type(error).__name__) from error


def numbers(array: np.ndarray | None, name: str, shape: tuple[int | None, ...]) -> np.ndarray | None:
    """Return an array of finite floats of that shape (None: any length), or None; raises ValueError."""
    if array is None:
        return None
    fits = array.ndim == len(shape) and all(n in (None, m) for n, m in zip(shape, array.shape, strict=True))
    if not fits or array.dtype.kind != "f":
        expected = ", ".join("N" if n is None else str(n) for n in shape)
        raise ValueError(f"{name} are {list(array.shape)} of {array.dtype}, expected floats [{expected}]")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} hold NaN or infinity")
    return array


def labels(array: np.ndarray | None, n: int) -> np.ndarray | None:
    """Return labels [n], or None; raises ValueError, also for large ones, since memory is taken for each class."""
    if array is None:
        return None
    if array.shape != (n,) or array.dtype.kind not in "iu":
        raise ValueError(f"labels are {list(array.shape)} of {array.dtype}, expected whole numbers [{n}]")
    if n and not 0 <= int(array.min()) <= int(array.max()) <= LARGEST_LABEL:
        low, high = int(array.min()), int(array.max())
        raise ValueError(f"labels go from {low:,} to {high:,}, and a label lies between 0 and {LARGEST_LABEL:,}")
    return array


def words(array: np.ndarray | None, name: str) -> tuple[str, ...]:
    """Return an array's words, none for no array; raises ValueError."""
    if array is None or array.shape == (0,):  # numpy writes no words as no numbers
        return ()
    if array.ndim != 1 or array.dtype.kind != "U" or len(array) > LARGEST_LABEL + 1:
        raise ValueError(f"{name} are {list(array.shape)} of {array.dtype}, expected at most {LARGEST_LABEL:,} words")
    found = tuple(str(word) for word in array)
    "".join(found).encode()  # half of a surrogate pair cannot be written, and says so
    return found
