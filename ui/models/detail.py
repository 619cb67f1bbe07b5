"""One model in full on the Models page: card, numbers, curves and the command that made it."""

import streamlit as st

from ui.models import managing, owned
from ui.models.evaluating import evaluation, wanted
from ui.models.measuring import asked, measuring
from ui.shared import frame, library, messages, navigation
from ui.shared.chips import data_text, number
from ui.state import mode
from ui.words import phrase, say
from vae import runs
from vae.runs import Run

NAMES = {
    "elbo": "ELBO",
    "log_px": phrase("log p(x), importance-weighted"),
    "distortion": phrase("Distortion −E[log p(x\\|z)]"),
    "rate": phrase("Rate KL(q‖p)"),
}
DENSITY = "log_px"  # what only experts see of them


def detail(run: Run) -> None:
    """Draw the model; raises RunError for files that cannot be read."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.header(messages.plain(library.title(run)), anchor=False)
        navigation.link("explore", say("Explore this model"))
        owned.film_link(run, say("Training"))
        managing.popover(run)
    if note := str(run.meta.get("note", "")):
        st.caption(messages.plain(say(note) if runs.is_shipped(run) else note))
    expert = mode.expert()
    with frame.passing():
        if expert:
            # one by one, so that a phone shows them below each other and nothing has to be scrolled
            with st.container(horizontal=True, gap="medium", key="model_formula"):
                for part in run.spec.formula().split(r",\quad "):
                    st.latex(part, width="content")
    metrics = run.metrics
    shown = {name: title for name, title in NAMES.items() if expert or name != DENSITY}
    rows = [(title, m) for name, title in shown.items() if (m := metrics.get(name)) and number(m)]
    if rows:
        lines = [f"| {say(label)} | {number(m)} | {m.get('n') or 0:,} |" for label, m in rows]
        st.markdown(say("| quantity | value ± standard error | examples |") + "\n|---|---|---|\n" + "\n".join(lines))
        k = metrics.get(DENSITY, {}).get("k") if expert else None
        split = messages.plain(str(metrics.get("split", "test")))
        st.caption(say("{data}, {split} split", data=data_text(run), split=split) + (f"; K = {k}" if k else ""))
    with frame.passing():
        if expert or asked(run):
            measuring(run)
    if not run.spec.probabilistic:
        st.caption(say(messages.AUTOENCODER))
    if run.history:
        st.plotly_chart(
            library.training_curves(run),
            key="curves",
            config={"displayModeBar": False},
            alt=say("Distortion and rate of {run} during training, on training and validation data.", run=run.name),
        )
    if expert or wanted(run):
        evaluation(run)
    if metrics.get("command"):
        st.caption(say("Made by"))
        st.code(metrics["command"], language=None, wrap_lines=True)
    if run.card:
        with st.expander(say("Model card"), icon=":material/description:"):
            st.markdown(messages.lowered(run.card))
