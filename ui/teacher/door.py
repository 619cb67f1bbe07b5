"""The door of the teacher's page: the password."""

import streamlit as st

from ui.shared import messages
from ui.state import session, teacher
from ui.words import say

FIELD = "teacher_password"


def _try() -> None:
    # the form empties the field, so that no session keeps the password
    session.TEACHER_PROBLEM.set(teacher.enter(str(session.widget(FIELD, "").get() or "")))


def door() -> bool:
    """Return whether this tab is the teacher's; else ask for the password."""
    if teacher.here():
        return True
    if problem := session.TEACHER_PROBLEM.pop():
        messages.failure(problem)
    with st.form("teacher_door", clear_on_submit=True, width=420):
        st.text_input(
            say("Password"), type="password", key=FIELD, max_chars=teacher.MOST, autocomplete="current-password"
        )
        st.form_submit_button(say("Enter"), key="teacher_enter", type="primary", on_click=_try)
    st.caption(
        say("It was set by whoever started the server. This tab stays the teacher's until you leave or reload it.")
    )
    return False
