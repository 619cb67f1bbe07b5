"""Own data as a dataset like the others: described by its meta.json, its arrays mapped from the disk."""

import json
import math
import os
import re
import shutil
import uuid
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from vae.data.dataset import DataError, Description, Examples
from vae.data.own import limits, names
from vae.data.own.layouts import IMAGE
from vae.data.root import data_root
from vae.data.sources import Root, StoredSource

LARGEST = 64 << 20  # bytes of meta.json
LARGE = 32  # pixels of a side from which convolutions suit images better
OWN = "own data"
ASIDE = re.compile(re.escape(names.MAKING) + "[0-9a-f]{32}")
NAMES = {"images": ("image", "images"), "series": ("series", "series"), "vectors": ("row", "rows")}


class OwnSource(StoredSource):
    """A stored dataset: a folder with examples.npy, labels.npy (if there are labels) and meta.json."""

    def __init__(self, path: Path, meta: dict[str, Any]) -> None:
        self.path, self.meta = path, meta
        self.about = _described(path.name, meta)

    @property
    def owner(self) -> str:
        """Who brought the data."""
        return str(self.meta.get("owner", ""))

    def available(self, root: Root = None) -> bool:
        """Return whether the arrays are there."""
        return (self.path / names.EXAMPLES).is_file()

    def read(self, split: str, root: Path) -> Examples:
        """Return a split as memory maps; raises DataError if a file is damaged."""
        part, total = self.about.part(split), sum(self.about.sizes)
        try:
            images = np.load(self.path / names.EXAMPLES, mmap_mode="r", allow_pickle=False)
            labels = None
            if self.about.classes:
                labels = np.load(self.path / names.LABELS, allow_pickle=False)
            if len(images) != total or (labels is not None and len(labels) != total):
                raise ValueError(f"it holds {len(images):,} examples, and its description says {total:,}")
        except (OSError, ValueError, EOFError) as error:
            raise DataError(
                f"The data “{self.about.name}” are damaged: {error}. Remove them (`python -m vae data remove "
                f"{self.about.name}`) and add them again."
            ) from error
        return Examples(images[part], None if labels is None else labels[part])


def _described(name: str, meta: dict[str, Any]) -> Description:
    shape, sizes = tuple(int(k) for k in meta["shape"]), tuple(int(k) for k in meta["sizes"])
    if len(sizes) != 3 or len(shape) not in (1, 3) or min(*shape, *sizes) < 1 or math.prod(shape) > limits.VALUES:
        raise ValueError("its shape or sizes are none")
    form, origin = str(meta["form"]), meta.get("origin") or {}
    file = str(origin.get("file", "")) if isinstance(origin, dict) else ""
    one, many = NAMES.get(form, ("example", "examples"))
    lines = meta.get("lines")
    sentence = f"{sum(sizes):,} {many} of your own"
    return Description(
        name=name,
        title=str(meta.get("title") or name)[:120],
        sentence=f"{sentence}, from {file[:60]}." if file else f"{sentence}.",
        shape=shape,
        sizes=(sizes[0], sizes[1], sizes[2]),
        source=OWN,
        classes=tuple(str(word) for word in meta.get("classes", ())),
        levels=int(meta["levels"]),
        binary=bool(meta["binary"]),
        settings=settings(form, shape, sizes[0]),
        example=one,
        examples=many,
        columns=tuple(meta.get("columns") or ()),
        lines=None if lines is None else (int(lines[0]), int(lines[1])),
    )


def settings(form: str, shape: tuple[int, ...], n: int) -> dict[str, Any]:
    """Return the spec entries that suit such data: a network of a fitting size, and a likelihood that covers them."""
    found: dict[str, Any] = {"batch": 64} if n < 4_000 else {}
    if n > 10_000:
        found["size"] = 10_000
    if form != IMAGE:
        widths = [128, 64] if shape[0] > 32 else [64, 32]
        return found | {
            "encoder": {"kind": "mlp", "widths": widths},
            "likelihood": {"kind": "normal", "sigma": "shared"},
            "binarisation": "none",
        }
    side = min(shape[1:])
    if side > LARGE or (shape[0] > 1 and side >= 16):
        channels = [16, 32, 64] if side <= 48 else [16, 32, 64, 64] if side <= 96 else [16, 32, 32, 64, 64]
        found["encoder"] = {"kind": "conv", "channels": channels, "hidden": 128}
    elif side < 16:
        found["encoder"] = {"kind": "mlp", "widths": [128, 64]}
    if shape[0] > 1:
        found |= {"likelihood": {"kind": "normal", "sigma": "shared"}, "binarisation": "none"}
    return found


@lru_cache(maxsize=256)
def _read(path: Path, changed: int) -> OwnSource | None:
    try:
        text = (path / names.META).read_bytes()
        if len(text) > LARGEST:
            return None
        return OwnSource(path, json.loads(text))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def find(name: str, root: Root = None) -> OwnSource | None:
    """Return own data by name, None if there are none that can be read."""
    path = names.folder(root) / name
    if not names.NAME.fullmatch(name):
        return None
    try:
        return _read(path, (path / names.META).stat().st_mtime_ns)
    except OSError:
        return None


def every(root: Root = None) -> list[OwnSource]:
    """Return all own data, in the order of their names."""
    found: list[str] = []
    with suppress(OSError):
        found = sorted(path.name for path in names.folder(root).iterdir())
    return [source for name in found if (source := find(name, root)) is not None]


def remove(name: str, root: Root = None) -> None:
    """Delete own data; raises DataError if there are none of that name. What trains on them goes on."""
    forget(set_aside(name, root), root)


def set_aside(name: str, root: Root = None) -> str:
    """Take own data away and return their place, from which `restore` brings them back until it is swept.

    Raises DataError if there are none of that name.
    """
    base = data_root() if root is None else Path(root)
    path = names.folder(base) / name
    if not names.NAME.fullmatch(name) or not path.is_dir():
        raise DataError(f"There are no data “{name[:60]}” of your own here. `python -m vae data list` lists them.")
    gone = path.with_name(f"{names.MAKING}{uuid.uuid4().hex}")
    path.rename(gone)
    os.utime(gone)  # what is not finished is swept by its age
    return gone.name


def restore(place: str, name: str, root: Root = None) -> None:
    """Bring own data back from where they were set aside; raises DataError if they are gone, or the name is taken."""
    source = _aside(place, root)
    if not source.is_dir():
        raise DataError(f"The data “{name[:60]}” are gone: deleted data are kept for a few hours only.")
    source.rename(names.folder(root) / names.checked(name, root))


def forget(place: str, root: Root = None) -> None:
    """Delete data that were set aside."""
    shutil.rmtree(_aside(place, root), ignore_errors=True)


def _aside(place: str, root: Root) -> Path:
    if not ASIDE.fullmatch(place):
        raise DataError(f"There are no data at {place[:60]!r}.")
    return names.folder(root) / place
