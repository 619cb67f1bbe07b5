"""Write prepared data into a folder, by blocks: examples.npy, labels.npy, meta.json. It appears whole or not at all."""

import hashlib
import json
import math
import os
import shutil
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from vae.data.own import limits, names
from vae.data.own.content import OwnDataError
from vae.data.own.prepared import Prepared
from vae.data.own.reader import files_of
from vae.data.own.vectors import blocks
from vae.data.sandbox import Report

VERSION = 1
BLOCK = 1 << 20


def silent(what: str, done: int, of: int) -> None:
    """Report nothing."""


def checksum(path: Path) -> str:
    """Return the SHA-256 of a file, or of a folder's files with their names."""
    made = hashlib.sha256()
    for file in files_of(path) if path.is_dir() else [path]:
        if path.is_dir():
            made.update(f"{file.relative_to(path)}\0{file.stat().st_size}\0".encode(errors="replace"))
        with file.open("rb") as stream:
            while block := stream.read(BLOCK):
                made.update(block)
    return made.hexdigest()


def write(prepared: Prepared, folder: Path, about: Mapping[str, Any], progress: Report = silent) -> dict[str, Any]:
    """Write data into an empty folder and return its description, which meta.json holds; raises OwnDataError.

    The examples lie in the order train, valid, test, and within each in the order of the file.
    """
    dtype = np.dtype(np.uint8 if len(prepared.shape) == 3 else np.float32)
    sizes = prepared.sizes
    total, row = sum(sizes), math.prod(prepared.shape) * dtype.itemsize
    if total * row > limits.KEPT:
        raise OwnDataError(
            f"{total:,} examples of {row:,} bytes take {total * row / limits.GB:.1f} GB, and at most "
            f"{limits.KEPT // limits.GB} GB are kept. Use fewer or smaller examples."
        )
    free = shutil.disk_usage(folder).free
    if total * row > free - limits.GB // 2:
        raise OwnDataError(
            f"The disk has {free / limits.GB:.1f} GB free, and {total * row / limits.GB:.1f} GB are needed."
        )
    binary = _write_examples(prepared, folder / names.EXAMPLES, dtype, progress)
    if prepared.labels is not None:
        labels = np.concatenate([prepared.labels[prepared.keep & (prepared.parts == part)] for part in range(3)])
        np.save(folder / names.LABELS, labels.astype(np.int64), allow_pickle=False)
    progress("checksums", 0, 1)
    files = [name for name in (names.EXAMPLES, names.LABELS) if (folder / name).is_file()]
    meta = {
        "version": VERSION,
        **about,
        "form": prepared.form,
        "shape": list(prepared.shape),
        "levels": prepared.levels,
        "binary": binary,
        "sizes": list(sizes),
        "seed": prepared.seed,
        "classes": list(prepared.classes),
        "columns": prepared.columns,
        "lines": None if prepared.lines is None else list(prepared.lines),
        "conversions": prepared.done,
        "found": [choice.to_json() for choice in prepared.found],
        "sha256": {name: checksum(folder / name) for name in files},
        "created": time.time(),
    }
    (folder / names.META).write_text(json.dumps(meta, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return meta


def _write_examples(prepared: Prepared, path: Path, dtype: np.dtype[Any], progress: Report) -> bool:
    """Write the examples, and return whether all their pixels are black or white."""
    n, total = len(prepared.keep), sum(prepared.sizes)
    starts = np.cumsum([0, *prepared.sizes])[:3]
    binary = dtype == np.uint8
    with path.open("xb") as file:
        header = {
            "descr": np.lib.format.dtype_to_descr(dtype),
            "fortran_order": False,
            "shape": (total, *prepared.shape),
        }
        np.lib.format.write_array_header_1_0(file, header)
        begin, row = file.tell(), math.prod(prepared.shape) * dtype.itemsize
        for start, stop in blocks(n, math.prod(prepared.shape)):
            block = np.ascontiguousarray(prepared.convert(start, stop), dtype)
            if dtype == np.float32 and not np.isfinite(block).all():
                wrong = start + int(np.flatnonzero(~np.isfinite(block).all(1))[0])
                raise OwnDataError(f"Example {wrong:,} holds a number that is too large to keep. Correct the file.")
            binary = binary and bool(((block == 0) | (block == prepared.levels)).all())
            for part in range(3):
                chosen = block[prepared.keep[start:stop] & (prepared.parts[start:stop] == part)]
                file.seek(begin + int(starts[part]) * row)
                file.write(chosen.tobytes())
                starts[part] += len(chosen)
            progress("examples", stop, n)
        file.flush()
        os.fsync(file.fileno())
    return binary


@contextmanager
def making(root: Path) -> Iterator[Path]:
    """Give a folder to write into that is removed whatever happens; `appear` moves it to its name before."""
    names.folder(root).mkdir(parents=True, exist_ok=True)
    place = names.folder(root) / f"{names.MAKING}{uuid.uuid4().hex}"
    place.mkdir()
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def appear(made: Path, name: str, root: Path) -> Path:
    """Move complete data to their name in one step; raises OwnDataError if the name was taken meanwhile."""
    target = names.folder(root) / name
    try:
        os.rename(made, target)
    except OSError as error:
        raise OwnDataError(f"There is a dataset “{name}” already. Choose another name.") from error
    return target
