"""NumPy's .npy and .npz: arrays as memory maps; those of an archive are unpacked once into the scratch folder."""

import math
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vae.data.own import limits
from vae.data.own.content import Content, OwnDataError
from vae.data.own.reader import Chosen, Reader, copy_bounded, plain_numbers
from vae.data.own.splits_given import joined

MAGIC = b"\x93NUMPY"
COPIED = 512 << 20  # bytes of an array in column order up to which a copy brings it into the order of rows


def mapped(path: Path, name: str) -> NDArray[Any]:
    """Return a .npy file as a memory map; raises OwnDataError if it is damaged or holds objects."""
    try:
        with path.open("rb") as file:
            version = np.lib.format.read_magic(file)
            read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
            shape, fortran, dtype = read(file)
            start = file.tell()
    except (ValueError, EOFError, OSError, SyntaxError, RecursionError, TypeError) as error:
        raise OwnDataError(f"“{name}” is no whole .npy file: {str(error)[:200]}. Save it again.") from error
    plain_numbers(np.empty(0, dtype), name)
    if not shape:
        return np.empty(0, dtype)
    needed, there = math.prod(shape) * dtype.itemsize, path.stat().st_size - start
    if needed > there or any(size < 0 for size in shape):
        raise OwnDataError(
            f"“{name}” says that it holds {list(shape)} values of {dtype}, {needed:,} bytes, and has {there:,}. It was "
            "cut short: save or copy it again."
        )
    if needed == 0:
        return np.empty(shape, dtype)
    made = np.memmap(path, dtype, "r", start, shape, "F" if fortran else "C")
    return np.ascontiguousarray(made) if fortran and needed <= COPIED else made


def _npy(path: Path, scratch: Path, chosen: Chosen) -> Content:
    return joined("NumPy array", {path.stem: mapped(path, path.name)})


def _npz(path: Path, scratch: Path, chosen: Chosen) -> Content:
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if len(members) > limits.ARRAYS:
                raise OwnDataError(f"It has {len(members):,} arrays, and at most {limits.ARRAYS} are read.")
            arrays, left = {}, min(limits.UNPACKED, limits.RATIO * path.stat().st_size + limits.MB)
            for k, member in enumerate(members):
                name = member.filename.removesuffix(".npy")
                target = scratch / f"array{k}.npy"
                with archive.open(member) as source:
                    left -= copy_bounded(source, target, left, path.name)
                arrays[name] = mapped(target, name)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError) as error:
        raise OwnDataError(f"{path.name} cannot be unpacked: {error}. Save it again.") from error
    return joined("NumPy archive", {name: array for name, array in arrays.items() if array.ndim and array.size})


def _is_npz(path: Path, head: bytes) -> bool:
    if not head.startswith(b"PK\x03\x04"):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError):
        return False
    return bool(names) and all(name.endswith(".npy") for name in names)


NPY = Reader("NumPy array", (".npy",), lambda path, head: head.startswith(MAGIC), _npy)
NPZ = Reader("NumPy archive", (".npz",), _is_npz, _npz)
