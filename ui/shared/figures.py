"""Figures as pure functions of arrays: no Streamlit in here, so that they are tested and exported without an app."""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from ui.words import say
from vae.page import palette
from vae.page.outline import Outline as Outline
from vae.page.outline import class_name as class_name
from vae.page.outline import groups as groups
from vae.page.outline import outline as outline
from vae.page.outline import present as present
from vae.runs import Codes

FEW = 20_000  # codes up to which the images go to the browser with them
GRID = "rgba(134, 139, 147, 0.22)"  # a hairline on either paper
PRIOR, RATE, DISTORTION = (palette.still(hue) for hue in (palette.PRIOR, palette.RATE, palette.DISTORTION))
# Streamlit's front end puts the page's text in the place of this one; so one figure serves both themes
THEME_INK = "#000037"


def thinned(codes: Codes) -> tuple[Codes, int]:
    """Return at most so many codes that their images can be sent too, evenly spaced, and their spacing."""
    step = max(1, -(-len(codes) // FEW))
    return (codes if step == 1 else codes.every(step)), step


def class_colours(codes: Codes) -> list[str]:
    """Return the colour of each of `groups(codes)`: a class keeps its colour where others are absent."""
    return [palette.ENCODER] if codes.labels is None else [palette.of_class(k) for k in present(codes.labels)]


def training_curves(history: Sequence[dict[str, Any]], probabilistic: bool = True) -> go.Figure:
    """Return distortion and rate over the steps, train and validation; an autoencoder has no rate, so no such panel."""
    from plotly.subplots import make_subplots

    panels = [("distortion", say("Distortion −E log p(x|z), nats"), DISTORTION)]
    if probabilistic:
        panels.append(("rate", say("Rate KL(q(z|x) ‖ p(z)), nats"), RATE))
    train, validation = say("train"), say("validation")
    figure = make_subplots(1, len(panels), subplot_titles=[title for _, title, _ in panels], horizontal_spacing=0.1)
    for column, (name, _, hue) in enumerate(panels, 1):
        first = column == 1
        steps, values = _series(history, name)
        figure.add_scatter(
            x=steps, y=values, name=train, line={"color": hue, "width": 2}, showlegend=False, row=1, col=column
        )
        settled = values[len(values) // 50 :]
        steps, values = _series([{"step": r["step"], **r["valid"]} for r in history if r.get("valid")], name)
        figure.add_scatter(
            x=steps,
            y=values,
            name=validation,
            mode="lines+markers" if len(steps) <= 30 else "lines",
            line={"color": hue, "width": 1.25, "dash": "dot"},
            marker={"size": 5, "color": hue},
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
            for label, dash in ((train, "solid"), (validation, "dot")):
                figure.add_scatter(x=[None], y=[None], mode="lines", name=label, line={"color": PRIOR, "dash": dash})
        figure.update_xaxes(title_text=say("step"), row=1, col=column)
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
