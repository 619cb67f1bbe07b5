"""Codes that a model made elsewhere, in a file of arrays: a map without the model."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vae.data.dataset import DataError
from vae.opened import files
from vae.opened.errors import OpenError
from vae.opened.foreign import Declared, Foreign
from vae.runs import codes_only

KIND = "codes"
SUFFIXES = (".npz", ".npy", ".h5", ".hdf5", ".h5ad", ".mat")


def recognises(path: Path) -> bool:
    """Return whether a file is one of arrays, which no model is read from."""
    return path.is_file() and (files.is_arrays(path) or path.suffix.lower() in SUFFIXES)


def read(path: Path, options: Mapping[str, Any]) -> Foreign:
    """Return the codes of a file, with the scales and labels beside them, as a model without networks."""
    try:
        with tempfile.TemporaryDirectory() as scratch:
            found = codes_only.of_file(path, Path(scratch))
    except DataError as error:
        raise OpenError(str(error)) from error
    return of_arrays(found, path.name)


def of_arrays(found: Mapping[str, Any], name: str = "") -> Foreign:
    """Return codes as `codes_only.keep` takes them, by the names of its arguments, as a model without networks."""
    d = int(found["means"].shape[1])
    origin = {"files": [name]} if name else {}
    return Foreign(KIND, Declared((d,), layout="flat"), (d,), origin=origin, codes=found)
