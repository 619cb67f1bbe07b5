"""HDF5 files: .h5, AnnData's .h5ad, and MATLAB's .mat of version 7.3. Links into other files are not followed."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vae.data.own import limits
from vae.data.own.content import Content, OwnDataError, Rows
from vae.data.own.reader import Chosen, Reader, plain_numbers
from vae.data.own.splits_given import joined

MAGIC = b"\x89HDF\r\n\x1a\n"


class CompressedRows:
    """AnnData's sparse matrix, rows compressed, as a dense array [N, D] that is read by parts."""

    def __init__(self, group: Any, name: str) -> None:
        self.values, self.columns = group["data"], group["indices"]
        self.starts = np.asarray(group["indptr"][:], np.int64)
        self.shape = tuple(int(k) for k in group.attrs["shape"])
        self.dtype = self.values.dtype
        ordered = len(self.starts) == self.shape[0] + 1 and (np.diff(self.starts) >= 0).all()
        if not ordered or self.starts[-1] > self.values.shape[0] or self.shape[1] > limits.VALUES:
            raise OwnDataError(f"“{name}” is no whole sparse matrix. Save it again.")

    def __getitem__(self, rows: Any) -> NDArray[Any]:
        start, stop, _ = rows.indices(self.shape[0])
        made = np.zeros((stop - start, self.shape[1]), self.dtype)
        a, b = self.starts[start], self.starts[stop]
        row = np.repeat(np.arange(stop - start), np.diff(self.starts[start : stop + 1]))
        column = self.columns[a:b]
        if len(column) and (column.min() < 0 or column.max() >= self.shape[1]):
            raise OwnDataError("The sparse matrix has an entry outside of it. Save it again.")
        made[row, column] = self.values[a:b]
        return made


def _is_local(dataset: Any) -> bool:
    return not dataset.is_virtual and not dataset.external


def _datasets(group: Any, prefix: str = "", depth: int = 0) -> dict[str, Any]:
    """Return a group's datasets by path; links that lead to other files are left out."""
    import h5py

    found: dict[str, Any] = {}
    for name in group:
        if not isinstance(group.get(name, getlink=True), h5py.HardLink) or depth > limits.DEPTH:
            continue
        entry = group[name]
        if isinstance(entry, h5py.Group):
            found |= _datasets(entry, f"{prefix}{name}/", depth + 1)
        elif isinstance(entry, h5py.Dataset) and _is_local(entry):
            found[prefix + name] = entry
        if len(found) > limits.ARRAYS:
            raise OwnDataError(f"It has more than {limits.ARRAYS} arrays. Keep those that are needed.")
    return found


def _words(found: Any) -> NDArray[Any] | None:
    """Return a column of an AnnData table as words or numbers, None for what is neither."""
    import h5py

    if isinstance(found, h5py.Group) and "categories" in found and "codes" in found:
        names, codes = np.array([_text(word) for word in found["categories"][:]]), found["codes"][:]
        return np.where(codes < 0, "", names[np.clip(codes, 0, len(names) - 1)]) if len(names) else None
    if isinstance(found, h5py.Dataset) and found.ndim == 1 and _is_local(found):
        values = found[:]
        return np.array([_text(word) for word in values]) if values.dtype.kind == "O" else values
    return None


def _text(word: Any) -> str:
    return word.decode(errors="replace") if isinstance(word, bytes) else str(word)


def _annotated(file: Any) -> Content:
    """Return an AnnData file: the matrix X, its column names, and the columns of `obs` that name classes."""
    import h5py

    matrix = file["X"]
    arrays: dict[str, Rows] = {"X": CompressedRows(matrix, "X") if isinstance(matrix, h5py.Group) else matrix}
    count = arrays["X"].shape[0]
    for name in file["obs"]:
        words = _words(file["obs"][name])
        if words is not None and len(words) == count and name != file["obs"].attrs.get("_index"):
            arrays[f"obs {name}"] = words
    made = Content("AnnData", arrays)
    index = file["var"].attrs.get("_index", "_index")
    genes = _words(file["var"][index]) if index in file["var"] else None
    if genes is not None and len(genes) == arrays["X"].shape[1]:
        made.names = tuple(str(gene)[: limits.TEXT_NAME] for gene in genes)
    return made


def _read(path: Path, scratch: Path, chosen: Chosen) -> Content:
    import h5py

    try:
        file = h5py.File(path, "r")
        if "X" in file and "obs" in file and "var" in file:
            return _annotated(file)
        arrays: dict[str, Rows] = {}
        transposed = b"MATLAB 7.3" in path.open("rb").read(128)
        for name, dataset in _datasets(file).items():
            if dataset.dtype.kind in "biuf" and dataset.ndim and dataset.size and not name.startswith("#"):
                plain_numbers(dataset, name)
                # MATLAB writes the last dimension first
                arrays[name.replace("/", " ")] = np.ascontiguousarray(dataset[()].T) if transposed else dataset
        return joined("HDF5", {n: a[()].ravel() if a.ndim == 2 and 1 in a.shape else a for n, a in arrays.items()})  # type: ignore
    except OwnDataError:
        raise
    except MemoryError:
        raise
    except Exception as error:  # a parser of other people's files fails in ways of its own
        raise OwnDataError(f"{path.name} cannot be read as HDF5: {str(error)[:160]}. Save it again.") from error


def _recognises(path: Path, head: bytes) -> bool:
    return head.startswith(MAGIC) or head[512 : 512 + len(MAGIC)] == MAGIC


HDF5 = Reader("HDF5", (".h5", ".h5ad", ".hdf5"), _recognises, _read, ("hdf5", "h5py"))
