"""Tables as text: CSV, TSV and what else a spreadsheet writes. Encoding, separator and header are found by content."""

import re
from collections import Counter
from pathlib import Path

from vae.data.own import limits
from vae.data.own.columns_of import content
from vae.data.own.content import Choice, Content, OwnDataError
from vae.data.own.reader import Chosen, Reader, named
from vae.data.own.readers.arrow import mapped

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar", " ": "space"}
ENCODINGS = {"utf8": "UTF-8", "utf-16": "UTF-16", "cp1252": "Windows (western)", "latin-1": "Latin-1"}
DECIMALS = {".": "point, 3.14", ",": "comma, 3,14"}
HEADERS = {"yes": "the first line holds names", "no": "the first line is data"}
LOOKED = 200  # lines
SAMPLE = 1 << 20  # bytes
NUMBER = re.compile(r"\s*[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?\s*")
WITH_COMMA = re.compile(r"\s*[+-]?\d*,\d+([eE][+-]?\d+)?\s*")
WITH_POINT = re.compile(r"\s*[+-]?\d*\.\d+([eE][+-]?\d+)?\s*")
QUOTED = re.compile(r'"(?:[^"]|"")*"')
EMPTY = ("", "na", "n/a", "nan", "null", "none", "-", "?")


def encoding_of(sample: bytes) -> tuple[str, str]:
    """Return a text's encoding and why; "" for bytes that are no text."""
    if sample.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16", "it begins with UTF-16's mark"
    if b"\0" in sample:
        return "", ""
    try:
        # the sample may end within a letter
        sample.decode("utf-8-sig") if len(sample) < SAMPLE else sample[: sample.rfind(b"\n") + 1].decode("utf-8-sig")
        return "utf8", "every byte is UTF-8"
    except UnicodeDecodeError:
        pass
    control = sum(byte < 32 and byte not in b"\t\n\r\f" for byte in sample)
    if control:
        return "", ""
    high = any(0x80 <= byte < 0xA0 for byte in sample)
    return (
        ("cp1252", "it has bytes that are no UTF-8, some of them Windows' own")
        if high
        else (
            "latin-1",
            "it has bytes that are no UTF-8",
        )
    )


def separator_of(lines: list[str]) -> tuple[str, float]:
    """Return the separator that divides the lines most evenly, and how many times better than the next one."""
    plain = [QUOTED.sub("", line) for line in lines]
    scores = {}
    for mark in SEPARATORS:
        common, many = Counter(line.count(mark) for line in plain).most_common(1)[0]
        cells = [cell for line in plain[1:] for cell in line.split(mark)]
        # a cell in which another mark stands was not divided whole, unless that is the comma of a number
        whole = sum(not any(m in cell for m in ",;\t|") or bool(WITH_COMMA.fullmatch(cell)) for cell in cells)
        even = (many / len(lines)) * (1 + min(common, 20) / 200) * (0.6 if mark == " " else 1)
        scores[mark] = 0.0 if common == 0 else even * whole / max(1, len(cells))
    order = sorted(scores, key=lambda mark: -scores[mark])
    first, second = scores[order[0]], scores[order[1]]
    return (order[0], first / max(second, 1e-3)) if first else (",", 1.0)


def _cells(lines: list[str], mark: str) -> list[list[str]]:
    import csv

    try:
        return [row for row in csv.reader(lines, delimiter=mark, skipinitialspace=mark == " ") if row]
    except csv.Error as error:
        raise OwnDataError(f"This is no table: {error}. Save it as CSV.") from error


def decimal_of(rows: list[list[str]], mark: str) -> tuple[str, float | None]:
    """Return the decimal mark of the numbers, and how many times more often it stands than the other."""
    cells = [cell for row in rows for cell in row]
    comma = sum(bool(WITH_COMMA.fullmatch(cell)) for cell in cells)
    point = sum(bool(WITH_POINT.fullmatch(cell)) for cell in cells)
    if mark == "," and not any("," in cell for row in rows for cell in row):
        return ".", None
    value, more, less = (",", comma, point) if comma > point else (".", point, comma)
    return value, None if not less else more / less


def header_of(rows: list[list[str]]) -> tuple[str, float]:
    """Return whether the first row holds names, and how sure: how many columns differ from it in kind."""
    first, rest = rows[0], rows[1:]
    if any(not cell.strip() for cell in first[1:]):
        return ("no", 2.0)
    numeric = [
        all(_empty(row[k]) or NUMBER.fullmatch(row[k]) for row in rest if k < len(row)) for k in range(len(first))
    ]
    text = [not NUMBER.fullmatch(cell) and not _empty(cell) for cell in first]
    differ = sum(n and t for n, t in zip(numeric, text, strict=True))
    alike = sum(n and not t for n, t in zip(numeric, text, strict=True))
    if differ or alike:
        value = "yes" if differ > alike else "no"
        return value, 1.0 + max(differ, alike) / (1 + min(differ, alike))
    # words alone: names do not come again below
    again = sum(cell in {row[k] for row in rest if k < len(row)} for k, cell in enumerate(first))
    return ("no", 1.2) if again else ("yes", 1.2)


def _empty(cell: str) -> bool:
    return cell.strip().lower() in EMPTY


def _asked(chosen: Chosen, name: str, offered: dict[str, str], found: str) -> str:
    value = chosen.get(name)
    return value if value in offered else found


def _read(path: Path, scratch: Path, chosen: Chosen) -> Content:
    with path.open("rb") as file:
        sample = file.read(SAMPLE)
    guessed, why = encoding_of(sample)
    encoding = _asked(chosen, "encoding", ENCODINGS, guessed)
    if not encoding:
        raise OwnDataError(f"{path.name} holds bytes that are no text, so it is no table. Save it as UTF-8 text.")
    text = sample.decode("utf-8-sig" if encoding == "utf8" else encoding, errors="replace")
    lines = [line for line in text.splitlines()[:LOOKED] if line.strip()]
    if len(lines) < 2:
        raise OwnDataError(f"{path.name} has {len(lines)} lines. A table has a row for each example.")
    mark, margin = separator_of(lines)
    mark = _asked(chosen, "separator", SEPARATORS, mark)
    rows = _cells(lines, mark)
    decimal, decimals = decimal_of(rows[1:], mark)
    decimal = _asked(chosen, "decimal", DECIMALS, decimal)
    header, sure = header_of(rows)
    header = _asked(chosen, "header", HEADERS, header)
    width = len(rows[0])
    names = [cell.strip() for cell in rows[0]] if header == "yes" else [f"column {k + 1}" for k in range(width)]
    names = list(named(name or f"column {k + 1}" for k, name in enumerate(names)))
    table = _parsed(path, scratch, encoding, mark, names, header == "yes")
    found = [
        Choice("encoding", "Encoding", encoding, ENCODINGS, None, why),
        Choice("separator", "Separator", mark, SEPARATORS, margin, f"it divides the lines into {width} cells"),
        Choice("header", "First line", header, HEADERS, sure, ", ".join(names[:4])[:60]),
        Choice("decimal", "Decimals", decimal, DECIMALS, decimals, "how the numbers with a fraction are written"),
    ]
    made = content("table", mapped(table), chosen)
    made.found = found + made.found
    return made


def _parsed(path: Path, scratch: Path, encoding: str, mark: str, names: list[str], header: bool) -> Path:
    """Write the table as Arrow, every cell a text, and return the file; raises OwnDataError for ragged rows."""
    import pyarrow as pa
    from pyarrow import csv

    if len(names) > limits.COLUMNS:
        raise OwnDataError(f"{path.name} has {len(names):,} columns, and at most {limits.COLUMNS:,} are read.")
    target, ragged = scratch / "table.arrow", []

    def refuse(row: csv.InvalidRow) -> str:
        ragged.append((row.number, row.actual_columns, row.expected_columns))
        return "error"

    try:
        reader = csv.open_csv(
            path,
            csv.ReadOptions(
                use_threads=False, encoding=encoding, column_names=names, skip_rows=int(header), block_size=4 << 20
            ),
            csv.ParseOptions(delimiter=mark, newlines_in_values=True, invalid_row_handler=refuse),
            csv.ConvertOptions(
                column_types={name: pa.string() for name in names}, strings_can_be_null=False, check_utf8=True
            ),
        )
        with pa.OSFile(str(target), "wb") as sink, pa.ipc.new_file(sink, reader.schema) as writer:
            count = 0
            for batch in reader:
                writer.write_batch(batch)
                count += batch.num_rows
                if count > limits.ROWS:
                    raise OwnDataError(f"{path.name} has more than {limits.ROWS:,} rows. Use a part of it.")
    except (pa.ArrowException, OSError, ValueError, UnicodeError) as error:
        if ragged:
            number, has, needed = ragged[0]
            says = f"A line of {path.name} has {has} cells, and the first {needed}."
            if number is not None:
                says = f"Line {number:,} of {path.name} has {has} cells, and the first {needed}."
            raise OwnDataError(f"{says} Correct it, or choose another separator.") from error
        raise OwnDataError(f"{path.name} cannot be read as a table: {str(error)[:160]}. Save it as CSV.") from error
    return target


def _recognises(path: Path, head: bytes) -> bool:
    return bool(head) and path.is_file() and encoding_of(head)[0] != ""


TEXT = Reader("table", (".csv", ".tsv", ".txt"), _recognises, _read)
