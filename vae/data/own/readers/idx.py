"""idx files, MNIST's format: one file, or a folder with images and labels, and train and t10k of each."""

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vae.data.own.content import Content, OwnDataError
from vae.data.own.reader import Chosen, Reader, files_of, head, unzipped
from vae.data.own.splits_given import joined

TYPES = {8: ">u1", 9: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
DEEPEST = 8  # dimensions
GZIP = b"\x1f\x8b"


def mapped(path: Path) -> NDArray[Any]:
    """Return an idx file as a memory map; raises OwnDataError if its size is not what its header says.

    Source: Y. LeCun's description of the format: two zero bytes, type, rank, big-endian sizes, then the values.
    """
    first = head(path)
    shape = tuple(int(k) for k in np.frombuffer(first, ">u4", first[3], 4))
    dtype, start = np.dtype(TYPES[first[2]]), 4 + 4 * first[3]
    needed, there = math.prod(shape) * dtype.itemsize, path.stat().st_size - start
    if needed != there or not needed:
        raise OwnDataError(
            f"{path.name} says that it holds {list(shape)} values, {needed:,} bytes, and has {there:,}. It was cut "
            "short: copy it again."
        )
    return np.memmap(path, dtype, "r", start, shape)


def is_idx(first: bytes) -> bool:
    """Return whether a file begins as an idx file."""
    return len(first) > 8 and first[:2] == b"\0\0" and first[2] in TYPES and 0 < first[3] <= DEEPEST


def _packed(file: Path) -> bool:
    """Return whether a file is an idx file that gzip has packed, by its name: its content is unpacked to be sure."""
    return file.suffix == ".gz" and "idx" in file.name and head(file).startswith(GZIP)


def _read(path: Path, scratch: Path, chosen: Chosen) -> Content:
    if path.is_file():
        return joined("idx", {path.stem: mapped(path)})
    found: dict[str, NDArray[Any]] = {}
    for file in files_of(path):
        plain = unzipped(file, scratch) if _packed(file) else file
        first = head(plain)
        if is_idx(first):
            kind = "labels" if first[3] == 1 else "images"
            found[f"{kind}_{plain.name.split('-')[0].split('_')[0]}"] = mapped(plain)
    return joined("idx", found)


def _recognises(path: Path, first: bytes) -> bool:
    if path.is_dir():
        return any(is_idx(head(file)) or _packed(file) for file in files_of(path)[:20])
    return is_idx(first)


IDX = Reader("idx (MNIST's format)", (".idx", "-ubyte"), _recognises, _read)
