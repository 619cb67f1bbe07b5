"""The names and folders of own data: below `own` in the data folder, a folder each."""

import re
import unicodedata
from pathlib import Path

from vae.data.own.content import OwnDataError
from vae.data.root import data_root

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
META, EXAMPLES, LABELS = "meta.json", "examples.npy", "labels.npy"
RESERVED: set[str] = set()  # the names of the datasets that come with the project, or are registered
MAKING = ".making-"  # begins the name of a folder that is not complete


def folder(root: str | Path | None = None) -> Path:
    """Return the folder of all own data; it may not exist yet."""
    return (data_root() if root is None else Path(root)) / "own"


def suggested(file: str) -> str:
    """Return a name for data from a file's name: small letters, digits and dashes."""
    stem = file.split(".")[0] or file
    plain = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40].strip("-") or "data"


def taken(name: str, root: str | Path | None = None) -> bool:
    """Return whether a dataset of that name is there, of the project or of somebody's own."""
    return name in RESERVED or (folder(root) / name).exists()


def checked(name: str, root: str | Path | None = None) -> str:
    """Return a name that new data can have; raises OwnDataError for another one, or for one that is taken."""
    if not NAME.fullmatch(name):
        near = suggested(name)
        raise OwnDataError(
            f"“{name[:60]}” is no name for data: at most 40 small letters, digits and dashes. “{near}” is one."
        )
    if taken(name, root):
        raise OwnDataError(f"There is a dataset “{name}” already. Choose another name.")
    return name
