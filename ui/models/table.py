"""All runs as one table on the Models page, for experts: sortable, filtered by words, with any number ± its error."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from ui.models import several
from ui.shared import library
from ui.words import phrase, say, say_n
from vae.runs import Run, table
from vae.runs import stamp as stamps
from vae.runs.stamp import Stamp
from vae.runs.table import FIRST, Row
from vae.spec import SpecError
from vae.spec.varied import written

FIELDS = ("preset", "data", "latent")  # of a spec, which every table begins with
MOST_FIELDS = 12  # that differ and are shown at first; the CSV has all
ERROR = "± {name}"
STATUS = ("status.json",)
TITLES = {"run": phrase("Run"), "title": phrase("Title"), "group": phrase("Group"), "state": phrase("State")}


def rows() -> list[Row]:
    """Return the rows of all readable runs, each made again only when its files have changed."""
    found = [run for run in library.entries() if isinstance(run, Run)]
    return [_row(run.path, library.stamp(run.path), stamps.stamp(run.path, STATUS), run) for run in found]


@st.cache_resource(max_entries=2000, show_spinner=False)
def _row(path: Path, version: Stamp, status: Stamp, _run: Run) -> Row:
    return table.row(_run)


def every_run() -> None:
    """Draw the table in a part that opens."""
    part = st.expander(say("Table of all runs"), icon=":material/table:", key="all_runs", on_change="rerun")
    if not part.open:
        return
    with part:
        found = rows()
        words = st.text_input(
            say("Filter"), key="all_runs_filter", icon=":material/search:",
            placeholder=say("words of any column, or objective.beta=1"),
        )  # fmt: skip
        known = table.metrics(found)
        numbers = st.multiselect(
            say("Numbers"), known, [name for name in FIRST if name in known], key="all_runs_numbers",
            help=say("Each with its standard error. Evaluate a model to measure more of them."),
        )  # fmt: skip
        left = matching(found, words)
        st.caption(say_n("{n} run of {all}", "{n} runs of {all}", len(left), all=len(found)))
        _table(left, numbers)
        if words.strip():  # without a filter one press would take everything
            several.together(left)
        st.download_button(
            say("CSV"), table.to_csv(left).encode(), "runs.csv", "text/csv", key="all_runs_csv",
            icon=":material/download:", on_click="ignore",
            help=say("The runs that are shown, with all that differs between them and every number."),
        )  # fmt: skip


def matching(found: Sequence[Row], text: str) -> list[Row]:
    """Return the rows that have every word of a text in some cell, in any case, and for NAME=VALUE that very value."""
    left = list(found)
    for word in text.lower().split():
        name, equals, value = word.partition("=")
        if not equals:
            left = [one for one in left if any(word in cell for cell in _texts(one))]
            continue
        try:
            left = table.chosen(left, where={name: value.split(",")})
        except SpecError:
            left = []  # nothing has such a name
    return left


def _texts(one: Row) -> list[str]:
    return [cell.lower() for cell in (*one.about.values(), *map(written, one.entries.values()))]


def _others(found: Sequence[Row]) -> list[str]:
    """Return the first of the other names whose values differ."""
    return [name for name in table.differing(found) if name not in FIELDS][:MOST_FIELDS]


def _table(found: Sequence[Row], numbers: Sequence[str]) -> None:
    columns: dict[str, list[Any]] = {say(title): [one.about[name] for one in found] for name, title in TITLES.items()}
    config: dict[str, Any] = {}
    for name in FIELDS:
        columns[name] = column(found, name)
    for name in numbers:
        values = [one.numbers.get(name) for one in found]
        error = ERROR.format(name=name)
        columns[name] = [number.value if number else None for number in values]
        columns[error] = [number.se if number else None for number in values]
        units = next((number.units for number in values if number), "")
        config |= {
            name: st.column_config.NumberColumn(f"{name}, {units}", format="%.2f"),
            error: st.column_config.NumberColumn("±", format="%.2f", help=say("Standard error")),
        }
    for name in _others(found):
        columns[name] = column(found, name)
    st.dataframe(columns, hide_index=True, column_config=config, key="all_runs_table", alt=say("Table of all runs"))


def column(found: Sequence[Row], name: str) -> list[Any]:
    """Return a column of one type, which can be sorted: numbers where all values are numbers, texts otherwise."""
    values = [one.entries.get(name) for one in found]
    if all(v is None or (isinstance(v, int | float) and not isinstance(v, bool)) for v in values):
        return [None if v is None else float(v) if any(isinstance(w, float) for w in values) else v for v in values]
    return [written(one.entries[name]) if name in one.entries else "" for one in found]
