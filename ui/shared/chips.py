"""The head row of every page: the model that everything acts on, the picked image, and how much is said."""

from typing import Any

import numpy as np
import streamlit as st

from ui.shared import library, map_picture, messages, navigation
from ui.shared.pictures import address as picture_address
from ui.state import mode, session
from ui.state.view import View, image, set_model, set_pin
from ui.words import phrase, say
from vae.runs import Run, RunError
from vae.spec import presets

SIDE = 28  # pixels of the image chip's picture
CARDS = 8  # models whose cards the chip opens; all of them are in the list below
PIN_DIGITS = 6e-4  # by which the address rounds a pin
SIMPLE, EXPERT = phrase("Simple"), phrase("Expert")  # the values of the switch, in every language


def number(entry: dict[str, Any] | None, digits: int = 2) -> str:
    """Return "−150.23 ± 0.41 nats" for an entry of metrics.json; "" for none."""
    if not entry or not isinstance(entry.get("value"), int | float):
        return ""
    spread = f" ± {entry['se']:.{digits}f}" if isinstance(entry.get("se"), int | float) else ""
    units = messages.plain(say(str(entry.get("units", "nats"))))
    return f"{entry['value']:.{digits}f}".replace("-", "−") + spread + f" {units}"


def headline(run: Run) -> str:
    """Return the most important number of a run: its ELBO, or an autoencoder's distortion."""
    try:
        metrics = run.metrics
    except RunError:
        return say("metrics unreadable")
    if found := number(metrics.get("elbo")):
        return f"ELBO {found}"
    found = number(metrics.get("distortion"))
    return say("distortion {number}", number=found) if found else say("not evaluated")


def data_name(run: Run) -> str:
    """Return the name of the data, which is shown beside every number."""
    try:
        return say(str(run.metrics.get("data") or run.spec.data_name))
    except RunError:
        return say(run.spec.data_name)


def data_text(run: Run) -> str:
    """Return the same with Markdown escaped."""
    return messages.plain(data_name(run))


def mode_switch() -> None:
    """Draw the switch; the address has what it stands at."""
    session.widget("mode").set(EXPERT if mode.expert() else SIMPLE)
    st.segmented_control(
        say("How much is said"),
        [SIMPLE, EXPERT],
        format_func=say,
        required=True,
        key="mode",
        on_change=lambda: mode.choose(session.widget("mode").get() == EXPERT),
        label_visibility="collapsed",
        width="content",
    )


def model_chip(view: View) -> None:
    """Show the model; it opens the cards of others, the only place where a model is chosen."""
    run = view.run
    more = f" · {run.spec.latent}-D · {headline(run)}" if mode.expert() else ""
    label = map_picture.beside(run, f"**{messages.plain(library.title(run))}**{more}")
    with st.popover(label, key="chip_model_popover"):
        kind = messages.plain(say(presets.title(run.spec.preset, full=True)))
        st.caption(say("{kind} on {data}", kind=kind, data=data_text(run)))
        found = library.usable()
        for other in found[:CARDS]:
            card_button(other, other.name == run.name)
        unhealthy = {r.name: library.title(r) for r in library.examples()}
        here = [*found, *([] if run.name in unhealthy else [run])]
        titles = {r.name: library.title(r) for r in here}
        _chooser("chip_model", say("All models"), titles, run)
        if unhealthy:
            _chooser("chip_example", say("Examples with a fault"), unhealthy, run)
        navigation.link("models", say("All models"))


def card_button(run: Run, chosen: bool, key: str = "chip_card") -> None:
    """Draw a model's card, which shows the model where it is pressed."""
    about = f"{run.spec.latent}-D · {data_text(run)} · {headline(run)}"
    st.button(
        map_picture.beside(run, f"**{messages.plain(library.title(run))}** — {about}"),
        key=f"{key}_{run.name}",
        type="secondary" if chosen else "tertiary",
        width="stretch",
        on_click=None if chosen else set_model,
        args=None if chosen else (run.name,),
    )


def _chooser(key: str, label: str, titles: dict[str, str], run: Run) -> None:
    """Offer runs; none is chosen if the run of the view is not among them."""

    def changed() -> None:
        if chosen := session.widget(key).get():
            set_model(chosen)

    # the widget follows the view, also where a link or another page has changed the model
    session.widget(key).set(run.name if run.name in titles else None)
    st.selectbox(
        label, list(titles), index=None, format_func=titles.__getitem__, key=key, placeholder=say("Choose one"),
        on_change=changed,
    )  # fmt: skip


def image_chip(view: View) -> None:
    """Show the picked image; it opens what is pinned, and how to pick another one."""
    try:
        codes = view.run.codes
    except RunError:
        return  # the page says why
    if not len(codes):
        return
    i, _ = image(view, codes)
    picture = _picture(view, i) if len(view.run.spec.shape) == 3 else ""
    name, pinned = f"{say(codes.split)} #{i:,}", ""
    if view.pin is not None:
        pinned = ", ".join(f"{v:.2f}".replace("-", "−") for v in view.pin[:4]) + (", …" if len(view.pin) > 4 else "")
        if not np.allclose(codes.means[i], view.pin, atol=PIN_DIGITS):
            name = say("pinned z = ({z})", z=pinned)
    with (
        st.container(width="content", key="chip_image"),
        st.popover(f"![]({picture}) {name}" if picture else name, key="chip_image_popover"),
    ):
        if view.pin is None:
            st.caption(say("The image that the pages begin with. Click on the map of Explore, or pick one on Theory."))
            return
        nearest = f"{say(codes.split)} #{i:,}"
        text = say("pinned z = ({z}); the nearest image is {image}.", z=pinned, image=nearest)
        st.caption(text, width="content")
        st.button(say("Unpin"), key="chip_unpin", on_click=set_pin, args=(None,))


def _picture(view: View, i: int) -> str:
    """Return the address of the picked image's picture, or of its reconstruction; "" where there is neither."""
    images = library.images(view.run)
    try:
        pixels = images[i] / 255 if images is not None else library.decode(view.run, view.run.codes.means[[i]])[0]
    except RunError:
        return ""  # the page says what is wrong with the weights
    return picture_address(pixels, SIDE)
