"""Objects of a notebook as content: arrays, tables, and datasets of PyTorch, none of which has to be installed."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vae.data.own.columns_of import content
from vae.data.own.content import Content, OwnDataError, Rows
from vae.data.own.reader import plain_numbers
from vae.data.own.splits_given import joined


class Items:
    """What `dataset[i]` gives for each i, as an array [N, ...]; of pairs, the part number `part`."""

    def __init__(self, items: Any, part: int | None) -> None:
        self.items, self.part = items, part
        first = self._of(0)
        self.shape = (len(items), *first.shape)
        self.dtype = first.dtype

    def _of(self, i: int) -> NDArray[Any]:
        item = self.items[i]
        return np.asarray(item if self.part is None else item[self.part])

    def __getitem__(self, rows: Any) -> NDArray[Any]:
        made = np.empty((len(range(*rows.indices(self.shape[0]))), *self.shape[1:]), self.dtype)
        for k, i in enumerate(range(*rows.indices(self.shape[0]))):
            x = self._of(i)
            if x.shape != self.shape[1:]:
                raise OwnDataError(
                    f"Example {i:,} has the shape {list(x.shape)}, and the first {list(self.shape[1:])}. Give all of "
                    "them one shape."
                )
            made[k] = x
        return made


def content_of(given: Any, labels: Any = None) -> Content:
    """Return an object as content: an array, a dict of arrays, a DataFrame or Arrow table, or a dataset of pairs.

    `labels` [N] go with an array. Raises OwnDataError for anything else.
    """
    if isinstance(given, Mapping):
        return joined("arrays", {str(name): _array(value, str(name)) for name, value in given.items()})
    table = _table(given)
    if table is not None:
        return content("table", table, {})
    if isinstance(given, np.ndarray | list) or (hasattr(given, "__array__") and hasattr(given, "shape")):
        arrays: dict[str, Rows] = {"examples": _array(given, "examples")}
        if labels is not None:
            arrays["labels"] = _array(labels, "labels")
        return Content("array", arrays)
    if hasattr(given, "__getitem__") and hasattr(given, "__len__") and len(given):
        first = given[0]
        if isinstance(first, tuple | list) and len(first) >= 2:
            found: dict[str, Rows] = {"examples": Items(given, 0)}
            second = Items(given, 1)
            if second.shape == (len(given),):
                found["labels"] = np.asarray(second[:])
        else:
            found = {"examples": Items(given, None)}
        made = Content("dataset", found)
        classes = getattr(given, "classes", None)
        if isinstance(classes, list | tuple) and "labels" in found:
            made.classes = {"labels": tuple(str(word) for word in classes)}
        return made
    raise OwnDataError(
        f"A {type(given).__name__} is no data that are read here. Give an array, a DataFrame, a dataset, or a file's "
        "path."
    )


def _array(value: Any, name: str) -> NDArray[Any]:
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise OwnDataError(
            f"“{name}” is no array: its rows have different lengths. Give all of them one shape."
        ) from error
    plain_numbers(array, name)
    if array.ndim < 1:
        raise OwnDataError(f"“{name}” is one number, and an array of examples [N, …] is needed.")
    return array


def _table(given: Any) -> Any:
    """Return a DataFrame of any library, or an Arrow table, as an Arrow table; None for anything else."""
    import pyarrow as pa

    if isinstance(given, pa.Table):
        return given
    try:
        if type(given).__module__.startswith("pandas") and hasattr(given, "columns"):
            given = given.rename(columns=str)
            return pa.Table.from_pandas(given, preserve_index=False)
        if hasattr(given, "__arrow_c_stream__"):
            return pa.table(given)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise OwnDataError(f"The table cannot be read: {str(error)[:160]}. Give its columns plain types.") from error
    return None
