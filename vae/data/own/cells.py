"""The cells of a table's column as numbers or words."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pyarrow as pa

EMPTY = ("", "na", "n/a", "nan", "null", "none", "-", "?", "<na>")  # cells without a value
NUMBER = r"^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$"
THOUSANDS = r"^[+-]?\d{1,3}(,\d{3})+(\.\d+)?$"
POINTS = r"^[+-]?\d{1,3}(\.\d{3})+(,\d+)?$"


def is_text(kind: Any) -> bool:
    """Return whether a column holds texts, plain or from a dictionary of them."""
    import pyarrow as pa

    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def is_number(kind: Any) -> bool:
    """Return whether a column holds numbers."""
    import pyarrow as pa

    return pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)


def words(column: "pa.ChunkedArray") -> "pa.ChunkedArray":
    """Return a column as texts without outer spaces, null where a cell is empty."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    text = pc.utf8_trim_whitespace(column.cast(pa.string()))
    return pc.if_else(pc.is_in(pc.utf8_lower(text), value_set=pa.array(EMPTY)), pa.scalar(None, pa.string()), text)


def numbers(column: "pa.ChunkedArray", decimal: str) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return a column as numbers [N], nan where a cell is empty or no number, and where it is no number."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not is_text(column.type):
        made = column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
        made = np.asarray(made, np.float64)
        return np.where(np.isfinite(made), made, np.nan), np.isinf(made)
    if decimal == "." and (quick := _plain(column)) is not None:
        return quick, np.zeros(len(quick), bool)
    text = words(column)
    if decimal == ",":
        text = pc.if_else(pc.match_substring_regex(text, POINTS), pc.replace_substring(text, ".", ""), text)
        text = pc.replace_substring(text, ",", ".")
    else:
        text = pc.if_else(pc.match_substring_regex(text, THOUSANDS), pc.replace_substring(text, ",", ""), text)
    fits = pc.match_substring_regex(text, NUMBER)
    value = pc.if_else(fits, text, pa.scalar(None, pa.string()))
    value = pc.if_else(pc.starts_with(value, "+"), pc.utf8_slice_codeunits(value, 1), value)
    made = np.asarray(pc.cast(value, pa.float64()).to_numpy(zero_copy_only=False), np.float64)
    wrong = pc.and_not(pc.is_valid(text), pc.fill_null(fits, False)).to_numpy(zero_copy_only=False).astype(bool)
    wrong |= np.isinf(made)
    return np.where(np.isfinite(made), made, np.nan), wrong


def _plain(column: "pa.ChunkedArray") -> NDArray[np.float64] | None:
    """Return a column whose every cell is a number, ten times as fast as cell by cell; None for another one."""
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        made = np.asarray(pc.cast(column, pa.float64()).to_numpy(zero_copy_only=False), np.float64)
    except pa.ArrowInvalid:
        return None
    return made if np.isfinite(made).all() else None


def distinct(column: "pa.ChunkedArray", most: int) -> tuple[str, ...] | None:
    """Return the different words of a column in their order, None for more than `most`."""
    import pyarrow.compute as pc

    if len(pc.unique(column)) > 2 * most + len(EMPTY):  # before the cells are read as words, which takes longer
        return None
    found = pc.unique(words(column)).drop_null()
    return tuple(sorted(found.to_pylist())) if len(found) <= most else None
