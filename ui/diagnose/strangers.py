"""The chart of strange images, a pure function of evidence: how many foreign images each threshold finds."""

import plotly.graph_objects as go

from ui.diagnose.charts import DECODER, DISTORTION, ENCODER, RATE, shares
from ui.words import say
from vae.diagnosis import roc
from vae.diagnosis.evidence import Strange
from vae.diagnosis.strangers import SCORES

HUES = {"likelihood": ENCODER, "regret": DECODER, "complexity": RATE, "bound": DISTORTION}
DASHES = {"likelihood": "solid", "regret": "dash", "complexity": "dot", "bound": "dashdot"}
DIGITS = 4  # of a share, which is of a few hundred images


def curves(found: Strange) -> go.Figure:
    """Return the ROC curve of each score with its AUC; a point tells the threshold in nats."""
    figure = go.Figure()
    for name, hue in HUES.items():
        if name not in found.auc:
            continue
        one = roc.curve(found.own[name], found.other[name])
        figure.add_scatter(
            x=one.false_alarms.round(DIGITS),
            y=one.found.round(DIGITS),
            customdata=one.threshold.round(2),
            mode="lines",
            line={"color": hue, "width": 2, "shape": "hv", "dash": DASHES[name]},
            name=f"{say(SCORES[name])}, {found.auc[name].value:.2f}",
            hovertemplate=say(
                "{score} ≥ %{{customdata}} nats finds %{{y:.0%}} of {against}, with false alarms for %{{x:.0%}} of the "
                "data<extra></extra>",
                score=say(SCORES[name]),
                against=found.against,
            ),
        )
    shares(figure, say("false alarms: share of the data"), say("found"))
    figure.update_layout(
        showlegend=True, legend={"x": 1, "y": 0, "xanchor": "right", "yanchor": "bottom", "bgcolor": "rgba(0,0,0,0)"}
    )
    return figure
