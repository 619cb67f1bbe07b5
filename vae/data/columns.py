"""Read columns of numbers or words, one value for each code, from an uploaded CSV file."""

import csv
import io
import math
import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MOST_BYTES = 20 << 20
MOST_CLASSES = 10  # words: the palette has so many colours that can be told apart
MOST_COLUMNS = 100
FEWEST_STEPS = 1_000
UNIT = re.compile(r"\s*[\[(]([^\[\]()]{1,20})[\])]$")
INDEX = "index"  # the name of a column that says which code a row is of, as in the product's own files
NAMELESS = ("", "id")  # names of a column of row numbers, which pandas writes first; it is ignored
DECIMAL_COMMA = re.compile(r"\s*[+-]?\d+(,\d+)?([eE][+-]?\d+)?\s*")
EMPTY = ("", "na", "n/a", "nan", "null")  # cells without a value
UTF16 = (b"\xff\xfe", b"\xfe\xff")


class ColumnError(ValueError):
    """A file without a usable column for these codes; the message says why and what to do."""


@dataclass(frozen=True)
class Column:
    """One column: values [N] float32, nan for codes without one; for words, `classes` are the words and the values are
    indices into them.

    Numbers are values + offset: float32 alone would lose the differences of numbers far from 0, such as years in
    seconds.
    """

    name: str
    values: NDArray[np.float32]
    classes: tuple[str, ...] = ()
    offset: float = 0.0

    @property
    def unit(self) -> str:
        """The unit, which follows the name in brackets: "mass (kg)" is in kg; "" without one."""
        found = UNIT.search(self.name)
        return found[1] if found else ""

    @property
    def title(self) -> str:
        """The name without its unit."""
        return UNIT.sub("", self.name) or self.name


@dataclass(frozen=True)
class Table:
    """A file's columns; `refused` says in words which ones were left out, `joined` how the rows found their codes."""

    columns: list[Column]
    refused: list[str]
    joined: str


def _text(content: bytes) -> str:
    """Return a file's text in UTF-8, UTF-16 as Excel writes it, or Latin-1; raises ColumnError."""
    if content.startswith(UTF16):
        try:
            return content.decode("utf-16")
        except UnicodeDecodeError:
            pass
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")  # every byte is a letter in it, so that a picture would be a text too
    if any(ord(c) < 32 and c not in "\t\n\r\f" for c in text[:10_000]) or "\0" in text:
        raise ColumnError("This is no CSV file: it holds bytes that are no text. Save the table as CSV.")
    return text


def _rows(text: str) -> list[list[str]]:
    """Return the rows of cells; commas, semicolons or tabs separate them, whichever divides the header."""

    def cells(line: str, divider: str) -> list[str]:
        return next(csv.reader([line], delimiter=divider), [])

    lines = [line for line in text.splitlines()[:6] if line.strip()]
    if not lines:
        raise ColumnError("The file is empty. It needs a line of names, and one row for each code.")

    def fits(divider: str) -> tuple[bool, int]:
        # a divider that gives the first rows as many cells as the header, before one that a name merely holds
        head = len(cells(lines[0], divider))
        return head > 1 and all(len(cells(line, divider)) == head for line in lines[1:]), head

    try:
        divider = max("\t;,", key=fits)
        return [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=divider) if row]
    except csv.Error as error:
        raise ColumnError(f"This is no CSV file: {error}. Save the table as CSV.") from error


def _number(text: str) -> float | None:
    """Return a cell's number, nan for an empty cell, None for anything else."""
    if text.strip().lower() in EMPTY:
        return math.nan
    try:
        return float(text)
    except ValueError:
        return None


def _decimal_commas(cells: list[str]) -> list[str]:
    """Return the cells with points for decimal commas, if the commas of all cells are such."""
    if not any("," in cell for cell in cells):
        return cells
    fit = all(DECIMAL_COMMA.fullmatch(cell) or cell.strip().lower() in EMPTY for cell in cells)
    return [cell.replace(",", ".") for cell in cells] if fit else cells


def _column(name: str, cells: list[str]) -> Column | str:
    """Return a column, or the reason why it is refused."""
    cells = _decimal_commas(cells)
    numbers = [_number(cell) for cell in cells]
    bad = next((i for i, v in enumerate(numbers) if v is None), None)
    if bad is None:
        values = np.array(numbers, np.float64)
        infinite = np.flatnonzero(np.isinf(values))
        if len(infinite):
            return f"row {infinite[0] + 1:,} of “{name}” is {cells[infinite[0]]}, which cannot be drawn"
        finite = values[np.isfinite(values)]
        if not len(finite):
            return f"“{name}” has no value"
        offset = float(np.median(finite))
        # only where float32 would show fewer than a thousand different values between the least and the greatest
        steps = np.ptp(finite) / (np.finfo(np.float32).eps * np.abs(finite).max()) if finite.any() else np.inf
        offset = offset if steps < FEWEST_STEPS else 0.0
        wrong = np.flatnonzero(np.abs(values - offset) > np.finfo(np.float32).max)
        if len(wrong):  # values are drawn as float32, where a larger number would be infinite
            return f"row {wrong[0] + 1:,} of “{name}” is {cells[wrong[0]]}, which cannot be drawn"
        return Column(name, (values - offset).astype(np.float32), offset=offset)
    found = [cell.strip() for cell in cells]
    words = sorted({word for word in found if word.lower() not in EMPTY})
    if len(words) > MOST_CLASSES:
        if sum(v is not None for v in numbers) > len(cells) / 2:
            return f"row {bad + 1:,} of “{name}” is “{cells[bad][:40]}”, which is no number"
        return f"“{name}” has {len(words):,} different words, and {MOST_CLASSES} can be told apart by colour"
    index = {word: float(k) for k, word in enumerate(words)}
    return Column(name, np.array([index.get(word, math.nan) for word in found], np.float32), tuple(words))


def _places(names: list[str], body: list[list[str]], n: int) -> tuple[list[int], str]:
    """Return which code each row is of, and in words how that was found; raises ColumnError."""
    where = next((k for k, name in enumerate(names) if name.lower() == INDEX), None)
    if where is None or len(names) == 1:
        if len(body) != n:
            raise ColumnError(
                f"The file has {len(body):,} rows below its names, and the map {n:,} codes. It needs one row for each "
                f"code, in the order of the codes, or a column “{INDEX}” that says which code a row is of."
            )
        return list(range(n)), "by position: the first row is the first code's"
    places: list[int] = []
    for i, row in enumerate(body):
        number = _number(row[where])
        if number is None or not math.isfinite(number) or number != int(number) or not 0 <= number < n:
            raise ColumnError(
                f"Row {i + 1:,} has the {INDEX} “{row[where][:40]}”, and the map's codes are numbered from 0 to "
                f"{n - 1:,}. Correct the column, or give it another name to join by position."
            )
        places.append(int(number))
    again = np.setdiff1d(np.arange(len(places)), np.unique(places, return_index=True)[1])
    if len(again):
        raise ColumnError(
            f"Row {again[0] + 1:,} has the {INDEX} {places[again[0]]:,} again. Each code can have one row."
        )
    how = f"by the column “{names[where]}”"
    return places, how if len(places) == n else f"{how}; the other {n - len(places):,} codes are grey"


def read(content: bytes, n: int) -> Table:
    """Return the columns of a CSV file with a header, for n codes; raises ColumnError if no column is usable.

    Rows find their codes by a column `index`, counted from 0; without one, there is a row for each code in their order.
    Commas, semicolons or tabs separate the cells; the text is UTF-8, UTF-16 or Latin-1. An empty cell is a code without
    a value. Numbers may have decimal commas, must be finite, and different words few.
    """
    if len(content) > MOST_BYTES:
        raise ColumnError(f"The file has {len(content) / 1e6:.0f} MB; at most {MOST_BYTES >> 20} MB are read.")
    rows = _rows(_text(content))
    names, body = [name.strip() for name in rows[0]], rows[1:]
    if all((v := _number(name)) is not None and math.isfinite(v) for name in names):
        raise ColumnError(
            f"The first line ({', '.join(names)[:60]}) is numbers: the columns need names. Put a line of names on top."
        )
    if len(names) > MOST_COLUMNS:
        raise ColumnError(f"The file has {len(names):,} columns; at most {MOST_COLUMNS} are read.")
    ragged = next((i for i, row in enumerate(body) if len(row) != len(names)), None)
    if ragged is not None:
        raise ColumnError(f"Row {ragged + 1:,} has {len(body[ragged])} cells, and the line of names {len(names)}.")
    places, joined = _places(names, body, n)
    found: list[Column] = []
    refused: list[str] = []
    for k, name in enumerate(names):
        if name.lower() in (INDEX, *NAMELESS) and len(names) > 1:
            continue
        made = _column(name or "column", [row[k] for row in body])
        if isinstance(made, str):
            refused.append(made)
        elif made.name in {column.name for column in found}:
            refused.append(f"the name “{name}” stands over two columns")
        else:
            values = np.full(n, np.nan, np.float32)
            values[places] = made.values
            found.append(Column(made.name, values, made.classes, made.offset))
    if not found:
        raise ColumnError(f"No column can colour the map: {'; '.join(refused) or 'there are none'}.")
    return Table(found, refused, joined)
