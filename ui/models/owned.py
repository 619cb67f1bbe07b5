"""Runs by owner: this visitor's, the shipped ones, other visitors'; and the card of a run without codes."""

import streamlit as st

from ui.shared import library, messages, navigation
from ui.state import visitor
from ui.state.permalink import RUN
from ui.words import phrase, say
from vae import jobs, runs
from vae.runs import Run
from vae.runs import film as films
from vae.spec import presets

RECORDED = ("mnist-vae-2d", "digits-vae-2d")  # whose film is shown before anything was trained

WORDS = {
    "new": (phrase("Not started"), "gray"),
    "queued": (phrase("Waiting"), "orange"),
    "starting": (phrase("Starting"), "orange"),
    "running": (phrase("Training"), "green"),
    "paused": (phrase("Paused"), "blue"),
    "finishing": (phrase("Evaluating"), "green"),
    "done": (phrase("Done"), "gray"),
    "stopped": (phrase("Stopped"), "gray"),
    "failed": (phrase("Failed"), "red"),
    "interrupted": (phrase("Interrupted"), "red"),
}


def own() -> list[Run]:
    """Return this visitor's runs, the newest first."""
    found = [entry for entry in library.entries() if isinstance(entry, Run) and visitor.mine(entry)]
    return sorted(found, key=lambda run: -float(run.meta.get("created", 0.0)))


def recorded() -> list[Run]:
    """Return the shipped runs with a recorded film, in the order of RECORDED."""
    filmed = [run for run in library.usable() if runs.is_shipped(run) and films.steps(run.path)]
    return sorted(filmed, key=lambda run: (*(run.name != name for name in RECORDED), run.name))


def sorted_for_me(found: list[Run]) -> list[Run]:
    """Return runs in order: this visitor's, then the shipped ones, then other visitors'."""
    return sorted(found, key=lambda run: (not visitor.mine(run), not runs.is_shipped(run)))


def unfinished_card(run: Run) -> None:
    """Draw the card of a run that no other page can show yet."""
    word = WORDS[jobs.executor().state(run.path).status.state][0]
    spoken = say(word)  # within a line English writes it small; other languages may not
    state = spoken.lower() if spoken == word else spoken
    with st.container(border=True, key=f"card_{run.name}", gap="xsmall"):
        st.markdown(f"**{messages.plain(run.title)}**")
        kind = messages.plain(say(presets.title(run.spec.preset, full=True)))
        st.caption(f"{kind} · {run.spec.latent}-D · {messages.plain(say(run.spec.data_name))} · {state}")
        film_link(run, say("Watch"))


def film_link(run: Run, label: str) -> None:
    """Draw a link to a run on the Train page."""
    if films.steps(run.path) or (run.path / "history.jsonl").is_file() or visitor.mine(run):
        navigation.link("train", label, {RUN.name: run.name})
