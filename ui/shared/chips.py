"""The two chips of every page: the model everything acts on, and the image that is pinned."""

from typing import Any

import numpy as np
import streamlit as st

from ui.shared import library, messages, navigation
from ui.shared.pictures import picture, thumbnail
from ui.state import session
from ui.state.view import View, set_model
from vae.runs import Run, RunError
from vae.spec import presets

SIDE = 32  # pixels of the image chip's thumbnail


def number(entry: dict[str, Any] | None, digits: int = 2) -> str:
    """Return "−150.23 ± 0.41 nats" for an entry of metrics.json; "" for none."""
    if not entry or not isinstance(entry.get("value"), int | float):
        return ""
    spread = f" ± {entry['se']:.{digits}f}" if isinstance(entry.get("se"), int | float) else ""
    units = messages.plain(str(entry.get("units", "nats")))
    return f"{entry['value']:.{digits}f}".replace("-", "−") + spread + f" {units}"


def headline(run: Run) -> str:
    """Return the most important number of a run: its ELBO, or an autoencoder's distortion."""
    try:
        metrics = run.metrics
    except RunError:
        return "metrics unreadable"
    if number(metrics.get("elbo")):
        return f"ELBO {number(metrics['elbo'])}"
    return f"distortion {number(metrics.get('distortion'))}" if number(metrics.get("distortion")) else "not evaluated"


def data_name(run: Run) -> str:
    """Return the name of the data, which is shown beside every number."""
    try:
        return str(run.metrics.get("data") or run.spec.data_name)
    except RunError:
        return run.spec.data_name


def data_text(run: Run) -> str:
    """Return the same with Markdown escaped."""
    return messages.plain(data_name(run))


def model_chip(view: View) -> None:
    """Show the model and let another one be chosen."""
    run = view.run
    label = f"**{messages.plain(run.title)}** · {run.spec.latent}-D · {headline(run)}"
    with st.popover(label, icon=":material/hub:", key="chip_model_popover"):
        unhealthy = {r.name: r.title for r in library.examples()}
        titles = {r.name: r.title for r in library.usable()} | ({} if run.name in unhealthy else {run.name: run.title})
        _chooser("chip_model", "Model", titles, run)
        if unhealthy:
            _chooser("chip_example", "Examples with a fault", unhealthy, run)
        st.caption(f"{messages.plain(presets.title(run.spec.preset, full=True))} on {data_text(run)}")
        navigation.link("models", "All models")
    st.caption(data_text(run), width="content")


def _chooser(key: str, label: str, titles: dict[str, str], run: Run) -> None:
    """Offer runs; none is chosen if the run of the view is not among them."""

    def changed() -> None:
        if chosen := session.widget(key).get():
            set_model(chosen)

    # the widget follows the view, also where a link or another page has changed the model
    session.widget(key).set(run.name if run.name in titles else None)
    st.selectbox(
        label, list(titles), index=None, format_func=titles.__getitem__, key=key, placeholder="Choose one",
        on_change=changed,
    )  # fmt: skip


def image_chip(view: View) -> None:
    """Show the decoded image of the pinned point, if there is one."""
    if view.pin is None:
        return
    shown = ", ".join(f"{v:.2f}".replace("-", "−") for v in view.pin[:4]) + (", …" if len(view.pin) > 4 else "")
    with st.container(horizontal=True, vertical_alignment="center", gap="small", width="content", key="chip_image"):
        if len(view.run.spec.shape) == 3:
            try:
                image = library.decode(view.run, np.array([view.pin]), view.label)[0]
                pixels, width = thumbnail(image, SIDE)
                picture(pixels, width, f"Decoded image at z = ({shown})")
            except RunError:
                pass  # the page says what is wrong with the weights
        st.caption(f"pinned z = ({shown})", width="content")
