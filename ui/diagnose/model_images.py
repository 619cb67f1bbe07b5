"""The charts of what a model's own images say, as pure functions of evidence: no Streamlit in here."""

import plotly.graph_objects as go

from ui.diagnose.charts import DECODER, ENCODER, PRIOR, plain
from ui.shared import messages
from ui.words import phrase, say
from vae.diagnosis.evidence import Memorised, Number, SampleQuality, Simulated

MOST_CLASSES = 12
QUALITIES = (phrase("precision"), phrase("recall"), phrase("density"), phrase("coverage"))
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
            hovertemplate=say("z{j}: %{{y:.2f}} times as often<extra></extra>", j=j + 1),
        )
    place = say("place of z in q(z|x)")
    if len(shown) < len(away):
        place = say("{axis} (the least flat {n} of {all})", axis=place, n=len(shown), all=len(away))
    plain(figure, place, say("times as often"))
    figure.add_hline(y=1, line={"color": PRIOR, "width": 1, "dash": "dot"})
    figure.update_yaxes(rangemode="tozero")
    figure.update_layout(showlegend=len(shown) > 1, legend={"orientation": "h", "y": 1.15, "x": 0})
    return figure


def samples(found: SampleQuality) -> go.Figure:
    """Return the four numbers of samples with their errors, and those of data against data as diamonds."""
    figure = go.Figure()
    for title, hue, symbol, numbers in (
        (say("data against data"), PRIOR, "diamond", found.ceiling),
        (say("samples"), DECODER, "circle", [getattr(found, name) for name in QUALITIES]),
    ):
        figure.add_scatter(
            x=[number.value for number in numbers],
            y=list(map(say, QUALITIES)),
            mode="markers",
            marker={"color": hue, "size": 9, "symbol": symbol},
            error_x={"type": "data", "array": [number.se for number in numbers], "color": hue, "width": 4},
            name=title,
            hovertemplate="%{y} %{x:.3f}<extra>" + title + "</extra>",
        )
    plain(figure, say("by {k} nearest neighbours", k=found.k), "")
    figure.update_yaxes(title=None, range=[len(QUALITIES) - 0.5, -0.5])
    figure.update_xaxes(rangemode="tozero")
    figure.update_layout(showlegend=True, legend={"orientation": "h", "y": 1.15, "x": 0})
    return figure


def memorised(found: Memorised) -> go.Figure:
    """Return the shares nearer to training images with their errors, beside a half and what a copier would have."""
    rows = {say("data"): found.data, say("means"): found.decoded, say("samples"): found.samples}
    figure = go.Figure()
    figure.add_scatter(
        x=[number.value for number in rows.values()],
        y=list(rows),
        mode="markers",
        marker={"color": [PRIOR, DECODER, DECODER], "size": 9, "symbol": ["diamond", "circle-open", "circle"]},
        error_x={"type": "data", "array": [number.se for number in rows.values()], "color": PRIOR, "width": 4},
        hovertemplate="%{y} %{x:.1%}<extra></extra>",
    )
    plain(figure, say("share nearer to a training image"), "")
    for x, text in ((0.5, say("no memory")), (found.copier, say("copies"))):
        figure.add_vline(
            x=x, line={"color": PRIOR, "width": 1, "dash": "dot"}, annotation_text=text, annotation_position="top"
        )
    edge = max(abs(number.value - 0.5) + 2 * number.se for number in rows.values())
    reach = 1.25 * max(edge, found.copier - 0.5)
    figure.update_xaxes(range=[0.5 - reach, 0.5 + reach], tickformat=".0%")
    figure.update_yaxes(title=None, range=[-0.5, len(rows) - 0.5])
    figure.update_layout(showlegend=False, margin={"t": 28})
    return figure


def class_table(found: SampleQuality) -> str:
    """Return the coverage of each class beside that by data as a table in Markdown, the worst covered classes first."""

    def share(number: Number) -> str:
        return f"{number.value:.0%} ± {number.se:.0%}"

    rows = sorted(found.classes.items(), key=lambda row: row[1][0].value - row[1][1].value)
    lines = [f"| {messages.plain(name)} | {share(ours)} | {share(data)} |" for name, (ours, data) in rows]
    if len(lines) > MOST_CLASSES:
        lines[MOST_CLASSES:] = [f"| {say('… {count} more', count=len(lines) - MOST_CLASSES)} | | |"]
    return "\n".join([say("| class | covered by samples | by held-out data |"), "|:--|--:|--:|", *lines])
