"""An Arrow table as content: columns of images and of lists become arrays, the others stay a table."""

import json
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vae.data.own import limits
from vae.data.own.content import Content, OwnDataError, Rows
from vae.data.own.pictures import LOOKED, Open, Pictures, sizes, sizing
from vae.data.own.reader import Chosen

if TYPE_CHECKING:
    import pyarrow as pa


class ListColumn:
    """A column of lists of one length, nested or not, as an array [N, ...] that is read by parts."""

    def __init__(self, column: "pa.ChunkedArray", name: str) -> None:
        self.column, self.name = column, name
        self.inner = np.asarray(column[0].as_py())
        if self.inner.dtype.kind not in "biuf":
            raise OwnDataError(f"“{name}” holds lists of {self.inner.dtype}, and numbers are needed. Leave it out.")
        self.shape = (len(column), *self.inner.shape)
        self.dtype = self.inner.dtype

    def __getitem__(self, rows: Any) -> NDArray[Any]:
        start, stop, _ = rows.indices(self.shape[0])
        part = self.column.slice(start, stop - start).combine_chunks()
        if part.null_count:
            raise OwnDataError(f"“{self.name}” has rows without a list, near row {start + 1:,}. Fill or remove them.")
        for _ in self.inner.shape:
            part = part.flatten()
        values = part.to_numpy(zero_copy_only=False)
        if len(values) != (stop - start) * self.inner.size:
            raise OwnDataError(
                f"“{self.name}” holds lists of different lengths, near row {start + 1:,}. Give all rows the shape "
                f"{list(self.inner.shape)} of the first."
            )
        return np.asarray(values).reshape(stop - start, *self.inner.shape)


def is_images(kind: Any) -> bool:
    """Return whether a type is that of images as Hugging Face's datasets keep them: bytes, or bytes with a path."""
    import pyarrow as pa

    binary = (pa.types.is_binary, pa.types.is_large_binary)
    if pa.types.is_struct(kind):
        return kind.get_field_index("bytes") >= 0 and any(is_(kind.field("bytes").type) for is_ in binary)
    return any(is_(kind) for is_ in binary)


def _opener(column: "pa.ChunkedArray", i: int, name: str) -> Open:
    def read() -> bytes:
        value = column[i].as_py()
        content = value["bytes"] if isinstance(value, dict) else value
        if not isinstance(content, bytes):
            raise OwnDataError(
                f"Row {i + 1:,} of “{name}” holds no image, only the path of one, which is not in the file. Save the "
                "dataset with its images."
            )
        return content

    return read


def content(kind: str, table: "pa.Table", chosen: Chosen) -> Content:
    """Return a table as content; raises OwnDataError for an empty table, or for more columns than are read."""
    import pyarrow as pa

    if not table.num_rows or not table.num_columns:
        raise OwnDataError(
            f"The table has {table.num_rows:,} rows and {table.num_columns:,} columns: nothing to learn."
        )
    if table.num_columns > limits.COLUMNS:
        raise OwnDataError(
            f"The table has {table.num_columns:,} columns, and at most {limits.COLUMNS:,} are read. Leave some out."
        )
    if table.num_rows > limits.ROWS:
        raise OwnDataError(f"The table has {table.num_rows:,} rows, and at most {limits.ROWS:,} are read. Use a part.")
    words = class_names(table.schema)
    arrays: dict[str, Rows] = {}
    found, plain, notes = [], [], []
    for field in table.schema:
        column = table.column(field.name) if table.schema.names.count(field.name) == 1 else None
        if column is None:
            raise OwnDataError(f"The table has the column “{field.name[:60]}” twice. Give each a name of its own.")
        if is_images(field.type):
            openers = [_opener(column, i, field.name) for i in range(len(column))]
            choices, size = sizing(sizes(openers[:: max(1, len(openers) // LOOKED)]), chosen)
            found += [] if arrays else choices
            arrays[field.name] = Pictures([(f"row {i + 1:,}", read) for i, read in enumerate(openers)], size)
        elif (
            pa.types.is_list(field.type)
            or pa.types.is_large_list(field.type)
            or pa.types.is_fixed_size_list(field.type)
        ):
            try:
                arrays[field.name] = ListColumn(column, field.name)
            except (OwnDataError, ValueError) as error:
                notes.append(f"“{field.name}” was left out: {str(error)[:120]}")
        elif pa.types.is_nested(field.type):
            notes.append(f"“{field.name}” was left out: it is nested ({field.type}).")
        else:
            plain.append(field.name)
    if not arrays:
        return Content(kind, table=table, found=found, classes=words, notes=notes)
    for name in plain:
        column = table.column(name)
        if pa.types.is_integer(column.type) and not column.null_count:
            arrays[name] = column.to_numpy()
        elif pa.types.is_string(column.type) and not column.null_count:
            arrays[name] = np.array(column.to_pylist(), np.str_)
    return Content(kind, arrays, found=found, classes=words, notes=notes)


def class_names(schema: "pa.Schema") -> dict[str, tuple[str, ...]]:
    """Return the class names of integer columns that Hugging Face's datasets note in a schema, {} for none."""
    try:
        features = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
        return {
            str(name): tuple(str(word)[: limits.WORD] for word in feature["names"])
            for name, feature in features.items()
            if isinstance(feature, dict) and feature.get("_type") == "ClassLabel"
        }
    except (KeyError, TypeError, ValueError, RecursionError):
        return {}
