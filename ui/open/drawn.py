"""Examples of own data as they are shown: images, rows in their own units, series as lines."""

import base64
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np
import streamlit as st

from ui.words import say, say_n

IMAGE, WIDTH, HEIGHT = 60, 150, 64  # pixels
MOST_ROWS = 14  # columns of a table that are shown
COLOURS = ("#2f7fc8", "#d95d00", "#832db6", "#8a7d33", "#be0a59")


def examples(found: Mapping[str, Any]) -> None:
    """Draw five examples of what was found."""
    shown: Sequence[Mapping[str, Any]] = found["examples"]
    if found["form"] == "images":
        st.html(
            f"<div style='display:flex;gap:8px;flex-wrap:wrap' class='own-examples'>{''.join(map(_image, shown))}</div>"
        )
    elif found["lines"] is not None:
        lines = "".join(_figure(_line(example["values"], found["lines"]), example["label"]) for example in shown)
        st.html(_row(lines))
    else:
        st.html(_table(shown))


def _row(figures: str) -> str:
    return f"<div style='display:flex;gap:8px;flex-wrap:wrap' class='own-examples'>{figures}</div>"


def _figure(drawn: str, label: str) -> str:
    return f"<figure style='margin:0'>{drawn}<figcaption style='font-size:.85rem'>{escape(label)}</figcaption></figure>"


def _image(example: Mapping[str, Any]) -> str:
    src = escape(example["png"], quote=True)
    style = f"width:{IMAGE}px;height:{IMAGE}px;object-fit:contain;image-rendering:pixelated;border:1px solid #8886"
    alt = escape(say("an example"), quote=True)
    return _figure(f"<img src='{src}' style='{style}' alt='{alt}'>", example["label"])


def _line(values: Sequence[float], lines: Sequence[int]) -> str:
    """Return a series as a picture, each of its lines in a colour of its own."""
    count, steps = lines
    x = np.asarray(values, float)[: count * steps]
    low, high = float(x.min()), float(x.max())
    height = HEIGHT - 6
    made = []
    for k, line in enumerate(x.reshape(-1, steps)):
        at = np.linspace(2, WIDTH - 2, steps)
        y = 3 + height * (1 - (line - low) / ((high - low) or 1))
        points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(at, y, strict=True))
        made.append(
            f"<polyline points='{points}' fill='none' stroke='{COLOURS[k % len(COLOURS)]}' stroke-width='1.5'/>"
        )
    size = f"width='{WIDTH}' height='{HEIGHT}'"
    picture = f"<svg xmlns='http://www.w3.org/2000/svg' {size}>{''.join(made)}</svg>"
    source = base64.b64encode(picture.encode()).decode()
    alt = escape(say("an example"), quote=True)
    return f"<img src='data:image/svg+xml;base64,{source}' {size} alt='{alt}'>"


def _table(shown: Sequence[Mapping[str, Any]]) -> str:
    """Return five rows of a table, one example a column, in the units of the file."""
    names = [(name, unit) for name, _, unit in shown[0]["row"]][:MOST_ROWS]
    labels = any(example["label"] for example in shown)
    cell = "padding:2px 8px 2px 0;text-align:right;white-space:nowrap"
    head = "".join(f"<th style='{cell}'>{escape(example['label'])}</th>" for example in shown)
    rows = [f"<tr><th></th>{head}</tr>"] if labels else []
    for k, (name, unit) in enumerate(names):
        title = escape(name) + (f" <small>({escape(unit)})</small>" if unit else "")
        cells = "".join(f"<td style='{cell}'>{escape(example['row'][k][1])}</td>" for example in shown)
        rows.append(f"<tr><th style='text-align:left;font-weight:400;padding-right:12px'>{title}</th>{cells}</tr>")
    more = len(shown[0]["row"]) - len(names)
    said = escape(say_n("and 1 more column", "and {n:,} more columns", more))
    rest = f"<div style='font-size:.85rem'>{said}</div>" if more > 0 else ""
    table = f"<table class='own-examples' style='border-collapse:collapse;font-size:.85rem'>{''.join(rows)}</table>"
    return f"<div style='overflow-x:auto'>{table}{rest}</div>"


def summary(found: Mapping[str, Any]) -> str:
    """Return in a line what data are: how many examples, of what, in how many classes."""
    total, shape = sum(found["sizes"]), found["shape"]
    if found["form"] == "images":
        colours = say("grey") if shape[0] == 1 else say("colour")
        what = say(
            "{count:,} images {height} × {width}, {colours}",
            count=total, height=shape[1], width=shape[2], colours=colours,
        )  # fmt: skip
    elif found["lines"] is not None:
        count, steps = found["lines"]
        what = say("{count:,} series of {steps:,} steps", count=total, steps=steps)
        what += f", {say('{lines} lines each', lines=count)}" if count > 1 else ""
    else:
        what = say("{count:,} rows of {values:,} values", count=total, values=shape[0])
    classes = len(found["classes"])
    return f"{what} · {say('{count:,} classes', count=classes) if classes else say('no labels')}"
