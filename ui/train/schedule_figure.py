"""A scheduled number drawn against the step: a small figure, the same on light and dark paper."""

import numpy as np
import plotly.graph_objects as go

from ui.shared.figures import GRID, THEME_INK
from ui.words import say
from vae.page import palette
from vae.spec import schedules
from vae.spec.schedules import Number

POINTS = 160
HEIGHT = 130


def schedule_figure(title: str, number: Number, steps: int, hue: str) -> go.Figure:
    """Return a number (constant or schedule, in its own unit) over the steps 0 to `steps` of a run."""
    corners = [number.get("warmup", 0), number["steps"]] if not isinstance(number, int | float) else []
    at = np.unique(np.clip([*np.linspace(0, steps, POINTS), *corners], 0, steps).astype(np.int64))
    values = [schedules.at(number, int(step)) for step in at]
    figure = go.Figure(
        go.Scatter(
            x=at.astype(np.float32),
            y=np.array(values, np.float32),
            mode="lines",
            line={"color": palette.still(hue), "width": 2},
            hovertemplate=say("{title} %{{y:.3g}} at step %{{x:,.0f}}<extra></extra>", title=title),
        )
    )
    axis = {
        "gridcolor": GRID,
        "zeroline": False,
        "color": THEME_INK,
        "tickfont": {"size": 12},
        "title_font": {"size": 14},
    }
    figure.update_xaxes(title={"text": say("step"), "standoff": 6}, range=[0, steps], nticks=5, tickformat=",d", **axis)
    figure.update_yaxes(title={"text": title, "standoff": 14}, rangemode="tozero", nticks=4, **axis)
    figure.update_layout(height=HEIGHT, margin={"l": 4, "r": 8, "t": 6, "b": 4}, showlegend=False, dragmode=False)
    return figure
