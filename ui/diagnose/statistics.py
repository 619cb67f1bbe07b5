"""The chart of samples' statistics, a pure function of evidence: the share of samples below each share of the data."""

import plotly.graph_objects as go

from ui.diagnose.charts import DECODER, DISTORTION, ENCODER, RATE, shares
from ui.words import say
from vae.diagnosis.evidence import Statistics

HUES = (ENCODER, DECODER, RATE, DISTORTION)
DASHES = ("solid", "dash", "dot", "dashdot")


def curves(found: Statistics) -> go.Figure:
    """Return, for each statistic, the share of samples below the value that a share of the data is below."""
    figure = go.Figure()
    for k, (name, below) in enumerate(found.below.items()):
        levels = [i / (len(below) - 1) for i in range(len(below))]
        figure.add_scatter(
            x=levels,
            y=below,
            mode="lines",
            line={"color": HUES[k % len(HUES)], "width": 2, "dash": DASHES[k % len(DASHES)]},
            name=f"{say(name)}, {found.distance[name]:.2f}",
            hovertemplate=say(
                "{name}: %{{x:.0%}} of the data are below a value, and %{{y:.0%}} of the samples<extra></extra>",
                name=say(name),
            ),
        )
    shares(figure, say("share of the data below"), say("share of samples"))
    # above: the curves of smaller and of larger samples leave no corner free
    figure.update_layout(showlegend=True, legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"})
    return figure
