"""Zip and tar archives, unpacked under guard into the scratch folder, and folders that hold one file to read."""

import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from vae.data.own import limits
from vae.data.own.content import OwnDataError
from vae.data.own.reader import SKIPPED, Chosen, Reader, copy_bounded, files_of

Member = tuple[str, int, IO[bytes] | None]  # name, declared bytes, and the content of a plain file
DAMAGED = (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError)


def _zip_members(path: Path) -> Iterator[Member]:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            if info.flag_bits & 1:
                raise OwnDataError(f"{path.name} is locked with a password. Pack it without one.")
            if info.is_dir():
                continue
            if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG):
                yield info.filename, 0, None
                continue
            with archive.open(info) as content:
                yield info.filename, info.file_size, content


def _tar_members(path: Path) -> Iterator[Member]:
    with tarfile.open(path, "r:") as archive:
        for info in archive:
            if not info.isdir():
                yield info.name, info.size, archive.extractfile(info) if info.isreg() else None


def _place(name: str, root: Path, archive: str) -> Path | None:
    """Return where a member is unpacked, None for what is left out; raises OwnDataError for a path that leads away."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    if not parts or parts[0] == "/" or ".." in parts or ":" in parts[0] or "\0" in name:
        raise OwnDataError(f"{archive} holds the path “{name[:80]}”, which leads out of its folder. Pack it again.")
    if len(parts) > limits.DEPTH + 1:
        raise OwnDataError(f"{archive} has folders more than {limits.DEPTH} deep. Make them flatter.")
    if any(part.startswith(".") or part in SKIPPED for part in parts):
        return None
    if any(len(part.encode(errors="replace")) > 250 for part in parts):
        raise OwnDataError(f"{archive} holds a name longer than 250 bytes, “{name[:60]}…”. Rename it.")
    return root.joinpath(*parts)


def _unpack(path: Path, members: Iterator[Member], scratch: Path) -> Path:
    """Unpack an archive into the scratch folder; raises OwnDataError for bombs, links and paths that lead away."""
    root = scratch / "unpacked"
    root.mkdir()
    most = min(limits.UNPACKED, limits.RATIO * path.stat().st_size + limits.MB)
    left = most
    try:
        for count, (name, size, content) in enumerate(members, 1):
            if count > limits.MEMBERS:
                raise OwnDataError(f"{path.name} holds more than {limits.MEMBERS:,} files. Use fewer.")
            if content is None:
                raise OwnDataError(
                    f"{path.name} holds “{name[:80]}”, which is a link or a device and no file. Pack the files "
                    "themselves."
                )
            if size > left:
                raise OwnDataError(
                    f"{path.name} would unpack to more than {most / limits.GB:.2f} GB, which is more than is read. "
                    "Unpack it yourself and keep a part of it."
                )
            place = _place(name, root, path.name)
            if place is not None:
                place.parent.mkdir(parents=True, exist_ok=True)
                left -= copy_bounded(content, place, left, path.name)
    except FileExistsError as error:
        raise OwnDataError(f"{path.name} holds two files of one name. Pack it again.") from error
    except DAMAGED as error:
        raise OwnDataError(f"{path.name} cannot be unpacked: {error}. Pack it again.") from error
    while len(inside := list(root.iterdir())) == 1 and inside[0].is_dir():
        root = inside[0]  # the folder that was packed
    return root


def _only_file(path: Path, scratch: Path, chosen: Chosen) -> Path:
    """Return the one file of a folder that no other reader reads."""
    files = files_of(path)
    if not files:
        raise OwnDataError(f"{path.name} holds no file. Give a folder with images.")
    if len(files) > 1:
        kinds = ", ".join(sorted({file.suffix.lower() or "no suffix" for file in files})[:6])
        raise OwnDataError(
            f"{path.name} holds {len(files):,} files ({kinds}), and they are neither images, nor idx files, nor a "
            "saved dataset. Give one file, or a folder of images."
        )
    return files[0]


ZIP = Reader(
    "zip archive",
    (".zip",),
    lambda path, head: head.startswith((b"PK\x03\x04", b"PK\x05\x06")),
    lambda path, scratch, chosen: _unpack(path, _zip_members(path), scratch),
)
TAR = Reader(
    "tar archive",
    (".tar",),
    lambda path, head: head[257:262] == b"ustar",
    lambda path, scratch, chosen: _unpack(path, _tar_members(path), scratch),
)
FOLDER = Reader("folder", (), lambda path, head: path.is_dir(), _only_file)
