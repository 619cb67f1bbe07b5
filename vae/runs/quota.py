"""What visitors may keep on a shared machine: runs, and bytes of runs and own data, each and all together."""

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vae.data import own as own_data
from vae.runs import files, folders
from vae.runs.run import RunError

LOCAL = "local"  # the owner of what was made without a browser, whose machine it is
GB = 10**9
FREE = 0.5  # GB of the disk that stay free: a checkpoint that cannot be written ends a run


class QuotaError(RunError):
    """One run more would be too much; the message says of what, and how to make room."""


@dataclass(frozen=True)
class Limits:
    """The most runs and bytes of one visitor, and of all together; each setting is its name in the environment."""

    runs: float
    size: float
    all_runs: float
    all_size: float


SETTINGS = {  # name in the environment -> default
    "LATENT_RUNS": 50.0,
    "LATENT_GB": 2.0,
    "LATENT_ALL_RUNS": 1000.0,
    "LATENT_ALL_GB": 50.0,
}


def limits() -> Limits:
    """Return the limits; a setting that is no number above 0 has its default."""
    found = []
    for name, usual in SETTINGS.items():
        asked = usual
        with suppress(ValueError):
            asked = float(os.environ.get(name, usual))
        found.append(asked if asked > 0 else usual)
    runs, size, all_runs, all_size = found
    return Limits(runs, size * GB, all_runs, all_size * GB)


def check(owner: str, more: int = 1, size: int = 0) -> None:
    """Raise QuotaError if the owner may not have so many runs more, of so many bytes together.

    Whose machine it is needs room on the disk alone.
    """
    root = folders.user_runs()
    _check_disk(size)
    if owner == LOCAL:
        return
    most, kept = limits(), list(_kept(root))
    own = [path for path, whose in kept if whose == owner]
    if len(own) + more > most.runs:
        if more == 1:
            raise QuotaError(f"You have {len(own)} runs, and {most.runs:g} are kept for each visitor. {ROOM}")
        raise QuotaError(
            f"You have {len(own)} runs and want {more} more, and {most.runs:g} are kept for each visitor. {ROOM}"
        )
    if len(kept) + more > most.all_runs:
        if more == 1:
            raise QuotaError(f"There are {len(kept)} runs here, and {most.all_runs:g} are kept. {ROOM}")
        raise QuotaError(
            f"There are {len(kept)} runs here and you want {more} more, and {most.all_runs:g} are kept. {ROOM}"
        )
    _check_size(owner, kept, most, size)


def check_data(owner: str, more: int) -> None:
    """Raise QuotaError if the owner may not keep own data of so many more bytes; they count together with the runs."""
    _check_disk()
    if owner != LOCAL:
        _check_size(owner, list(_kept(folders.user_runs())), limits(), more)


def _check_disk(more: int = 0) -> None:
    root = folders.user_runs()
    free = shutil.disk_usage(next(path for path in (root, *root.parents) if path.exists())).free
    if free - more < FREE * GB:
        if not more:
            raise QuotaError(
                f"The disk has {free / GB:.1f} GB free, and {FREE} GB stay free for the runs that train. Delete "
                "runs, or give LATENT_DATA a folder on another disk."
            )
        raise QuotaError(
            f"The disk has {free / GB:.1f} GB free, this takes up to {more / GB:.1f} GB, and {FREE} GB stay free for "
            "the runs that train. Delete runs, or give LATENT_DATA a folder on another disk."
        )


def _check_size(owner: str, kept: list[tuple[Path, str]], most: Limits, more: int = 0) -> None:
    """Raise QuotaError if runs and own data, with so many bytes more, take more than is kept."""
    places = [*kept, *((source.path, source.owner) for source in own_data.every())]
    sizes = [(size(path), whose) for path, whose in places]
    if (mine := more + sum(taken for taken, whose in sizes if whose == owner)) >= most.size:
        raise QuotaError(
            f"Your runs and data take {mine / GB:.1f} GB, and {most.size / GB:g} GB are kept for each visitor. {ROOM}"
        )
    if (total := more + sum(taken for taken, _ in sizes)) >= most.all_size:
        raise QuotaError(
            f"All runs and data take {total / GB:.1f} GB, and {most.all_size / GB:g} GB are kept here. {ROOM}"
        )


ROOM = "Delete runs on Models (download them as zips before), or data on Open, to make room."


def _kept(root: Path) -> Iterator[tuple[Path, str]]:
    """Yield each run's folder and owner; those in the trash are gone."""
    with suppress(OSError):
        for path in root.iterdir():
            if not path.name.startswith(".") and path.is_dir():
                meta: Any = {}
                with suppress(OSError, ValueError):
                    meta = files.read_json(path / "meta.json")
                yield path, str(meta.get("owner", "")) if isinstance(meta, dict) else ""


def size(path: Path) -> int:
    """Return the bytes of all files in a folder; links are not followed."""
    total = 0
    with suppress(OSError), os.scandir(path) as entries:
        for entry in entries:
            with suppress(OSError):
                if entry.is_dir(follow_symlinks=False):
                    total += size(Path(entry.path))
                else:
                    total += entry.stat(follow_symlinks=False).st_size
    return total
