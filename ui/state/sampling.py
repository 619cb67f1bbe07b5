"""What the Sample page shows, in the URL so that a link reproduces it: state.py's rules, for this page alone.

The URL leads; the session remembers where the URL is silent, which it is after a change of page. What nobody can have
meant falls back to the default.
"""

import math
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from ui.state import address
from ui.state import view as state
from vae.runs import SHOWN_LABEL
from vae.spec import Spec

NAMES = ("show", "left", "right", "seed", "box", "spacing", "side")  # in the URL and in the session
SHOWS = ("samples", "manifold", "traverse")
SPACINGS = ("linear", "quantile")
SIDES = (10, 15, 20, 30)
COLDEST, HOTTEST = 0.05, 3.0  # temperatures that the sliders reach
FARTHEST = 1e3  # a corner further out than this is a slip of the hand
MOST_SEED = 10**9


@dataclass(frozen=True)
class Half:
    """One of the two grids: its source, temperature, and whether it shows samples of p(x|z) rather than means."""

    source: str
    t: float = 1.0
    noisy: bool = False

    def __str__(self) -> str:
        return f"{self.source},{self.t:g},{'sample' if self.noisy else 'mean'}"


@dataclass(frozen=True)
class Settings:
    """All that the page shows of a model; `box` is x0, x1, y0, y1 on the plane."""

    left: Half
    right: Half
    show: str = SHOWS[0]
    seed: int = 0
    box: tuple[float, float, float, float] | None = None
    label: int = SHOWN_LABEL
    spacing: str = SPACINGS[0]
    side: int = 20

    def texts(self) -> dict[str, str]:
        """Return every part as it stands in the URL; "" for what is not there."""
        box = "" if self.box is None else ",".join(f"{v:.3f}" for v in self.box)
        return {
            "show": self.show,
            "left": str(self.left),
            "right": str(self.right),
            "seed": str(self.seed),
            "box": box,
            "label": str(self.label),
            "spacing": self.spacing,
            "side": str(self.side),
        }


def sources(spec: Spec) -> dict[str, str]:
    """Return what can be sampled, and what it is called: the first two are the grids' defaults."""
    fitted = {"mixture": "ex-post mixture", "flow": "ex-post flow"}
    if not spec.probabilistic or spec.prior is None:
        return {"aggregate": "aggregate posterior (its codes)", **fitted, "standard": "N(0, I), sampled anyway"}
    return {"prior": "prior p(z)", "aggregate": "aggregate posterior q(z)", **fitted}


def default(spec: Spec) -> Settings:
    """Return what is shown first."""
    first, second, *_ = sources(spec)
    return Settings(Half(first), Half(second))


def parse(texts: dict[str, str], spec: Spec) -> Settings:
    """Return the settings that texts ask for, each part at its default where it is missing or makes no sense."""
    found = default(spec)
    for name in ("left", "right"):
        found = replace(found, **{name: _half(texts.get(name, ""), spec, getattr(found, name))})
    for name, choices in (("show", SHOWS), ("spacing", SPACINGS)):
        if texts.get(name) in choices:
            found = replace(found, **{name: texts[name]})
    side, seed, label = (_whole(texts.get(name, "")) for name in ("side", "seed", "label"))
    if side in SIDES:
        found = replace(found, side=side)
    if seed is not None and seed <= MOST_SEED:
        found = replace(found, seed=seed)
    if label is not None and label < spec.labels:
        found = replace(found, label=label)
    return replace(found, box=_box(texts.get("box", "")))


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else None


def _numbers(text: str) -> list[float]:
    try:
        found = [float(part) for part in text.split(",")]
    except ValueError:
        return []
    return found if all(math.isfinite(v) and abs(v) <= FARTHEST for v in found) else []


def _half(text: str, spec: Spec, otherwise: Half) -> Half:
    source, _, rest = text.partition(",")
    t, _, pixels = rest.partition(",")
    number = _numbers(t)
    if source not in sources(spec):
        return otherwise
    if len(number) != 1 or not COLDEST <= number[0] <= HOTTEST:
        number = [1.0]
    return Half(source, number[0], pixels == "sample")


def _box(text: str) -> tuple[float, float, float, float] | None:
    found = _numbers(text)
    if len(found) != 4 or not (found[0] < found[1] and found[2] < found[3]):
        return None
    return found[0], found[1], found[2], found[3]


def read(model: str, spec: Spec) -> Settings:
    """Return what URL and session ask for; another model keeps no box, which was drawn among the old one's codes."""
    kept: dict[str, str] = st.session_state.get("view_sample", {})
    known = st.session_state.get("view_sample_model", model) == model
    texts = {name: st.query_params.get(name, kept.get(name, "")) for name in NAMES}
    texts["label"] = state.told()
    if not known:
        texts["box"] = ""
    found = parse(texts, spec)
    write(model, spec, found)
    return found


def write(model: str, spec: Spec, settings: Settings) -> None:
    """Keep settings in session and URL; what is at its default stays out of the URL."""
    texts, usual = settings.texts(), default(spec).texts()
    st.session_state["view_sample"], st.session_state["view_sample_model"] = texts, model
    address.say({name: texts[name] if texts[name] != usual[name] else "" for name in NAMES})


def changed(settings: Settings, event: Any, spec: Spec) -> Settings:
    """Return the settings after what a browser sent, which may be anything: parts that make no sense change nothing."""
    if not isinstance(event, dict):
        return settings
    texts = settings.texts()
    for name in NAMES:
        if isinstance(event.get(name), str):
            texts[name] = event[name]
    return parse(texts, spec)
