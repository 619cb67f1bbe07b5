"""The queue on the teacher's page: who is here, what trains and waits, the memory, and stopping or preferring a run."""

import time
from collections.abc import Callable
from functools import partial

import streamlit as st

from ui.models.owned import WORDS
from ui.shared import library, messages
from ui.shared.fragments import fragment
from ui.state import notices, presence, teacher, visitor
from ui.state.pseudonyms import pseudonym
from ui.words import say
from vae import jobs, runs
from vae.jobs import JobState
from vae.runs import Run, RunError, machine, status

POLL = 2.0  # seconds
GB = 1e9


@partial(fragment, run_every=POLL)
def live() -> None:
    """Draw who is here, how busy the machine is, and the queue, again and again."""
    if not teacher.here():
        st.rerun()
    left, right = st.columns([1, 2], gap="large")
    with right:
        _machine()
        _queue()
    with left:
        _people()


def _people() -> None:
    here = presence.here()
    st.header(say("{count} here", count=len(here)), anchor=False)
    counts = _runs_of()
    rows = [
        {
            say("Who"): _who(seen.visitor),
            say("Page"): say(seen.page),
            say("Last move"): _ago(time.time() - seen.at),
            say("Runs"): counts.get(seen.visitor, 0),
        }
        for seen in here
    ]
    st.table(rows, border="horizontal")
    st.caption(say("Pseudonyms of browsers. Share tells each visitor their own."))


def _who(name: str) -> str:
    who = pseudonym(name)
    return say("{who} (you)", who=who) if name == visitor.me() else who


def _runs_of() -> dict[str, int]:
    counts: dict[str, int] = {}
    for entry in library.entries():
        if isinstance(entry, Run) and not runs.is_shipped(entry):
            owner = visitor.owner(entry)
            counts[owner] = counts.get(owner, 0) + 1
    return counts


def _ago(seconds: float) -> str:
    return say("now") if seconds < 60 else say("{minutes:.0f} min ago", minutes=seconds // 60)


def _machine() -> None:
    """Draw how many runs train and wait, and how much memory is free."""
    has = jobs.executor().resources()
    free = machine.free_memory()
    with st.container(horizontal=True, gap="large", key="teacher_machine"):
        st.metric(say("Training slots in use"), say("{a} of {b}", a=has.busy, b=has.slots), width="content")
        st.metric(say("Runs waiting"), has.waiting, width="content")
        if free is not None:
            text = say("{free:.1f} of {all:.1f} GB", free=free / GB, all=machine.memory() / GB)
            st.metric(say("Memory free"), text, width="content")
    for problem in has.problems:
        messages.warning(problem)


def queued() -> list[tuple[Run, JobState]]:
    """Return the runs that train, pause or wait, the waiting ones last and in their order."""
    executor = jobs.executor()
    found = []
    for entry in library.entries():
        if isinstance(entry, Run) and not runs.is_shipped(entry):
            now = status.current(entry.path)
            if now.alive or now.state == "queued":
                state = executor.state(entry.path)
                if state.status.alive or state.status.state == "queued":
                    found.append((entry, state))
    return sorted(found, key=lambda one: (one[1].status.state == "queued", one[1].ahead, one[0].name))


def _queue() -> None:
    messages.notice(notices.take())
    found = queued()
    st.header(say("Queue"), anchor=False)
    if not found:
        st.caption(say("Nothing trains or waits."))
    for run, state in found:
        _row(run, state)


def _row(run: Run, state: JobState) -> None:
    word, colour = WORDS[state.status.state]
    waits = state.status.state == "queued"
    share = min(1.0, state.status.step / state.status.total) if state.status.total else 0.0
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"queue_{run.name}"):
        if waits:
            about = say("{count} before it", count=state.ahead) if state.ahead else say("next")
        else:
            about = f"{share:.0%}"
        st.markdown(
            f":{colour}-badge[{say(word)}] **{messages.plain(run.title)}** · {pseudonym(visitor.owner(run))} · {about}",
            width="stretch",
        )
        if waits:
            _button(say("Start next"), "first", "vertical_align_top", run, lambda: jobs.executor().prioritise(run.path),
                    say("Let it start before all others that wait."))  # fmt: skip
        _button(say("Stop"), "stop", "stop", run, lambda: jobs.executor().stop(run.path),
                say("End it; what it has learned is kept."))  # fmt: skip
    if state.status.message:
        st.caption(messages.sentence(state.status.message))


def _button(label: str, key: str, icon: str, run: Run, act: Callable[[], None], words: str) -> None:
    def press() -> None:
        try:
            teacher.require()
            act()
        except (RunError, OSError) as error:
            notices.add(str(error))
        library.forget()

    st.button(
        label, key=f"queue_{key}_{run.name}", icon=f":material/{icon}:", type="tertiary", help=words, on_click=press
    )
