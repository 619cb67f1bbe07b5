"""The charts of what a model's own images say, as pure functions of evidence: no Streamlit in here."""

import plotly.graph_objects as go

from ui.diagnose.charts import DECODER, ENCODER, PRIOR, plain
from vae.diagnosis.evidence import SampleQuality, Simulated

MOST_LINES = 4  # dimensions that are drawn, those farthest from flat


def ranks(found: Simulated) -> go.Figure:
    """Return the histogram of the ranks of each dimension, times the count of a flat one; of many, the least flat."""
    bins = len(found.histogram[0])
    flat = found.n / bins
    away = [sum((count - flat) ** 2 for count in row) for row in found.histogram]
    shown = sorted(sorted(range(len(away)), key=lambda j: -away[j])[:MOST_LINES])
    figure = go.Figure()
    for k, j in enumerate(shown):
        figure.add_scatter(
            x=[(i + 0.5) / bins for i in range(bins)],
            y=[count / flat for count in found.histogram[j]],
            mode="lines",
            line={"color": ENCODER, "width": 2, "shape": "hvh", "dash": ("solid", "dash", "dot", "dashdot")[k]},
            name=f"z<sub>{j + 1}</sub>",
            hovertemplate=f"z{j + 1}: %{{y:.2f}} times as often<extra></extra>",
        )
    which = "" if len(shown) == len(away) else f" (the least flat {len(shown)} of {len(away)})"
    plain(figure, f"place of z in q(z|x){which}", "times as often")
    figure.add_hline(y=1, line={"color": PRIOR, "width": 1, "dash": "dot"})
    figure.update_yaxes(rangemode="tozero")
    figure.update_layout(showlegend=len(shown) > 1, legend={"orientation": "h", "y": 1.15, "x": 0})
    return figure


def samples(found: SampleQuality) -> go.Figure:
    """Return the four numbers of samples with their errors, and those of data against data as diamonds."""
    names = ("precision", "recall", "density", "coverage")
    figure = go.Figure()
    for title, hue, symbol, numbers in (
        ("data against data", PRIOR, "diamond", found.ceiling),
        ("samples", DECODER, "circle", [getattr(found, name) for name in names]),
    ):
        figure.add_scatter(
            x=[number.value for number in numbers],
            y=names,
            mode="markers",
            marker={"color": hue, "size": 9, "symbol": symbol},
            error_x={"type": "data", "array": [number.se for number in numbers], "color": hue, "width": 4},
            name=title,
            hovertemplate="%{y} %{x:.3f}<extra>" + title + "</extra>",
        )
    plain(figure, f"by {found.k} nearest neighbours", "")
    figure.update_yaxes(title=None, range=[len(names) - 0.5, -0.5])
    figure.update_xaxes(rangemode="tozero")
    figure.update_layout(showlegend=True, legend={"orientation": "h", "y": 1.15, "x": 0})
    return figure
