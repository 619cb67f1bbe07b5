"""MATLAB's .mat up to version 7, read by SciPy; version 7.3 is HDF5 and is read as such.

SciPy's reader can crash on a damaged file, so that it always runs in a process of its own.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vae.data import sandbox
from vae.data.own.content import Content, OwnDataError
from vae.data.own.reader import Chosen, Reader
from vae.data.own.readers.numpy_file import mapped
from vae.data.own.splits_given import joined


def _read(path: Path, scratch: Path, chosen: Chosen) -> Content:
    if sandbox.confined():
        arrays, left = _loaded(path)
    else:
        made = {"path": str(path.resolve()), "folder": str(scratch.resolve())}
        told = sandbox.run("vae.data.own.readers.matlab:unpacked", made, scratch)
        arrays = {name: mapped(scratch / file, name) for name, file in told["arrays"].items()}
        left = told["left"]
    found = joined("MATLAB", arrays)
    if left:
        found.notes.append(f"Left out, since they are no numbers: {', '.join(left)[:120]}.")
    return found


def unpacked(path: str, folder: str, progress: sandbox.Report) -> dict[str, Any]:
    """Write the arrays of a file into a folder, in the process of the sandbox; return their files by name."""
    arrays, left = _loaded(Path(path))
    files = {name: f"array{k}.npy" for k, name in enumerate(arrays)}
    for name, file in files.items():
        np.save(Path(folder) / file, arrays[name], allow_pickle=False)
    return {"arrays": files, "left": left}


def _loaded(path: Path) -> tuple[dict[str, NDArray[Any]], list[str]]:
    """Return the arrays of numbers that a file holds, and the names of what else it holds."""
    from scipy.io import loadmat

    try:
        found = loadmat(str(path), struct_as_record=False, chars_as_strings=True)
    except MemoryError:
        raise
    except Exception as error:  # a parser of other people's files fails in ways of its own
        raise OwnDataError(f"{path.name} cannot be read as MATLAB's: {str(error)[:160]}. Save it again.") from error
    arrays: dict[str, NDArray[Any]] = {}
    left: list[str] = []
    for name, array in found.items():
        if name.startswith("__"):
            continue
        if hasattr(array, "toarray"):
            array = array.toarray()
        if isinstance(array, np.ndarray) and array.dtype.kind in "biuf" and array.size:
            # MATLAB has no vectors: a list of labels is a column or a row
            arrays[name] = array.ravel() if array.ndim == 2 and 1 in array.shape else np.ascontiguousarray(array)
        else:
            left.append(name)
    return arrays, left


MATLAB = Reader(
    "MATLAB", (".mat",), lambda path, head: head.startswith(b"MATLAB 5.0 MAT-file"), _read, ("mat", "scipy")
)
