"""The Train page's right side: what to train next, how long it will take, and the button that begins it."""

from itertools import count

import streamlit as st

from ui.models.owned import own
from ui.shared import library, messages
from ui.state import mode, notices, session, visitor
from ui.state.view import watch
from ui.train import form, sweep
from ui.train import page as training
from ui.train.form import Form
from ui.words import say, say_n
from vae import jobs
from vae.data import DataError
from vae.jobs import Capacity
from vae.runs import Run, RunError, manage
from vae.spec import Spec, SpecError, presets


def _begin(made: Form, parent: Run | None) -> None:
    """Make the run and queue it; a refusal changes nothing and is shown."""
    title = str(session.widget("launch_title").get() or "").strip()
    try:
        owner = visitor.require()
        if parent is None:
            assert made.spec is not None
            run = manage.create(made.spec, owner, title or _title(made.spec))
        else:
            visitor.require_mine(parent)
            jobs.pause_and_wait(parent.path)
            run = manage.branch(parent, owner, **made.changes)
            if title:
                run = manage.rename(run, title)
        jobs.play(run.path, owner)
    except (RunError, SpecError, DataError, OSError) as error:
        notices.add(str(error))
        return
    session.widget("launch_title").set("")
    session.BRANCH.forget()
    library.forget()
    watch(run.name)


def _title(spec: Spec) -> str:
    """Return a descriptive title that no other run of this visitor has."""
    preset = say(presets.title(spec.preset, full=True))
    first = say("{preset} on {data}, {latent}-D", preset=preset, data=spec.data, latent=spec.latent)
    taken = {run.title for run in own()}
    return first if first not in taken else next(t for k in count(2) if (t := f"{first} ({k})") not in taken)


def _parent() -> Run | None:
    """Return the run from which a branch is being prepared, if it was not deleted."""
    name = session.BRANCH.get()
    if not name:
        return None
    try:
        return library.open_run(name)
    except RunError:
        session.BRANCH.forget()
        return None


def _wait(there: Capacity) -> str:
    """Show whether a new run would start now."""
    if there.problems:
        return there.problems[0]
    if there.busy < there.slots:
        return ""
    busy = say_n("The training slot is busy", "All {n} training slots are busy", there.slots)
    ahead = say_n("1 run is ahead of yours", "{n} runs are ahead of yours", there.waiting + 1)
    return f"{busy}: {ahead}. {say('Your run starts automatically.')}"


def panel(run: Run | None) -> None:
    """Draw the form and its button."""
    parent = _parent()
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.header(say("Train a branch") if parent else say("Train a model"), anchor=False, width="stretch")
        if parent is not None:
            st.button(say("Cancel"), key="branch_cancel", type="tertiary", on_click=session.BRANCH.forget)
        elif run is not None:
            st.button(
                say("Use these settings"), key="use_settings", type="tertiary", on_click=training.use_settings,
                args=(run,), help=say("Fill the controls from {run}.", run=run.title),
            )  # fmt: skip
    button, note = st.container(), st.container(gap="xxsmall")
    made = form.spec_form(branch=parent.spec if parent else None, estimate_in=note)
    with button, st.container(horizontal=True, vertical_alignment="bottom", gap="small", wrap=False):
        st.text_input(
                say("Title"), key="launch_title", max_chars=manage.TITLE, placeholder=say("Title (optional)"),
                label_visibility="collapsed",
            )  # fmt: skip
        st.button(
                say("Train"), key="train", type="primary", icon=":material/play_arrow:", on_click=_begin,
                args=(made, parent), disabled=bool(made.problems), width=110,
            )  # fmt: skip
    with note:
        if busy := _wait(jobs.executor().resources()):
            st.caption(messages.sentence(busy))
    if parent is None and mode.expert():
        sweep.offer(made)
