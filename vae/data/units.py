"""The values of a vector in the units of its file: what was standardised or made columns of 0 and 1 is turned back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class Cell:
    """One cell of a row in its own units: its column's name, the value as a text, and the unit, "" for none."""

    name: str
    text: str
    unit: str = ""


def row(columns: Sequence[Mapping[str, Any]], x: ArrayLike) -> list[Cell]:
    """Return a vector [D] as the row that it was made of; of a column of words, the word with the largest value.

    Vectors that a decoder makes are no exact rows: a missing value is one where its column says more than a half.
    """
    values = np.asarray(x, np.float64).reshape(-1)
    cells: list[Cell] = []
    missing: set[str] = set()
    at = 0
    for column in columns:
        kind, name = column["kind"], str(column["name"])
        if kind == "number":
            value = values[at] * float(column["scale"]) + float(column["offset"])
            cells.append(Cell(name, number(value, float(column["scale"])), str(column.get("unit", ""))))
            at += 1
        elif kind == "words":
            words = column["words"]
            cells.append(Cell(name, str(words[int(np.argmax(values[at : at + len(words)]))])))
            at += len(words)
        else:
            if values[at] > 0.5:
                missing.add(name.removesuffix(" missing"))
            at += 1
    return [Cell(c.name, "missing", "") if c.name in missing else c for c in cells]


def vector(columns: Sequence[Mapping[str, Any]], cells: Mapping[str, Any]) -> NDArray[np.float32]:
    """Return the vector [D] of a row in its own units, name -> number or word; the inverse of `row`.

    A column without a value, or with None, has its mean, and says that it is missing where it can; an unknown word is
    none of the words.
    """
    values: list[float] = []
    for column in columns:
        kind, name = column["kind"], str(column["name"])
        if kind == "number":
            value = cells.get(name)
            scale = float(column["scale"])
            values.append(0.0 if value is None or scale == 0 else (float(value) - float(column["offset"])) / scale)
        elif kind == "words":
            values += [float(str(word) == str(cells.get(name))) for word in column["words"]]
        else:
            values.append(float(cells.get(name.removesuffix(" missing")) is None))
    return np.array(values, np.float32)


def decimals(scale: float) -> int:
    """Return how many decimals matter beside a column's deviation: those of a hundredth of it."""
    return int(np.clip(2 - np.floor(np.log10(scale)) if scale > 0 else 2, 0, 6))


def number(value: float, scale: float = 1.0) -> str:
    """Return a number with as many decimals as matter beside its column's deviation."""
    if not np.isfinite(value):
        return str(value)
    text = f"{value:.{decimals(scale)}f}" if abs(value) < 1e15 else f"{value:.4g}"
    return text.replace("-", "−") if float(text) else text.lstrip("-")


def names(columns: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the name of each value of a vector; of a column of words "name: word"."""
    found: list[str] = []
    for column in columns:
        words = column["words"] if column["kind"] == "words" else None
        found += [str(column["name"])] if words is None else [f"{column['name']}: {word}" for word in words]
    return found
