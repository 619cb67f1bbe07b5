"""A dataset that Hugging Face's `save_to_disk` wrote: Arrow files and their list, in a folder for each split."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vae.data.own.columns_of import content
from vae.data.own.content import Content, OwnDataError
from vae.data.own.reader import Chosen, Reader
from vae.data.own.readers.arrow import mapped
from vae.data.own.splits_given import UNKNOWN, of_word

if TYPE_CHECKING:
    import pyarrow as pa

ONE, SEVERAL = "state.json", "dataset_dict.json"
LARGEST = 10_000_000  # bytes of a list of files


def _json(path: Path) -> Any:
    try:
        text = path.read_bytes()
        if len(text) > LARGEST:
            raise ValueError("it is too large")
        found = json.loads(text)
        if not isinstance(found, dict):
            raise ValueError("it is no object")
        return found
    except (OSError, ValueError, RecursionError) as error:
        raise OwnDataError(f"{path.name} of the saved dataset cannot be read: {error}. Save it again.") from error


def _table(folder: Path) -> "pa.Table":
    import pyarrow as pa

    names = [
        str(entry.get("filename")) for entry in _json(folder / ONE).get("_data_files", []) if isinstance(entry, dict)
    ]
    if not names:
        raise OwnDataError(f"{folder.name}/{ONE} names no file. Save the dataset again with `save_to_disk`.")
    for name in names:
        file = folder / name
        if "/" in name or "\\" in name or name.startswith(".") or file.is_symlink() or not file.is_file():
            raise OwnDataError(
                f"{folder.name} names the file “{name[:80]}”, which is not in it. Save the dataset again."
            )
    try:
        return pa.concat_tables([mapped(folder / name) for name in names])
    except pa.ArrowException as error:
        raise OwnDataError(
            f"The files of {folder.name} do not fit each other: {error}. Save the dataset again."
        ) from error


def _read(path: Path, scratch: Path, chosen: Chosen) -> Content:
    import pyarrow as pa

    if (path / ONE).is_file():
        return content("saved dataset", _table(path), chosen)
    names = sorted((str(name) for name in _json(path / SEVERAL).get("splits", [])), key=of_word)
    if not names or any("/" in name or name.startswith(".") or not (path / name / ONE).is_file() for name in names):
        raise OwnDataError(f"{path.name} names splits that are not in it. Save the dataset again with `save_to_disk`.")
    tables = [_table(path / name) for name in names]
    try:
        made = content("saved dataset", pa.concat_tables(tables), chosen)
    except pa.ArrowException as error:
        raise OwnDataError(f"The splits of {path.name} have different columns: {error}.") from error
    parts = np.repeat(np.array([of_word(name) for name in names], np.int8), [table.num_rows for table in tables])
    made.parts = None if (parts == UNKNOWN).any() or len(np.unique(parts)) < 2 else parts
    return made


def _recognises(path: Path, head: bytes) -> bool:
    return path.is_dir() and ((path / ONE).is_file() or (path / SEVERAL).is_file())


SAVED = Reader("Hugging Face dataset", (), _recognises, _read)
