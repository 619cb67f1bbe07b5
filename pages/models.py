"""Models: the library as cards, and the chosen model in full: card, numbers, curves and the command that made it."""

from typing import Any

import streamlit as st

from ui.models import managing
from ui.models.evaluating import evaluation
from ui.models.measuring import measuring
from ui.shared import library, messages
from ui.shared.chips import data_name, headline, number
from ui.state import view as state
from ui.state import visitor
from ui.train import page as training
from vae.runs import Run, RunError
from vae.spec import presets

NAMES = {
    "elbo": "ELBO",
    "log_px": "log p(x), importance-weighted",
    "distortion": "Distortion −E[log p(x\\|z)]",
    "rate": "Rate KL(q‖p)",
}


def duration(seconds: Any) -> str:
    """Return a training time for people."""
    if not isinstance(seconds, int | float):
        return ""
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


def card(run: Run, chosen: bool) -> None:
    """One run of the library."""
    with st.container(border=True, key=f"card_{run.name}", gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center", wrap=False):
            st.markdown(f"**{messages.plain(run.title)}**", width="stretch")
            if chosen:
                st.caption("shown", width="content")
            else:
                st.button("Show", key=f"show_{run.name}", type="tertiary", on_click=state.set_model, args=(run.name,))
        st.markdown(headline(run))
        facts = [
            f"{messages.plain(presets.title(run.spec.preset, alone=True))} · {run.spec.latent}-D · {data_name(run)}"
        ]
        try:
            bound, seconds = number(run.metrics.get("log_px")), duration(run.metrics.get("train_seconds"))
        except RunError:
            bound = seconds = ""
        facts += [f"log p(x) ≥ {bound}"] * bool(bound) + [f"trained in {seconds}"] * bool(seconds)
        st.caption("  \n".join(facts))


def detail(run: Run) -> None:
    """The chosen run."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(messages.plain(run.title), anchor=False)
        st.page_link("explore.py", label="Explore this model", icon=":material/explore:")
        training.film_link(run)
        managing.popover(run)
    if note := str(run.meta.get("note", "")):
        st.caption(messages.plain(note))
    st.latex(run.spec.formula())
    metrics = run.metrics
    rows = [(NAMES[name], metrics.get(name)) for name in NAMES if number(metrics.get(name))]
    if rows:
        lines = [f"| {label} | {number(m)} | {m.get('n') or 0:,} |" for label, m in rows]
        st.markdown("| | value ± standard error | examples |\n|---|---|---|\n" + "\n".join(lines))
        k = metrics.get("log_px", {}).get("k")
        st.caption(f"{data_name(run)}, {metrics.get('split', 'test')} split" + (f"; K = {k}" if k else ""))
    measuring(run)
    if not run.spec.probabilistic:
        st.caption(messages.AUTOENCODER)
    if run.history:
        st.plotly_chart(
            library.training_curves(run),
            key="curves",
            config={"displayModeBar": False},
            alt=f"Distortion and rate of {run.name} during training, on training and validation data.",
        )
    evaluation(run)
    if metrics.get("command"):
        st.caption("Made by")
        st.code(metrics["command"], language="bash", wrap_lines=True)
    if run.card:
        with st.expander("Model card", icon=":material/description:"):
            st.markdown(run.card)


view = state.view()
if view is None:
    st.stop()
left, right = st.columns([1, 2], gap="large")
with left:
    managing.undo()
    for run in training.sorted_for_me(library.usable()):
        card(run, run.name == view.run.name)
    if ill := library.examples():
        shown = view.run.name in {run.name for run in ill}
        with st.expander(f"{len(ill)} unhealthy examples", expanded=shown, icon=":material/stethoscope:", key="ill"):
            st.caption("Trained to be ill, each in its own way: Diagnose says how, and what to do.")
            for run in ill:
                card(run, run.name == view.run.name)
    for run in library.unfinished():
        if visitor.mine(run):
            training.unfinished_card(run)
    for broken in library.broken():
        st.error(f"**{broken.name}** cannot be read. {broken.reason}", icon=":material/folder_off:")
with right:
    try:
        detail(view.run)
    except RunError as error:
        messages.failure(error)
