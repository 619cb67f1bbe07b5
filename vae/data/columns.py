"""Read columns of numbers or words, one value for each code, from an uploaded CSV file."""

import csv
import io
import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MOST_BYTES = 20 << 20
MOST_CLASSES = 20
MOST_COLUMNS = 100
UNIT = re.compile(r"\s*[\[(]([^\[\]()]{1,20})[\])]$")
NAMELESS = ("", "index", "id")  # names of a column of row numbers, which pandas writes first; it is ignored


class ColumnError(ValueError):
    """A file without a usable column for these codes; the message says why and what to do."""


@dataclass(frozen=True)
class Column:
    """One column: values [N] float32; for words, `classes` are the words and the values are indices into them."""

    name: str
    values: NDArray[np.float32]
    classes: tuple[str, ...] = ()

    @property
    def unit(self) -> str:
        """The unit, which follows the name in brackets: "mass (kg)" is in kg; "" without one."""
        found = UNIT.search(self.name)
        return found[1] if found else ""

    @property
    def title(self) -> str:
        """The name without its unit."""
        return UNIT.sub("", self.name) or self.name


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _column(name: str, cells: list[str]) -> Column | str:
    """Return a column, or the reason why it is refused."""
    numbers = [_number(cell) for cell in cells]
    bad = next((i for i, v in enumerate(numbers) if v is None), None)
    if bad is None:
        # values are drawn as float32, where a larger number would be infinite
        values = np.array(numbers, np.float64)
        wrong = np.flatnonzero(~(np.abs(values) <= np.finfo(np.float32).max))
        if len(wrong):
            return f"row {wrong[0] + 1:,} of “{name}” is {cells[wrong[0]]}, which cannot be drawn"
        return Column(name, values.astype(np.float32))
    words = sorted({cell.strip() for cell in cells})
    if len(words) > MOST_CLASSES:
        if sum(v is not None for v in numbers) > len(cells) / 2:
            return f"row {bad + 1:,} of “{name}” is “{cells[bad][:40]}”, which is no number"
        return f"“{name}” has {len(words):,} different words, and {MOST_CLASSES} can be told apart by colour"
    index = {word: k for k, word in enumerate(words)}
    named = tuple(word or "(empty)" for word in words)
    return Column(name, np.array([index[cell.strip()] for cell in cells], np.float32), named)


def read(content: bytes, n: int) -> tuple[list[Column], list[str]]:
    """Return the columns of a CSV file with a header and one row for each of n codes, in their order.

    Also returns, by name, why other columns are refused. Numbers must be finite, and different words few. Commas,
    semicolons or tabs separate the cells. Raises ColumnError if no column is usable.
    """
    if len(content) > MOST_BYTES:
        raise ColumnError(f"The file has {len(content) / 1e6:.0f} MB; at most {MOST_BYTES >> 20} MB are read.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ColumnError("This is no CSV file: it is not text (UTF-8). Save the table as CSV.") from error
    if "\0" in text:
        raise ColumnError("This is no CSV file: it holds bytes that are no text. Save the table as CSV.")
    first = text.split("\n", 1)[0]
    divider = max(",;\t", key=first.count)
    try:
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=divider) if row]
    except csv.Error as error:
        raise ColumnError(f"This is no CSV file: {error}. Save the table as CSV.") from error
    if not rows:
        raise ColumnError("The file is empty. It needs a line of names, and one row for each code.")
    names, body = [name.strip() for name in rows[0]], rows[1:]
    if all(_number(name) is not None for name in names):
        raise ColumnError(
            f"The first line ({', '.join(names)[:60]}) is numbers: the columns need names. Put a line of names on top."
        )
    if len(body) != n:
        raise ColumnError(
            f"The file has {len(body):,} rows below its names, and the map {n:,} codes. It needs one row for each "
            "code, in the order of the codes."
        )
    if len(names) > MOST_COLUMNS:
        raise ColumnError(f"The file has {len(names):,} columns; at most {MOST_COLUMNS} are read.")
    ragged = next((i for i, row in enumerate(body) if len(row) != len(names)), None)
    if ragged is not None:
        raise ColumnError(f"Row {ragged + 1:,} has {len(body[ragged])} cells, and the line of names {len(names)}.")
    found: list[Column] = []
    refused: list[str] = []
    for k, name in enumerate(names):
        if name.lower() in NAMELESS and len(names) > 1:
            continue
        made = _column(name or "column", [row[k] for row in body])
        if isinstance(made, str):
            refused.append(made)
        elif made.name in {column.name for column in found}:
            refused.append(f"the name “{name}” stands over two columns")
        else:
            found.append(made)
    if not found:
        raise ColumnError(f"No column can colour the map: {'; '.join(refused) or 'there are none'}.")
    return found, refused
