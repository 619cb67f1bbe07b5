"""The charts of the Diagnose page as pure functions of evidence: no Streamlit in here."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from ui.shared.figures import GRID, THEME_INK
from ui.words import say
from vae.density.holes import HOLE
from vae.diagnosis.evidence import (
    Bound,
    Codebook,
    Codes,
    Decoder,
    Gap,
    Holes,
    Likelihood,
    Number,
    Overfitting,
    Reconstruction,
    Surgery,
    Width,
)
from vae.diagnosis.limits import IGNORED
from vae.geometry.traversal import DEAD
from vae.page import palette

ENCODER, DECODER, PRIOR, RATE, DISTORTION = (
    palette.still(hue) for hue in (palette.ENCODER, palette.DECODER, palette.PRIOR, palette.RATE, palette.DISTORTION)
)
HEIGHT, MAP_HEIGHT = 190, 270
CHART = {"displayModeBar": False}
MOST_BARS = 48  # dimensions that are drawn, the strongest ones
NODES = 24  # along each side of the map of holes, that can be clicked
NEAR = 4.2  # sigmas of the prior that are shown
FEW = 0.04  # the largest share below which an axis of shares has ticks between whole per cents
CLIP = 6.0  # nats either way beyond which the map of holes has one colour
LOG_RATIO = "log q − log p, nats"
BEGINS = 1.0  # the distance at which a hole begins, in units of itself
# log-ratios diverge at 0: prior without data is the prior's grey-violet, data without prior the encoder's blue
DIVERGING = [[0.0, RATE], [0.33, "#cdb3dd"], [0.5, "#f3f1eb"], [0.67, "#b5d3ee"], [1.0, ENCODER]]


def plain(figure: go.Figure, x: str, y: str, height: int = HEIGHT) -> go.Figure:
    """Give a figure the look of all cards, and return it."""
    axis = {"gridcolor": GRID, "zeroline": False, "ticks": "", "automargin": True}
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 12, "t": 8, "b": 8},
        showlegend=False,
        hovermode="closest",
        font={"size": 12},
        xaxis={**axis, "title": {"text": x, "standoff": 6, "font": {"size": 14}}},
        yaxis={**axis, "title": {"text": y, "standoff": 6, "font": {"size": 14}}},
    )
    return figure


def shares(figure: go.Figure, x: str, y: str) -> go.Figure:
    """Give a figure axes of shares from 0 to 1, with the diagonal of equal ones, and return it."""
    plain(figure, x, y, MAP_HEIGHT)
    figure.add_scatter(
        x=[0, 1], y=[0, 1], mode="lines", line={"color": PRIOR, "width": 1, "dash": "dot"}, showlegend=False,
        hoverinfo="skip",
    )  # fmt: skip
    figure.update_xaxes(range=[-0.02, 1.02], tickformat=".0%")
    return figure.update_yaxes(range=[-0.02, 1.02], tickformat=".0%")


def bound(found: Bound, gap: Gap | None, others: Mapping[str, Number]) -> go.Figure:
    """Return the chart of the ELBO in nats, beside log p(x), the model without latents, and other models."""
    rows: list[tuple[str, Number, str]] = [(say("no latents"), found.baseline, PRIOR)]
    rows += [(name, number, PRIOR) for name, number in others.items()]
    rows.append(("ELBO", found.elbo, ENCODER))
    if gap is not None:
        if gap.elbo.n != found.elbo.n:  # another choice of images has another mean: beside them stands their own ELBO
            rows.append((say("{number}, {n:,} images", number="ELBO", n=gap.elbo.n), gap.elbo, ENCODER))
        at_k = say("{number}, {n:,} images", number=f"L<sub>{gap.k}</sub>", n=gap.log_px.n)
        rows.append((at_k, gap.log_px, DECODER))
        if gap.truth is not None:
            exact = say("{number}, {n:,} images", number="log p(x)", n=gap.truth.n)
            rows.append((exact, gap.truth, THEME_INK))
    figure = go.Figure()
    for name, number, hue in rows:
        figure.add_scatter(
            x=[number.value],
            y=[name],
            error_x={"type": "data", "array": [number.se], "color": hue, "thickness": 1.5, "width": 4},
            marker={"color": hue, "size": 9, "symbol": "diamond" if hue == PRIOR else "circle"},
            hovertemplate=f"{number.value:.2f} ± {number.se:.2f} nats, n = {number.n:,}<extra>{name}</extra>",
        )
    plain(figure, say("nats per image"), "", max(HEIGHT, 52 + 24 * len(rows)))
    figure.update_yaxes(showgrid=True, title=None, range=[-0.6, len(rows) - 0.4])
    return figure


def _bars(values: Sequence[Number], hues: Sequence[str], x: str, y: str, line: float | None, of: str) -> go.Figure:
    """Return one bar for each dimension, in order; of more than MOST_BARS dimensions, the largest."""
    shown = sorted(sorted(range(len(values)), key=lambda j: -values[j].value)[:MOST_BARS])
    error: dict[str, Any] = {"type": "data", "array": [values[j].se for j in shown], "thickness": 1, "width": 2}
    figure = go.Figure(
        go.Bar(
            x=[str(j + 1) for j in shown],
            y=[values[j].value for j in shown],
            error_y={**error, "color": PRIOR},
            marker={"color": [hues[j] for j in shown], "line": {"width": 0}},
            hovertemplate="z%{x}: %{y:.3f} " + of + "<extra></extra>",
        )
    )
    if len(shown) < len(values):
        x = say("{axis} (the strongest {most} of {all:,})", axis=x, most=MOST_BARS, all=len(values))
    plain(figure, x, y)
    figure.update_xaxes(type="category", showgrid=False)
    figure.update_layout(bargap=max(0.15, 0.75 - 0.1 * len(shown)))
    if line is not None:
        figure.add_hline(y=line, line={"color": PRIOR, "width": 1, "dash": "dot"})
    return figure


def rates(codes: Codes) -> go.Figure:
    """Return the chart of each dimension's rate in nats; dead dimensions are grey."""
    assert codes.rates is not None
    hues = [PRIOR if rate.value < DEAD else RATE for rate in codes.rates]
    return _bars(codes.rates, hues, say("dimension"), "KL, nats", DEAD, "nats")


def codebook(found: Codebook) -> go.Figure:
    """Return the share of the codes that each point of a codebook is nearest to, the most used first."""
    total = found.perplexity.n
    order = sorted(range(len(found.counts)), key=lambda k: -found.counts[k])
    figure = go.Figure(
        go.Bar(
            x=list(range(1, len(order) + 1)),
            y=[found.counts[k] / total for k in order],
            customdata=order,
            marker={"color": RATE, "line": {"width": 0}},
            hovertemplate=say("point %{customdata}: %{y:.2%}<extra></extra>"),
        )
    )
    plain(figure, say("points of the codebook, the most used first"), say("of the codes"))
    figure.add_hline(y=1 / len(order), line={"color": PRIOR, "width": 1, "dash": "dot"})
    figure.update_yaxes(tickformat=".0%")
    return figure


def used(decoder: Decoder) -> go.Figure:
    """Return the chart of the share of pixel variance that each dimension causes; ignored dimensions are grey."""
    hues = [PRIOR if share.value < IGNORED else DECODER for share in decoder.share]
    figure = _bars(decoder.share, hues, say("dimension"), say("of the pixels' variance"), IGNORED, "")
    # with whole per cents, the ticks of small shares would be the same twice
    figure.update_yaxes(tickformat=".1%" if max(share.value for share in decoder.share) < FEW else ".0%")
    return figure


def width(found: Width) -> go.Figure:
    """Return the chart of ELBO(c) - ELBO(1) in nats, with two standard errors; c multiplies q's standard deviations."""
    c, gain = np.array(found.factors), np.array([g.value for g in found.gain])
    low, high = (gain + sign * 2 * np.array([g.se for g in found.gain]) for sign in (-1, 1))
    figure = go.Figure()
    band = {"x": np.concatenate([c, c[::-1]]), "y": np.concatenate([high, low[::-1]])}
    figure.add_scatter(**band, fill="toself", fillcolor="rgba(47,127,200,0.2)", line={"width": 0}, hoverinfo="skip")
    template = "σ × %{x:.2f}: %{y:+.2f} nats<extra></extra>"
    figure.add_scatter(x=c, y=gain, mode="lines+markers", line={"color": ENCODER, "width": 2}, hovertemplate=template)
    figure.add_scatter(
        x=[c[found.best]],
        y=[gain[found.best]],
        mode="markers",
        marker={"color": THEME_INK, "size": 10, "symbol": "diamond-open", "line": {"width": 2}},
        hovertemplate=template,
    )
    plain(figure, say("σ of q, relative to now (factor)"), say("change of the ELBO, nats"))
    figure.add_vline(x=1, line={"color": PRIOR, "width": 1, "dash": "dot"})
    # far on the wrong side the ELBO falls off a cliff that would flatten the summit
    span = max(gain.max(), 0.5)
    figure.update_yaxes(range=[max(gain.min(), -3 * span) - 0.2 * span, gain.max() + 0.3 * span])
    ticks = [0.25, 0.5, 1, 2, 4]
    figure.update_xaxes(type="log", tickvals=ticks, ticktext=[f"{t:g}" for t in ticks])
    return figure


def likelihood(found: Likelihood) -> go.Figure:
    """Return the calibration chart: observed against predicted values, bin by bin, with the diagonal."""
    x, y, count = (np.array(column) for column in zip(*found.bins, strict=True))
    top = 1.0 if found.kind == "probability" else 1.1 * float(max(x.max(), y.max()))
    figure = go.Figure()
    figure.add_scatter(x=[0, top], y=[0, top], mode="lines", line={"color": PRIOR, "dash": "dot", "width": 1})
    figure.add_scatter(
        x=x,
        y=y,
        mode="lines+markers",
        line={"color": DECODER, "width": 1.5},
        marker={"color": DECODER, "size": 8},
        customdata=count,
        hovertemplate=say("predicted %{x:.3f}, observed %{y:.3f}; %{customdata:,} pixels<extra></extra>"),
    )
    if found.kind == "probability":
        return plain(figure, say("probability that the pixel is 1"), say("share that is 1"))
    return plain(figure, say("predicted σ"), say("residuals, RMS"))


def holes(found: Holes) -> go.Figure:
    """Return the map of log q - log p, or of distances to the codes, with its holes outlined and nodes to click."""
    x, y = np.array(found.x), np.array(found.y)
    values = np.array(found.values).reshape(len(y), len(x))
    ratio = found.map_kind == "ratio"
    figure = go.Figure()
    if len(y) == 1:
        figure.add_scatter(x=x, y=values[0], mode="lines", line={"color": RATE if ratio else DISTORTION, "width": 2})
        figure.add_hline(y=HOLE if ratio else BEGINS, line={"color": PRIOR, "width": 1, "dash": "dot"})
        return plain(figure, "z₁", LOG_RATIO if ratio else say("distance, 1 where holes begin"))
    look: dict[str, Any] = (
        {"colorscale": DIVERGING, "zmid": 0, "zmin": -CLIP, "zmax": CLIP}
        if ratio
        else {"colorscale": "cividis", "zmin": 0, "zmax": 3 * BEGINS, "reversescale": True}
    )
    title = LOG_RATIO if ratio else say("distance to the nearest code; holes begin at 1")
    bar = {"thickness": 8, "outlinewidth": 0, "title": {"text": title, "side": "right", "font": {"size": 11}}}
    figure.add_heatmap(x=x, y=y, z=values, colorbar=bar, hoverinfo="skip", **look)
    level = HOLE if ratio else BEGINS
    # one level needs a step all the same: without it the browser counts levels for ever
    edge = {"start": level, "end": level, "size": 1.0, "coloring": "none"}
    figure.add_contour(
        x=x,
        y=y,
        z=values,
        contours=edge,
        autocontour=False,
        line={"color": THEME_INK, "width": 1},
        hoverinfo="skip",
        showscale=False,
    )
    rows, columns = (np.unique(np.linspace(0, n - 1, NODES).round().astype(int)) for n in (len(y), len(x)))
    at = np.stack(np.meshgrid(x[columns], y[rows]), -1).reshape(-1, 2)
    figure.add_scatter(
        x=at[:, 0],
        y=at[:, 1],
        mode="markers",
        marker={"size": 13, "color": "rgba(0,0,0,0)", "symbol": "square"},
        selected={"marker": {"color": DECODER, "size": 9, "opacity": 1}},
        unselected={"marker": {"opacity": 0}},
        customdata=values[np.ix_(rows, columns)].reshape(-1),
        hovertemplate="(%{x:.2f}, %{y:.2f}): %{customdata:.1f}" + (" nats" if ratio else "") + "<extra></extra>",
    )
    names = [f"z<sub>{j + 1}</sub>" for j in found.pair]
    plain(figure, names[0], names[1], MAP_HEIGHT)
    ranges = [[axis[0], axis[-1]] for axis in (x, y)]
    if ratio and found.source.endswith("N(0, I)"):
        for k in (1, 2, 3):
            ring = {"color": PRIOR, "width": 1.25, "dash": "solid" if k == 1 else "dot"}
            figure.add_shape(type="circle", x0=-k, x1=k, y0=-k, y1=k, line=ring)
        # what lies beyond the prior's samples is no hole of it
        ranges = [[max(low, -NEAR), min(high, NEAR)] for low, high in ranges]
    figure.update_xaxes(range=ranges[0], showgrid=False, constrain="domain")
    figure.update_yaxes(range=ranges[1], showgrid=False, scaleanchor="x", constrain="domain")
    figure.update_layout(dragmode=False, clickmode="event+select")
    return figure


def surgery(found: Surgery) -> go.Figure:
    """Return the chart of the rate's three parts in nats, with log N, the upper limit of the first part."""
    parts = (
        ("I(x; z)", found.mutual_information, ENCODER),
        ("TC", found.total_correlation, RATE),
        ("Σ dim-KL", found.dimension_kl, "#b98fdc"),
    )
    figure = go.Figure()
    for name, number, hue in parts:
        figure.add_bar(
            x=[max(number.value, 0)],
            y=["rate"],
            name=name,
            orientation="h",
            marker={"color": hue, "line": {"width": 0}},
            hovertemplate=f"{number.value:.2f} ± {number.se:.2f} nats<extra>{name}</extra>",
        )
    plain(figure, say("nats per image"), "")
    figure.update_layout(
        barmode="stack",
        showlegend=True,
        legend={"orientation": "h", "y": 1.55, "x": 0, "traceorder": "normal", "font": {"size": 14}},
        margin={"l": 8, "r": 12, "t": 58, "b": 8},
    )
    figure.update_yaxes(showticklabels=False)
    figure.add_vline(
        x=found.cap,
        line={"color": THEME_INK, "width": 1, "dash": "dot"},
        annotation={"text": f"log {found.rate.n:,}", "font": {"size": 11, "color": THEME_INK}, "yanchor": "bottom"},
    )
    return figure


def gap(found: Gap) -> go.Figure:
    """Return the histogram of the images' gaps in nats."""
    gaps = np.array(found.gaps)
    figure = go.Figure(
        go.Histogram(
            x=np.clip(gaps, None, np.quantile(gaps, 0.99)),
            nbinsx=30,
            marker={"color": RATE, "line": {"width": 0}},
            hovertemplate=say("%{x} nats: %{y} images<extra></extra>"),
        )
    )
    what = "log p(x) − ELBO" if found.truth is not None else f"L<sub>{found.k}</sub> − ELBO"
    plain(figure, say("{what}, nats (the last bar holds the largest 1 %)", what=what), say("images"))
    figure.add_vline(x=found.gap.value, line={"color": THEME_INK, "width": 1, "dash": "dot"})
    return figure


def classes(found: Reconstruction) -> go.Figure:
    """Return the chart of each class's distortion in nats, with the mean of all images."""
    names = list(found.classes)
    figure = go.Figure(
        go.Bar(
            x=names,
            y=[found.classes[n].value for n in names],
            error_y={"type": "data", "array": [2 * found.classes[n].se for n in names], "color": PRIOR, "thickness": 1},
            marker={"color": DISTORTION, "line": {"width": 0}},
            hovertemplate="%{x}: %{y:.2f} nats<extra></extra>",
        )
    )
    plain(figure, say("class"), say("distortion, nats"))
    figure.update_xaxes(type="category", showgrid=False)
    figure.add_hline(y=found.distortion.value, line={"color": PRIOR, "width": 1, "dash": "dot"})
    return figure


def overfitting(found: Overfitting, history: Sequence[Mapping[str, Any]], probabilistic: bool) -> go.Figure:
    """Return the chart of the ELBO (for an autoencoder -distortion) over the steps, in training and in validation."""

    def worth(record: Mapping[str, Any]) -> float | None:
        if record.get("distortion") is None:
            return None
        return -record["distortion"] - ((record.get("rate") or 0.0) if probabilistic else 0.0)

    figure = go.Figure()
    last = max((r["step"] for r in history if r.get("step") is not None), default=1)
    values: list[float] = []
    for name, records, hue, dash in (
        (say("training batches"), history, ENCODER, "solid"),
        (say("validation"), [{"step": r["step"], **r["valid"]} for r in history if r.get("valid")], THEME_INK, "dot"),
    ):
        pairs = [(r["step"], w) for r in records if r.get("step") is not None and (w := worth(r)) is not None]
        pairs = pairs[:: max(1, len(pairs) // 400)]
        values += [w for step, w in pairs if step > 0.1 * last]
        line = {"color": hue, "width": 1.25, "dash": dash}
        figure.add_scatter(x=[s for s, _ in pairs], y=[w for _, w in pairs], mode="lines", name=name, line=line)
    for name, number, hue in ((say("trained on"), found.train, ENCODER), (say("new"), found.test, THEME_INK)):
        values += [number.value]
        figure.add_scatter(
            x=[1.04 * last],
            y=[number.value],
            name=name,
            error_y={"type": "data", "array": [2 * number.se], "color": hue, "thickness": 1.5, "width": 4},
            marker={"color": hue, "size": 8, "symbol": "diamond"},
            hovertemplate=f"{number.value:.2f} ± {number.se:.2f} nats<extra>{name}</extra>",
        )
    plain(figure, say("step"), "ELBO, nats" if probabilistic else say("−distortion, nats"))
    low, high = np.quantile(values, [0.02, 1.0])
    pad = 0.12 * (high - low) + 2 * max(found.train.se, found.test.se)
    figure.update_yaxes(range=[float(low - pad), float(high + pad)])
    return figure
