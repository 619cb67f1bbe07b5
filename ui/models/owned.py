"""Runs by owner: this visitor's, the shipped ones, other visitors'; and the card of a run without codes."""

import streamlit as st

from ui.shared import library, messages, navigation
from ui.state import visitor
from ui.state.permalink import RUN
from vae import jobs, runs
from vae.runs import Run
from vae.runs import film as films
from vae.spec import presets

RECORDED = ("mnist-vae-2d", "digits-vae-2d")  # whose film is shown before anything was trained

WORDS = {
    "new": ("Not started", "gray"),
    "queued": ("Waiting", "orange"),
    "starting": ("Starting", "orange"),
    "running": ("Training", "green"),
    "paused": ("Paused", "blue"),
    "finishing": ("Evaluating", "green"),
    "done": ("Done", "gray"),
    "stopped": ("Stopped", "gray"),
    "failed": ("Failed", "red"),
    "interrupted": ("Interrupted", "red"),
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
    word = WORDS[jobs.executor().state(run.path).status.state][0].lower()
    with st.container(border=True, key=f"card_{run.name}", gap="xsmall"):
        st.markdown(f"**{messages.plain(run.title)}**")
        kind = messages.plain(presets.title(run.spec.preset, full=True))
        st.caption(f"{kind} · {run.spec.latent}-D · {messages.plain(run.spec.data_name)} · {word}")
        film_link(run, "Watch")


def film_link(run: Run, label: str = "Training") -> None:
    """Draw a link to a run on the Train page."""
    if films.steps(run.path) or (run.path / "history.jsonl").is_file() or visitor.mine(run):
        navigation.link("train", label, {RUN.name: run.name})
