"""The library on the Models page: a card for each run, the examples with a fault, and unreadable folders."""

from typing import Any

import streamlit as st

from ui.models import managing, owned
from ui.shared import library, map_picture, messages
from ui.shared.chips import data_text, headline, number
from ui.state import mode, session, visitor
from ui.state.view import set_model
from ui.words import say, say_n
from vae.runs import Run, RunError
from vae.spec import presets

CARDS = 20  # that are drawn at first, and with each press for more: drawing a thousand takes a second
SEARCH = "models_search"


def library_cards(shown: Run) -> None:
    """Draw the cards of the library's runs, the first ones of many; `shown` is the run that the page shows in full."""
    managing.undo()
    _cards(owned.sorted_for_me(library.usable()), shown)
    if examples := library.examples():
        expanded = shown.name in {run.name for run in examples}
        title = say_n("{n} example with a fault", "{n} examples with a fault", len(examples))
        with st.expander(title, expanded=expanded, icon=":material/stethoscope:", key="ill"):
            st.caption(say("Each of these models has one deliberate fault. Diagnose explains it and offers a remedy."))
            for run in examples:
                _card(run, run.name == shown.name)
    for run in library.unfinished():
        if visitor.mine(run):
            owned.unfinished_card(run)
    for broken in library.broken():
        unread = say("{name} cannot be read.", name=f"**{messages.plain(broken.name)}**")
        st.error(f"{unread} {messages.sentence(broken.reason)}", icon=":material/folder_off:")


def matching(found: list[Run], words: str) -> list[Run]:
    """Return the runs whose title, folder, preset, data or number of dimensions contains every word, in any case."""
    wanted = words.lower().split()
    return [run for run in found if all(word in _searched(run) for word in wanted)]


def _searched(run: Run) -> str:
    kind = presets.title(run.spec.preset, full=True)
    return (
        f"{run.title} {run.name} {kind} {say(kind)} {run.spec.preset} {run.spec.data_name} {run.spec.latent}-d".lower()
    )


def _cards(found: list[Run], shown: Run) -> None:
    """Draw the first cards of those that are searched for; the shown run's is always among them."""
    here = found
    if len(found) > CARDS:
        words = st.text_input(
            say("Search {count:,} models", count=len(found)), key=SEARCH, placeholder=say("name, preset, data, 2-d …"),
            on_change=session.CARDS.forget, icon=":material/search:",
        )  # fmt: skip
        here = matching(found, words)
        if not here:
            st.caption(say("No model has these words in its name, preset or data."))
    count = CARDS + session.CARDS.get()
    first = here[:count]
    if shown.name not in {run.name for run in first}:
        first = [run for run in found if run.name == shown.name] + first
    for run in first:
        _card(run, run.name == shown.name)
    if len(here) > count:
        st.button(
            say("Show {count} of {all:,} more", count=min(CARDS, len(here) - count), all=len(here) - count),
            key="models_more", on_click=session.CARDS.set, args=(count,), width="stretch",
        )  # fmt: skip


def _card(run: Run, chosen: bool) -> None:
    with st.container(border=True, key=f"card_{run.name}", gap="xsmall"):
        st.button(
            map_picture.beside(run, f"**{messages.plain(library.title(run))}**" + f" · {say('shown')}" * chosen),
            key=f"show_{run.name}", type="tertiary", width="stretch",
            on_click=None if chosen else set_model, args=None if chosen else (run.name,),
        )  # fmt: skip
        st.markdown(headline(run))
        facts = [
            f"{messages.plain(say(presets.title(run.spec.preset, full=True)))} · {run.spec.latent}-D · "
            + data_text(run)
        ]
        try:
            bound, seconds = number(run.metrics.get("log_px")), training_time(run.metrics.get("train_seconds"))
        except RunError:
            bound = seconds = ""
        facts += [f"log p(x) ≥ {bound}"] * (bool(bound) and mode.expert())
        facts += [say("trained in {duration}", duration=seconds)] * bool(seconds)
        st.caption("  \n".join(facts))


def training_time(seconds: Any) -> str:
    """Return a training time as text; "" where it is no number."""
    if not isinstance(seconds, int | float):
        return ""
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
