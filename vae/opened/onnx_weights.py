"""Weights of an ONNX file, in it or beside it."""

import os
import stat
from collections.abc import Callable
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from vae.opened.errors import OpenError
from vae.spec.given import MOST_WEIGHTS

PIP = "pip install 'latent-space-explorer[onnx]'"
External = Callable[[str, int, int | None], bytes]  # (file name, offset, length) -> bytes


def library() -> Any:
    """Return the onnx package; raises OpenError with its pip line where it cannot be imported."""
    try:
        import onnx
    except Exception as error:  # a package that is there but broken raises anything
        raise OpenError(f"ONNX files need the package onnx, which cannot be imported ({error}). Type: {PIP}") from error
    return onnx


def beside(folder: Path) -> External:
    """Return the reader of external weights in a folder: plain files only, never through a link."""

    def load(name: str, offset: int, length: int | None) -> bytes:
        if name in ("", ".", "..") or Path(name).name != name or "\\" in name or "\0" in name:
            raise OpenError(f"This ONNX file asks for weights at {name[:80]!r}, outside its folder; they are not read.")
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        try:
            handle = os.open(folder / name, flags)
        except OSError as error:
            raise OpenError(
                f"This ONNX file keeps weights in {name[:80]!r}, which is not beside it or is a link. Open both files "
                "together, or save the model as one file."
            ) from error
        about = os.fstat(handle)
        if not stat.S_ISREG(about.st_mode) or about.st_nlink != 1:
            os.close(handle)
            raise OpenError(f"The weights in {name[:80]!r} are a link or no file. Copy them beside the model.")
        with os.fdopen(handle, "rb") as file:
            size = about.st_size - offset if length is None else length
            if offset < 0 or size < 0 or offset + size > about.st_size:
                raise OpenError(f"{name[:80]!r} is shorter than the ONNX file says: it is cut short. Copy it again.")
            file.seek(offset)
            return file.read(size)

    return load


def array(tensor: Any, external: External | None) -> np.ndarray:
    """Return a tensor as an array: float32, whole numbers or truth values; raises OpenError."""
    onnx = library()
    name, dims = tensor.name[:80], [int(n) for n in tensor.dims]
    if any(n < 0 for n in dims) or prod(dims) > MOST_WEIGHTS:
        raise OpenError(f"The weight {name!r} of this ONNX file is said to have {dims} numbers. The file is damaged.")
    try:
        if tensor.data_location == onnx.TensorProto.EXTERNAL:
            tensor = _loaded(tensor, external, onnx)
        elif not _holds(tensor, prod(dims), onnx):
            raise OpenError(f"The weight {name!r} of this ONNX file is shorter than it says. The file is damaged.")
        value = onnx.numpy_helper.to_array(tensor)
    except OpenError:
        raise
    except Exception as error:  # numpy and onnx have no common base for damage
        raise OpenError(f"The weight {name!r} of this ONNX file cannot be read: {error}.") from error
    return plain(value, name)


def plain(value: np.ndarray, name: str) -> np.ndarray:
    """Return an array as float32, int64, int32 or truth values; raises OpenError for other types and for NaN."""
    if value.dtype == np.bool_ or value.dtype in (np.int8, np.int16, np.int32, np.int64, np.uint8):
        return value
    if np.issubdtype(value.dtype, np.unsignedinteger):
        return value.astype(np.int64)
    try:
        made = value.astype(np.float32) if value.dtype.kind in "fV" else None
    except (TypeError, ValueError):
        made = None
    if made is None:
        raise OpenError(f"The weight {name!r} is of the type {value.dtype}, which is no number that is read here.")
    if np.isnan(made).any():
        raise OpenError(f"The weight {name!r} holds NaN: the training diverged. Save a model from before that.")
    return made


def _holds(tensor: Any, n: int, onnx: Any) -> bool:
    """Return whether a tensor holds as many numbers as its shape says, before it is read."""
    if tensor.HasField("raw_data"):
        return len(tensor.raw_data) * 8 >= n
    fields = ("float_data", "int32_data", "int64_data", "double_data", "uint64_data", "string_data")
    return sum(len(getattr(tensor, field)) for field in fields) * 2 >= n


def _loaded(tensor: Any, external: External | None, onnx: Any) -> Any:
    """Return a tensor with the numbers that lie in another file."""
    about = {entry.key: entry.value for entry in tensor.external_data}
    name = about.get("location", "")
    if external is None:
        raise OpenError(
            f"This ONNX file keeps weights in {name[:80]!r}. Open both files together, as a folder or a zip, or save "
            "the model as one file."
        )
    try:
        offset, length = int(about.get("offset", 0)), about.get("length")
        bits = onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type).itemsize
        size = int(length) if length is not None else prod(tensor.dims) * bits
    except (ValueError, KeyError, TypeError) as error:
        raise OpenError(f"This ONNX file says wrongly where its weights lie: {error}.") from error
    if size != prod(tensor.dims) * bits:
        raise OpenError(f"The weights in {name[:80]!r} are not as many as the ONNX file says. The files do not fit.")
    made = onnx.TensorProto(name=tensor.name, data_type=tensor.data_type, dims=tensor.dims)
    made.raw_data = external(name, offset, size)
    return made
