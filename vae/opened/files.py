"""What was given to open, as a folder of files: a file, several files, a folder, or a zip, unpacked within bounds."""

import os
import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from vae.opened.errors import OpenError

MOST_FILES = 2000
LARGEST_TOTAL = 4 * 2**30  # bytes, unpacked
LARGEST_RATIO = 200  # of unpacked to packed bytes of one file that is larger than a megabyte
DEEPEST = 12
# what zipfile raises for a damaged archive; NotImplementedError is of a version or a compression that nobody has
DAMAGED = (
    zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError, ValueError
)  # fmt: skip


def listing(folder: Path) -> list[Path]:
    """Return the plain files of a folder and of those in it, without links and hidden ones; raises OpenError."""
    found: list[Path] = []
    for root, folders, names in os.walk(folder, followlinks=False):
        folders[:] = sorted(f for f in folders if not f.startswith((".", "__MACOSX")))
        for name in sorted(names):
            path = Path(root) / name
            if not name.startswith(".") and stat.S_ISREG(path.lstat().st_mode):
                found.append(path)
            if len(found) > MOST_FILES:
                raise OpenError(f"This folder holds more than {MOST_FILES:,} files. Open the folder of one model.")
    return found


def is_zip(path: Path) -> bool:
    """Return whether a file is a zip archive of files, by its content; PyTorch's own files are such archives too."""
    return path.is_file() and zipfile.is_zipfile(path)


def is_arrays(path: Path) -> bool:
    """Return whether a file is a zip of arrays, as numpy saves them."""
    if not is_zip(path):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()[:MOST_FILES]
    except DAMAGED:
        return False
    return bool(names) and all(name.endswith(".npy") for name in names)


def has_entries(path: Path, *entries: str) -> bool:
    """Return whether a zip archive holds all these entries (or folders, "code/") within its one folder."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()[:MOST_FILES]
    except DAMAGED:
        return False
    inner = [name.partition("/")[2] for name in names]
    return all(any(n == e or (e.endswith("/") and n.startswith(e)) for n in inner) for e in entries)


def is_torch_archive(path: Path) -> bool:
    """Return whether a zip archive is a file of torch.save, torch.jit or torch.export."""
    return any(has_entries(path, entry) for entry in ("data.pkl", "constants.pkl", "archive_format"))


def unpack(path: Path, folder: Path) -> Path:
    """Unpack a zip into an empty folder, and return the folder of its files; raises OpenError, with what it refuses."""
    try:
        with zipfile.ZipFile(path) as archive:
            _check(archive.infolist())
            left = LARGEST_TOTAL
            for entry in archive.infolist():
                if entry.is_dir():
                    continue
                target = folder.joinpath(*PurePosixPath(entry.filename).parts)
                target.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(entry) as source, open(target, "xb") as file:
                    while block := source.read(1 << 20):
                        left -= len(block)
                        if left < 0:
                            raise OpenError("This archive is larger than it says. It is not unpacked.")
                        file.write(block)
    except DAMAGED as error:
        raise OpenError(f"This archive cannot be unpacked: {error}. Pack the folder again as a zip.") from error
    inner = [f for f in folder.iterdir() if f.name != "__MACOSX" and not f.name.startswith(".")]
    return inner[0] if len(inner) == 1 and inner[0].is_dir() else folder


def _check(entries: list[zipfile.ZipInfo]) -> None:
    """Raise OpenError for an archive that is too large, or names a place outside of itself, or holds links."""
    if len(entries) > MOST_FILES:
        raise OpenError(f"This archive holds more than {MOST_FILES:,} files. Pack the folder of one model.")
    if sum(e.file_size for e in entries) > LARGEST_TOTAL:
        raise OpenError(f"This archive would take more than {LARGEST_TOTAL // 2**30} GB. Pack only the model.")
    for entry in entries:
        name, parts = entry.filename, PurePosixPath(entry.filename).parts
        outside = name.startswith(("/", "\\")) or ".." in parts or "\\" in name or "\0" in name or ":" in name
        if outside or len(parts) > DEEPEST or any(len(part.encode()) > 200 for part in parts):
            raise OpenError(f"This archive holds {name[:60]!r}, a place outside of its folder. It is not unpacked.")
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise OpenError(f"This archive holds a link, {name[:60]!r}. Pack the file itself.")
        if entry.file_size > 2**20 and entry.file_size > LARGEST_RATIO * max(entry.compress_size, 1):
            raise OpenError(
                f"{name[:60]!r} in this archive unpacks to {LARGEST_RATIO} times its size or more, as an attack does. "
                "Pack it without compression."
            )
