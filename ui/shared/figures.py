"""Figures as pure functions of arrays: no Streamlit in here, so that they are tested and exported without an app."""

import math
from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np
import plotly.graph_objects as go

from vae.geometry.plane import Ground, Plane
from vae.page.outline import DECODER as DECODER
from vae.page.outline import ENCODER as ENCODER
from vae.page.outline import KL as KL
from vae.page.outline import PETROFF as PETROFF
from vae.page.outline import PRIOR as PRIOR
from vae.page.outline import RECONSTRUCTION as RECONSTRUCTION
from vae.page.outline import RIM as RIM
from vae.page.outline import Outline as Outline
from vae.page.outline import class_name as class_name
from vae.page.outline import colour as colour
from vae.page.outline import groups as groups
from vae.page.outline import outline as outline
from vae.page.outline import present as present
from vae.runs import Codes

PLOTLY = 20_000  # codes that Plotly draws well
GRID = "rgba(134, 139, 147, 0.22)"  # a hairline on either paper

# Streamlit's front end puts the page's text and background in the place of these two; so one figure serves both themes,
# and switching the theme needs no new figure, which would mount the chart again
THEME_INK, THEME_PAPER = "#000037", "#000038"
INK, PAPER = {True: "#e7eaee", False: "#1b1f24"}, {True: "#0e1117", False: "#fbfaf7"}


def thinned(codes: Codes) -> tuple[Codes, int]:
    """Return at most as many codes as Plotly draws well, evenly spaced in the data's order, and their spacing."""
    step = max(1, -(-len(codes) // PLOTLY))
    return (codes if step == 1 else codes.every(step)), step


def class_colours(codes: Codes) -> list[str]:
    """Return the colour of each of `groups(codes)`: a class keeps its colour where others are absent."""
    return [ENCODER] if codes.labels is None else [colour(k) for k in present(codes.labels)]


def point_size(codes: Codes) -> float:
    """Return how many pixels a code is across."""
    return 4.0 if len(codes) > 3000 else 5.5


def latent_map(
    codes: Codes,
    plane: Ground,
    *,
    dark: bool | None = None,
    prior: bool = True,
    seen: Sequence[float] | None = None,
) -> go.Figure:
    """Return the codes' means on a plane: a trace per class, a glyph at each median, the prior's 1, 2 and 3 sigma.

    `dark` None leaves ink and paper to Streamlit's theme. `prior` False (an autoencoder) draws no rings.
    `seen` are x0, x1, y0, y1 of the part that is shown first, None for nearly all codes.
    """
    prior = prior and isinstance(plane, Plane)  # a bent map has no rings
    ink = THEME_INK if dark is None else INK[dark]
    paper = THEME_PAPER if dark is None else PAPER[dark]
    u = plane.to_plane(codes.means.astype(np.float64)).astype(np.float32)
    size = point_size(codes)
    figure = go.Figure()
    if dark is not None:
        figure.layout.template = "plotly_dark" if dark else "plotly_white"
        figure.update_layout(paper_bgcolor=paper, plot_bgcolor=paper, font_color=ink)
    for (name, index), fill in zip(groups(codes), class_colours(codes), strict=True):
        figure.add_scattergl(
            x=u[index, 0],
            y=u[index, 1],
            mode="markers",
            name=name,
            marker={"color": fill, "size": size, "opacity": 0.6, "line": {"width": 0}},
            selected={"marker": {"opacity": 0.9}},
            unselected={"marker": {"opacity": 0.2}},
            hoverinfo="none",
        )
    shown = outline(codes, plane, u, prior)
    x_range, y_range = shown.x_range, shown.y_range
    if codes.labels is not None:
        names = [name for name, _ in groups(codes)]
        scale = min(NARROW / (x_range[1] - x_range[0]), MAP_HEIGHT / (y_range[1] - y_range[0]))
        shifts = _shifts(scale * np.array(shown.medians), names)
        for name, (x, y), shift in zip(names, shown.medians, shifts, strict=True):
            figure.add_annotation(
                x=float(x),
                y=float(y),
                yshift=float(shift),
                text=f"<b>{escape(name)}</b>",
                showarrow=False,
                font={"size": 15, "color": ink, "shadow": _halo(paper)},
            )
    if prior:
        for k in (1, 2, 3):
            _ring(figure, shown.centre, k, ink, paper)
    axis: dict[str, Any] = {"zeroline": False, "ticks": "", "showgrid": True, "gridcolor": GRID, "nticks": 9}
    figure.update_layout(
        xaxis={
            **axis,
            "title": {"text": plane.titles[0], "standoff": 6},
            "range": x_range if seen is None else list(seen[:2]),
        },
        yaxis={
            **axis,
            "title": {"text": plane.titles[1], "standoff": 10},
            "range": y_range if seen is None else list(seen[2:]),
            "scaleanchor": "x",
            "scaleratio": 1,
        },
        dragmode="pan",
        hovermode=False,
        height=MAP_HEIGHT,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        showlegend=codes.labels is not None,
        legend={"itemsizing": "constant", "itemwidth": 30, "tracegroupgap": 0, "x": 1.0, "xanchor": "left", "y": 0.94},
    )
    return figure


MAP_HEIGHT = 500
NARROW = 280  # pixels across the narrowest map, a phone's
LINE, LETTER = 18.0, 8.5  # pixels of a class name: its line, and the width of a letter


def _shifts(places: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """Return by how many pixels [N] class names move up or down so that none covers another.

    `places` [N, 2] are in pixels of the narrowest map. Names keep their order: on a wider map they lie further apart.
    """
    moved = places.astype(np.float64)
    placed: list[int] = []
    for i in np.argsort(places[:, 1], kind="stable"):
        for j in placed:
            if abs(places[i, 0] - places[j, 0]) < LETTER * (len(names[i]) + len(names[j])) / 2:
                moved[i, 1] = max(moved[i, 1], moved[j, 1] + LINE)
        placed.append(int(i))
    return moved[:, 1] - places[:, 1]


def _halo(paper: str) -> str:
    """Return a text shadow that makes a class name readable over points."""
    return ", ".join([f"{x}px {y}px 2px {paper}" for x in (-1, 0, 1) for y in (-1, 0, 1)] + [f"0 0 5px {paper}"])


def _ring(figure: go.Figure, centre: np.ndarray, k: int, ink: str, paper: str) -> None:
    x, y = float(centre[0]), float(centre[1])
    line = {"color": PRIOR, "width": 1.25, "dash": "solid" if k == 1 else "dot"}
    figure.add_shape(type="circle", x0=x - k, x1=x + k, y0=y - k, y1=y + k, line=line, layer="above")
    figure.add_annotation(
        x=x + k * math.sqrt(0.5),
        y=y - k * math.sqrt(0.5),
        text=f"{k}σ",
        showarrow=False,
        font={"size": 11, "color": ink, "shadow": _halo(paper)},
    )


def training_curves(history: Sequence[dict[str, Any]], probabilistic: bool = True) -> go.Figure:
    """Return distortion and rate over the steps, train and validation; an autoencoder has no rate, so no such panel."""
    from plotly.subplots import make_subplots

    panels = [("distortion", "Distortion −E log p(x|z), nats", RECONSTRUCTION, RIM)]
    if probabilistic:
        panels.append(("rate", "Rate KL(q(z|x) ‖ p(z)), nats", KL, KL))
    figure = make_subplots(1, len(panels), subplot_titles=[title for _, title, _, _ in panels], horizontal_spacing=0.1)
    for column, (name, _, hue, rim) in enumerate(panels, 1):
        first = column == 1
        steps, values = _series(history, name)
        # the pale hue of the reconstruction is drawn on a darker, wider line of its own, so that it carries on paper
        if rim != hue:
            figure.add_scatter(x=steps, y=values, line={"color": rim, "width": 4}, showlegend=False, row=1, col=column)
        figure.add_scatter(
            x=steps, y=values, name="train", line={"color": hue, "width": 2}, showlegend=False, row=1, col=column
        )
        settled = values[len(values) // 50 :]
        steps, values = _series([{"step": r["step"], **r["valid"]} for r in history if r.get("valid")], name)
        figure.add_scatter(
            x=steps,
            y=values,
            name="validation",
            mode="lines+markers" if len(steps) <= 30 else "lines",
            line={"color": rim, "width": 1.25, "dash": "dot"},
            marker={"size": 5, "color": rim},
            showlegend=False,
            row=1,
            col=column,
        )
        # the first steps fall from a height that would flatten all that follows
        if settled:
            low, high = min(settled + values), max(settled + values)
            pad = 0.06 * (high - low) + 1e-6
            figure.update_yaxes(range=[low - pad, high + pad], row=1, col=column)
        # two neutral entries say what the line styles mean in either panel
        if first:
            for label, dash in (("train", "solid"), ("validation", "dot")):
                figure.add_scatter(x=[None], y=[None], mode="lines", name=label, line={"color": PRIOR, "dash": dash})
        figure.update_xaxes(title_text="step", row=1, col=column)
    figure.update_annotations(font_size=13)
    figure.update_layout(
        height=300,
        margin={"l": 8, "r": 8, "t": 48, "b": 8},
        hovermode="x unified",
        legend={"orientation": "h", "y": 1.28, "x": 1, "xanchor": "right"},
    )
    return figure


def _series(records: Sequence[dict[str, Any]], name: str) -> tuple[list[int], list[float]]:
    pairs = [(r["step"], r[name]) for r in records if r.get(name) is not None and r.get("step") is not None]
    return [s for s, _ in pairs], [v for _, v in pairs]
