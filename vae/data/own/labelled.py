"""Labels out of an array, of a column of 0 and 1 for each class, or of a table's column."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vae.data.own import limits
from vae.data.own.cells import words
from vae.data.own.content import Choice, OwnDataError, Rows, len_of
from vae.data.own.tabular import LABELS

if TYPE_CHECKING:
    import pyarrow as pa

NONE = ""
Found = tuple[NDArray[np.int64] | None, tuple[str, ...], list[Choice]]


def labels_of_arrays(
    arrays: Mapping[str, Rows],
    examples: str,
    classes: Mapping[str, tuple[str, ...]],
    asked: Callable[[str, Mapping[str, str]], str],
) -> Found:
    """Return the labels [N], their names, and the choice of the array that holds them."""
    n = len_of(arrays[examples])
    able = {}
    for name, array in arrays.items():
        if name != examples and len_of(array) == n:
            values = _values(array)
            if values is not None:
                able[name] = values
    named = [name for name in able if any(word in LABELS for word in name.lower().replace("/", " ").split())]
    order = named or sorted(able, key=lambda name: len(np.unique(able[name])))
    offered = {NONE: "none", **{name: name for name in able}}
    wrong = [name for name, array in arrays.items() if _is_short(name, array, n, examples)]
    if wrong and not able:
        name = wrong[0]
        raise OwnDataError(f"“{name}” holds {len_of(arrays[name]):,} labels for {n:,} examples. Give one for each.")
    if not able:
        return (
            None,
            (),
            [Choice("labels", "Labels", NONE, offered, None, "no array has one whole number for each example")],
        )
    value = asked("labels", offered) or order[0]
    margin = 3.0 if named or len(able) == 1 else 1.1
    reason = (
        "they come with names"
        if classes.get(value)
        else "its name says so"
        if named
        else "one whole number or word for each example"
    )
    choice = Choice("labels", "Labels", value, offered, margin, reason)
    if value == NONE:
        return None, (), [choice]
    names, index = np.unique(able[value], return_inverse=True)
    known = _class_names(arrays, classes.get(value, ()), names, n)
    return index.astype(np.int64).reshape(-1), known, [choice]


def _is_short(name: str, array: Rows, n: int, examples: str) -> bool:
    """Return whether an array is named as labels, and has not one for each example."""
    return name != examples and name.lower() in LABELS and len(array.shape) == 1 and len_of(array) not in (n, 0)


def _values(array: Rows) -> NDArray[Any] | None:
    """Return an array's label of each row, None if it holds none."""
    shape = array.shape
    if len(shape) == 2 and 1 < shape[1] <= limits.CLASSES and np.dtype(array.dtype).kind in "biuf":
        few = np.asarray(array[0 : min(shape[0], 1000)])
        if ((few == 0) | (few == 1)).all() and (few.sum(1) == 1).all():
            whole = np.asarray(array[0 : shape[0]])
            return whole.argmax(1) if (whole.sum(1) == 1).all() else None
        return None
    if len(shape) != 1 and not (len(shape) == 2 and shape[1] == 1):
        return None
    values = np.asarray(array[0 : shape[0]]).reshape(-1)
    if values.dtype.kind == "f":
        if not np.isfinite(values).all() or (values != np.round(values)).any() or np.abs(values).max(initial=0) > 1e9:
            return None
        values = values.astype(np.int64)
    if values.dtype.kind == "S":
        values = np.char.decode(values, "utf-8", "replace")
    if values.dtype.kind not in "biuU":
        return None
    count = len(np.unique(values))
    return values if 1 < count <= min(limits.CLASSES, max(2, len(values) // 2)) else None


def _class_names(arrays: Mapping[str, Rows], given: tuple[str, ...], found: NDArray[Any], n: int) -> tuple[str, ...]:
    """Return the names of the classes found: given ones, those of an array of words, or the values themselves."""
    whole = found.dtype.kind in "biu" and int(found.min()) >= 0
    lists = [given] if given else []
    for array in arrays.values():
        if len(array.shape) == 1 and np.dtype(array.dtype).kind in "US" and len_of(array) != n:
            words = np.asarray(array[0 : len_of(array)])
            lists.append(tuple(np.char.decode(words, "utf-8", "replace") if words.dtype.kind == "S" else words))
    for names in lists:
        if whole and int(found.max()) < len(names):
            return tuple(str(names[int(k)])[: limits.WORD] for k in found)
    return tuple(str(value)[: limits.WORD] for value in found)


def labels_of_column(
    column: "pa.ChunkedArray", known: tuple[str, ...], given: tuple[str, ...]
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Return a column's labels [N], -1 for an empty cell, and the names of the classes."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if all(word.lstrip("-").isdigit() for word in known):
        known = tuple(sorted(known, key=int))
    index = pc.fill_null(pc.index_in(words(column), value_set=pa.array(known, pa.string())), -1)
    names = known
    if given and all(word.isdigit() and int(word) < len(given) for word in known):
        names = tuple(given[int(word)] for word in known)
    return np.asarray(index.to_numpy(zero_copy_only=False), np.int64), tuple(word[: limits.WORD] for word in names)
