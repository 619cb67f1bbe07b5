"""Missing cells of a row, and missing steps of a series: some are hidden, and the model says what to expect there."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from numpy.typing import NDArray

from ui.shared import asking, library, messages
from ui.shared.figures import THEME_INK
from ui.state import mode
from ui.state import view as state
from ui.state.view import View
from ui.words import say
from vae.answers import missing as answers
from vae.answers import pool
from vae.answers.missing import Filled
from vae.data import DataError, units
from vae.page import palette, vectors
from vae.runs import Codes, Run, RunError
from vae.spec import SpecError

PATIENCE = 20.0  # seconds that a choice waits for its answer
BAND = 2.0  # standard deviations either way that the chart shows


def hidden_values(columns: Sequence[Mapping[str, Any]], chosen: Sequence[str]) -> NDArray[np.bool_]:
    """Return which values of a vector [D] stand for the chosen columns, with those that say that one is missing."""
    found: list[bool] = []
    for column in columns:
        name = str(column["name"])
        count = len(column["words"]) if column["kind"] == "words" else 1
        base = name if column["kind"] in ("number", "words") else name.removesuffix(" missing")
        found += [base in chosen] * count
    return np.array(found, bool)


def table(
    columns: Sequence[Mapping[str, Any]], x: NDArray[Any], found: Filled, chosen: Sequence[str]
) -> list[dict[str, str]]:
    """Return a line for each hidden column: its value in the row, what the model expects, and the spread."""
    numbers = np.cumsum([0, *(len(c["words"]) if c["kind"] == "words" else 1 for c in columns)])
    place = {str(c["name"]): (c, int(at)) for c, at in zip(columns, numbers, strict=False)}
    rows = []
    for true, mean in zip(units.row(columns, x), units.row(columns, found.mean), strict=True):
        if true.name not in chosen:
            continue
        column, at = place[true.name]
        spread = ""
        if column["kind"] == "number":
            scale = float(column["scale"])
            spread = f"± {units.number(float(found.spread[at]) * scale, scale)}"
        name = f"{true.name} ({true.unit})" if true.unit else true.name
        shown = [name, _text(column, true), _text(column, mean), spread]
        heads = [say("hidden"), say("in the row"), say("the model expects"), say("spread")]
        rows.append(dict(zip(heads, shown, strict=True)))
    return rows


def _text(column: Mapping[str, Any], cell: units.Cell) -> str:
    """Return a cell as it is shown: a word of the file stays as it is."""
    return cell.text if cell.text in map(str, column.get("words") or ()) else say(cell.text)


def chart(x: NDArray[Any], found: Filled, hidden: NDArray[np.bool_], lines: tuple[int, int]) -> go.Figure:
    """Return the lines of a vector with what the model expects of the hidden steps, and BAND spreads either way."""
    figure = go.Figure()
    steps = np.arange(lines[1])
    decoder = palette.still(palette.DECODER)
    for c in range(lines[0]):
        part = slice(c * lines[1], (c + 1) * lines[1])
        away = np.where(hidden[part], BAND * found.spread[part], np.nan)
        mean = np.where(hidden[part], found.mean[part], np.nan)
        name = f" {c + 1}" if lines[0] > 1 else ""
        figure.add_scatter(
            x=steps, y=x[part], mode="lines", line={"color": THEME_INK, "width": 1}, name=say("row") + name
        )
        figure.add_scatter(x=steps, y=mean + away, mode="lines", line={"width": 0}, showlegend=False, hoverinfo="skip")
        figure.add_scatter(
            x=steps, y=mean - away, mode="lines", line={"width": 0}, fill="tonexty", fillcolor="rgba(217,93,0,0.2)",
            showlegend=False, hoverinfo="skip",
        )  # fmt: skip
        figure.add_scatter(
            x=steps, y=mean, mode="lines", line={"color": decoder, "width": 2}, name=say("expected") + name
        )
    margin = {"l": 8, "r": 8, "t": 8, "b": 8}
    figure.update_layout(height=300, margin=margin, xaxis_title=say("step"), yaxis_title=say("value"))
    return figure


def rows(view: View, codes: Codes, label: int) -> None:
    """Draw the choice of what is hidden in the row that is looked at, and what the model expects there."""
    run = view.run
    seen = state.view() or view
    i, _ = state.image(seen, codes)
    own, _ = state.own_example(seen)
    known = library.examples_of(run)
    if own is None and known is None:
        messages.data_missing(run)
        return
    x = own.array if own is not None else np.asarray(known[i] if known is not None else (), np.float32)
    columns = vectors.described(run).get("columns")
    lines = vectors.lines_of(run) or (1, len(x))
    names = [str(c["name"]) for c in columns or () if c["kind"] in ("number", "words")]
    if columns:
        chosen = st.multiselect(say("Hidden columns"), names, default=names[-1:], key="missing_columns")
        hidden = hidden_values(columns, chosen)
    else:
        chosen = []
        half = lines[1] // 2
        first, last = st.slider(say("Hidden values"), 1, lines[1], (half + 1, lines[1]), key="missing_steps")
        hidden = np.tile((np.arange(lines[1]) >= first - 1) & (np.arange(lines[1]) < last), lines[0])
    if not hidden.any():
        st.caption(say("Choose what is to be hidden."))
        return
    found = _asked(run, x, hidden, label if run.spec.labels else None, None if own is not None else i)
    if found is None:
        return
    if columns:
        st.dataframe(table(columns, x, found, chosen), hide_index=True, key="missing_table")
    else:
        st.plotly_chart(chart(x, found, hidden, lines), key="missing_chart", config={"displayModeBar": False})
    if mode.expert():
        value = f"{found.log_seen:,.2f}".replace("-", "−")
        st.caption(
            say("log p(visible) = {value} nats", value=value)
            if found.axes
            else say("log p(visible), at least = {value} nats", value=value)
        )


def _asked(
    run: Run, x: NDArray[Any], hidden: NDArray[np.bool_], label: int | None, number: int | None
) -> Filled | None:
    question = (run.name, library.stamp(run.path), x.tobytes(), hidden.tobytes(), label)
    answer = asking.once("missing", question, lambda: pool.ask(answers.fill, run.path, x, hidden, label, number))
    try:
        with st.spinner(say("Computing …")):
            return answer.result(PATIENCE)
    except TimeoutError:
        st.caption(say("Still computing: choose again in a moment."))
    except (RunError, DataError, SpecError) as error:
        messages.failure(error)
    return None
