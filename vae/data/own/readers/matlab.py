"""MATLAB's .mat up to version 7, read by SciPy; version 7.3 is HDF5 and is read as such."""

from pathlib import Path

import numpy as np

from vae.data.own.content import Content, OwnDataError
from vae.data.own.reader import Chosen, Reader
from vae.data.own.splits_given import joined


def _read(path: Path, scratch: Path, chosen: Chosen) -> Content:
    from scipy.io import loadmat

    try:
        found = loadmat(str(path), struct_as_record=False, chars_as_strings=True)
    except MemoryError:
        raise
    except Exception as error:  # a parser of other people's files fails in ways of its own
        raise OwnDataError(f"{path.name} cannot be read as MATLAB's: {str(error)[:160]}. Save it again.") from error
    arrays, left = {}, []
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
    made = joined("MATLAB", arrays)
    if left:
        made.notes.append(f"Left out, since they are no numbers: {', '.join(left)[:120]}.")
    return made


MATLAB = Reader(
    "MATLAB", (".mat",), lambda path, head: head.startswith(b"MATLAB 5.0 MAT-file"), _read, ("mat", "scipy")
)
