"""Differs from: what is not the same in the shown run's settings and those of another."""

import streamlit as st

from ui.shared import library, messages
from ui.words import say
from vae.runs import Run
from vae.spec import varied


def differs(shown: Run) -> None:
    """Draw the choice of another run and the entries of the spec that differ, in a part that opens."""
    part = st.expander(say("Differs from"), icon=":material/difference:", key="differs", on_change="rerun")
    if not part.open:
        return
    with part:
        others = {
            run.name: run for run in library.entries() if isinstance(run, Run) and run.name != shown.name
        }  # fmt: skip
        name = st.selectbox(
            say("Another run"), list(others), format_func=lambda name: others[name].title, key="differs_from"
        )
        if name is None:
            st.caption(say("There is no other run."))
            return
        found = varied.differs(shown.spec, others[name].spec)
        if not found:
            st.caption(say("Both runs have the same settings."))
            return
        titles = [messages.plain(run.title) for run in (shown, others[name])]
        lines = [f"| {say('setting')} | {titles[0]} | {titles[1]} |", "|---|---|---|"]
        lines += [f"| {field} | {_cell(a)} | {_cell(b)} |" for field, (a, b) in found.items()]
        st.markdown("\n".join(lines))


def _cell(value: object) -> str:
    return "–" if value is None else messages.plain(varied.written(value))
