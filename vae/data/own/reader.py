"""What a reader of files is, and the guards that several of them share."""

import gzip
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from vae.data.own import limits
from vae.data.own.content import Content, OwnDataError

Chosen = Mapping[str, Any]
HEAD = 4096  # bytes that tell what a file is
SKIPPED = ("__MACOSX", "Thumbs.db", "desktop.ini")
PIP = "pip install 'latent-space-explorer[{}]'"


class Stream(Protocol):
    """What bytes are read from."""

    def read(self, size: int, /) -> bytes:
        """Return at most so many bytes, none at the end."""


@dataclass(frozen=True)
class Reader:
    """One kind of file: its title, the suffixes it usually has, and how it is recognised and read.

    `recognises(path, head)` looks at the content: `head` are a file's first bytes, b"" for a folder. `read(path,
    scratch, chosen)` returns what it holds, or the path of what it was unpacked to, which is then read as what it is;
    `scratch` is a folder for that, and `chosen` are corrections by name. `extra` names the optional dependency that
    it needs, with the module that is looked for.
    """

    title: str
    suffixes: tuple[str, ...]
    recognises: Callable[[Path, bytes], bool]
    read: Callable[[Path, Path, Chosen], "Content | Path"]
    extra: tuple[str, str] | None = None

    def require(self) -> None:
        """Raise OwnDataError, with the line that installs it, if what it needs is missing."""
        if self.extra is not None and find_spec(self.extra[1]) is None:
            raise OwnDataError(
                f"{self.title} files are read by {self.extra[1]}, which is not installed here: "
                f"`{PIP.format(self.extra[0])}`, then open the file again."
            )


def head(path: Path) -> bytes:
    """Return a file's first bytes, b"" for a folder."""
    if path.is_dir():
        return b""
    with path.open("rb") as file:
        return file.read(HEAD)


def files_of(folder: Path) -> list[Path]:
    """Return the files in a folder and its folders, sorted; raises OwnDataError for links and for too many."""
    found: list[Path] = []
    stack = [(folder, 0)]
    while stack:
        place, depth = stack.pop()
        if depth > limits.DEPTH:
            raise OwnDataError(f"{place.name} lies more than {limits.DEPTH} folders deep. Make the folders flatter.")
        for path in place.iterdir():
            if path.name.startswith(".") or path.name in SKIPPED:
                continue
            if path.is_symlink():
                raise OwnDataError(f"{path.name} is a link, which may point anywhere. Put the file itself there.")
            if path.is_dir():
                stack.append((path, depth + 1))
            elif path.is_file():
                found.append(path)
        if len(found) > limits.MEMBERS:
            raise OwnDataError(f"There are more than {limits.MEMBERS:,} files. Use fewer, or one .npz file.")
    return sorted(found, key=lambda path: path.parts)


def copy_bounded(source: Stream, target: Path, most: int, name: str) -> int:
    """Write a stream into a new file and return its bytes; raises OwnDataError beyond `most`, whatever was declared."""
    total = 0
    with target.open("xb") as file:
        while block := source.read(1 << 20):
            total += len(block)
            if total > most:
                raise OwnDataError(
                    f"{name} unpacks to more than {most / limits.GB:.1f} GB, which is more than is read. Unpack it "
                    "yourself and keep a part of it."
                )
            file.write(block)
    return total


def unzipped(path: Path, scratch: Path) -> Path:
    """Return a file that gzip has packed, unpacked into the scratch folder; raises OwnDataError."""
    target = scratch / (path.name.removesuffix(".gz") or "unpacked")
    most = min(limits.UNPACKED, limits.RATIO * path.stat().st_size + limits.MB)
    try:
        with gzip.open(path) as packed:
            copy_bounded(packed, target, most, path.name)
    except (OSError, EOFError, zlib.error) as error:
        raise OwnDataError(f"{path.name} cannot be unpacked: {error}. Pack it again.") from error
    return target


def plain_numbers(array: Any, name: str) -> Any:
    """Return an array of numbers or texts; raises OwnDataError for Python objects, which only unpickling could read."""
    dtype = np.dtype(array.dtype)
    if dtype.hasobject:
        raise OwnDataError(
            f"“{name}” holds Python objects, and reading them could run any code. Save it as numbers: "
            "`np.save(file, np.asarray(values, dtype=np.float32))`."
        )
    if dtype.kind == "c":
        raise OwnDataError(f"“{name}” holds complex numbers. Save the real and imaginary parts as two columns.")
    if dtype.kind not in "biufUS":
        raise OwnDataError(f"“{name}” holds {dtype}, and numbers are needed. Save it as numbers.")
    return array


def named(names: Iterable[str]) -> Iterator[str]:
    """Yield names that are cut to what fits on a page, each once."""
    seen: set[str] = set()
    for name in names:
        short = name[: limits.TEXT_NAME] or "unnamed"
        made, k = short, 2
        while made in seen:
            made, k = f"{short} {k}", k + 1
        seen.add(made)
        yield made
