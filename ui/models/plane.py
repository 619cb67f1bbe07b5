"""Rate against distortion of all runs on the same data, and the runs of a group in parallel coordinates."""

from collections.abc import Sequence
from html import escape
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from ui.models import table as tables
from ui.models.group_choice import chosen_group
from ui.shared import figures, messages
from ui.words import say, say_n
from vae.page import palette
from vae.runs import Run, frontier, table
from vae.runs.table import Number, Row
from vae.spec.varied import written

BETA = "objective.beta"
HEIGHT = 460
PLANE = ("rate", "distortion")


def plane(shown: Run) -> None:
    """Draw the plane of the runs on the shown run's data in a part that opens."""
    part = st.expander(say("Rate and distortion"), icon=":material/show_chart:", key="plane", on_change="rerun")
    if not part.open:
        return
    with part:
        found = comparable(tables.rows(), table.row(shown))
        if not found:
            st.caption(
                say("No run on these data has a rate: autoencoders have none, and others are not evaluated yet.")
            )
            return
        st.plotly_chart(
            figure(found, shown.name), key="rate_distortion", config={"displayModeBar": False},
            alt=say("Rate and distortion of the runs on these data, and their lower hull."),
        )  # fmt: skip
        st.caption(
            say_n("{n} run on {data} with the same kind of likelihood.", "{n} runs on {data} with the same kind of "
                  "likelihood.", len(found), data=messages.plain(shown.spec.data_name))
            + " "
            + say("The line is the lower hull: for every β the run with the least distortion + β · rate is on it. Its "
                  "slope is −β. What lies above it is beaten for every β.")
        )  # fmt: skip


def comparable(found: Sequence[Row], shown: Row) -> list[Row]:
    """Return the rows with a rate and a distortion whose nats can be compared with those of the shown run."""

    def of(one: Row) -> Any:
        spec = one.run.spec
        return spec.data, spec.shape, spec.binarisation, spec.likelihood["kind"]

    return [one for one in found if of(one) == of(shown) and all(name in one.numbers for name in PLANE)]


def figure(found: Sequence[Row], chosen: str) -> go.Figure:
    """Return the plane with each run's β, the chosen run's point larger, and the hull, in nats per example."""
    numbers = [[one.numbers[name] for one in found] for name in PLANE]
    rate, distortion = ([number.value for number in column] for column in numbers)
    hull = frontier.hull(rate, distortion)
    made = go.Figure()
    made.add_scatter(
        x=[rate[i] for i in hull], y=[distortion[i] for i in hull], mode="lines", name=say("hull"),
        line={"color": figures.PRIOR, "width": 1.5, "dash": "dot"}, hoverinfo="skip",
    )  # fmt: skip
    names = list(dict.fromkeys(one.group for one in found))
    named = {*hull, *_firsts(found)}
    for k, group in enumerate(names):
        mine = [i for i, one in enumerate(found) if one.group == group]
        made.add_scatter(
            x=[rate[i] for i in mine], y=[distortion[i] for i in mine], mode="markers+text",
            name=group or say("in no group"),
            text=[_beta(found[i]) if i in named else "" for i in mine], textposition="top right", cliponaxis=False,
            error_x=_errors([numbers[0][i] for i in mine]), error_y=_errors([numbers[1][i] for i in mine]),
            marker={"color": palette.still(palette.of_class(k)),
                    "size": [13 if found[i].run.name == chosen else 8 for i in mine]},
            customdata=[[escape(found[i].run.title), rate[i] + distortion[i], _beta(found[i])] for i in mine],
            hovertemplate="%{customdata[0]}<br>%{customdata[2]}<br>R %{x:.2f}, D %{y:.2f}, "
            "−ELBO %{customdata[1]:.2f}<extra></extra>",
        )  # fmt: skip
    made.update_xaxes(title_text=say("Rate KL(q‖p), nats"), rangemode="tozero", gridcolor=figures.GRID)
    made.update_yaxes(title_text=say("Distortion −E log p(x|z), nats"), gridcolor=figures.GRID)
    made.update_layout(
        height=HEIGHT, margin={"l": 8, "r": 8, "t": 24, "b": 8}, showlegend=len(names) > 1,
        legend={"orientation": "h", "y": 1.1},
    )  # fmt: skip
    return made


def _firsts(found: Sequence[Row]) -> list[int]:
    """Return the first run of each β in each group: the labels of its other seeds would lie on one another."""
    first: dict[tuple[str, str], int] = {}
    for i, one in enumerate(found):
        first.setdefault((one.group, _beta(one)), i)
    return list(first.values())


def _beta(one: Row) -> str:
    return f"β {written(one.entries[BETA])}" if BETA in one.entries else ""


def _errors(numbers: Sequence[Number]) -> dict[str, Any]:
    return {"type": "data", "array": [number.se or 0.0 for number in numbers], "thickness": 1, "width": 0}


def parallel() -> None:
    """Draw the runs of a group in parallel coordinates in a part that opens; without a group there is none."""
    opened = chosen_group(
        say("Parallel coordinates of a group"), ":material/line_axis:", "parallel", choice="parallel_group"
    )
    if opened is None:
        return
    part, name = opened
    with part:
        mine = [one for one in tables.rows() if one.group == name and one.numbers]
        if not mine:
            st.caption(say("No run of this group has numbers yet."))
            return
        st.plotly_chart(
            coordinates(mine), key="parallel_chart", config={"displayModeBar": False},
            alt=say("Each run of the group is a line through what was varied and its numbers."),
        )  # fmt: skip
        st.caption(say("Each line is a run; its colour is the last axis. Drag along an axis to choose runs."))


def coordinates(found: Sequence[Row]) -> go.Figure:
    """Return a group's runs as lines through what differs between them and their bounds, coloured by the last."""
    axes = [_axis(found, name) for name in table.differing(found)]
    numbers = [name for name in reversed(table.FIRST) if all(name in one.numbers for one in found)]
    axes += [{"label": name, "values": [one.numbers[name].value for one in found]} for name in numbers]
    made = go.Figure(
        go.Parcoords(dimensions=axes, line={"color": axes[-1]["values"], "colorscale": "Viridis", "showscale": False})
    )
    made.update_layout(height=HEIGHT, margin={"l": 60, "r": 60, "t": 60, "b": 24})
    return made


def _axis(found: Sequence[Row], name: str) -> dict[str, Any]:
    """Return an axis of numbers, or of words with a place for each."""
    values = tables.column(found, name)
    if all(isinstance(value, int | float) for value in values):
        return {"label": name, "values": values}
    words = list(dict.fromkeys(map(str, values)))
    return {
        "label": name, "values": [words.index(str(value)) for value in values],
        "tickvals": list(range(len(words))), "ticktext": [escape(word) for word in words],
    }  # fmt: skip
