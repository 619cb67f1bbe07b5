"""A row typed by hand: a field for each column of the file, in its own units; or all numbers of a vector as text."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from ui.shared import messages
from ui.state.handmade import Handmade
from ui.words import say
from vae.data import Description, units
from vae.runs import Run

MOST = 32  # columns that have a field each; more are typed as text
IN_A_LINE = 3


def form(run: Run, about: Description | None, before: Handmade | None) -> NDArray[np.float32] | None:
    """Draw the fields and return the vector [D] that they stand for; None while there is none."""
    size = math.prod(run.spec.shape)
    start = before.array if before is not None else np.zeros(size, np.float32)
    columns = () if about is None else about.columns
    if not columns or len(columns) > MOST:
        return _typed(size, start)
    values: dict[str, Any] = {}
    cells = {cell.name: cell for cell in units.row(columns, start)}
    places = [place for _ in range(0, len(columns), IN_A_LINE) for place in st.columns(IN_A_LINE)]
    optional = {str(column["name"]) for column in columns if column["kind"] not in ("number", "words")}
    shown = [column for column in columns if column["kind"] in ("number", "words")]
    for place, column in zip(places, shown, strict=False):
        name = str(column["name"])
        with place:
            values[name] = _field(column, cells[name])
            if f"{name} missing" in optional and st.checkbox(say("missing"), key=f"own_row_{name}_missing"):
                values[name] = None
    return units.vector(columns, values)


def _field(column: Mapping[str, Any], now: units.Cell) -> Any:
    """Draw one column's field and return its value: a number in its unit, or one of its words."""
    name, key = str(column["name"]), f"own_row_{column['name']}"
    if column["kind"] == "words":
        words = [str(word) for word in column["words"]]
        return st.selectbox(
            messages.plain(name), words, index=words.index(now.text) if now.text in words else 0, key=key
        )
    label = f"{name} ({now.unit})" if now.unit else name
    scale, offset = float(column["scale"]), float(column["offset"])
    step = 10.0 ** math.floor(math.log10(scale)) / 10 if scale > 0 else 1.0
    text = now.text.replace("−", "-")
    value = offset if text == "missing" else float(text)
    return st.number_input(messages.plain(label), value=value, step=step, format=f"%.{units.decimals(scale)}f", key=key)


def _typed(size: int, start: NDArray[np.float32]) -> NDArray[np.float32] | None:
    """Draw one field for all numbers, with commas or spaces between them."""
    usual = ", ".join(f"{v:.4g}" for v in start.reshape(-1))
    label = say("{count} numbers, with commas or spaces between them", count=size)
    written = st.text_area(label, usual, key="own_row_text")
    values, problem = numbers(written, size)
    if problem:
        messages.problem(problem)
    return values


def numbers(written: str, size: int) -> tuple[NDArray[np.float32] | None, str]:
    """Return typed numbers as a vector of that size, or None and what is wrong with them."""
    parts: Sequence[str] = written.replace(",", " ").replace(";", " ").split()
    try:
        values = [float(part) for part in parts]
    except ValueError:
        wrong = next(part for part in parts if not _is_number(part))
        return None, say(
            "“{word}” is no number. Type {count} numbers with commas or spaces between them.",
            word=wrong[:20],
            count=size,
        )
    if len(values) != size or not all(math.isfinite(v) for v in values):
        return None, say(
            "These are {count} numbers, and the model takes {size}. Add or remove some.", count=len(values), size=size
        )
    return np.array(values, np.float32), ""


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
