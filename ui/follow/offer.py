"""What Share offers to whoever leads: a link that others follow, its QR code, and the end of it."""

import streamlit as st

from ui.shared import messages, share
from ui.shared.navigation import Page
from ui.state import followed, following, leading, session, visitor
from ui.state.followed import LONGEST_NAME, Followed
from ui.words import say
from vae.runs import RunError


def offer(page: Page) -> None:
    """Draw it: the link while others follow, a way to take over where another tab leads, else the start."""
    if following.code():
        return
    st.markdown(f"**{say('Follow me')}**")
    if problem := session.LEAD_PROBLEM.pop():
        messages.failure(problem)
    led = leading.leads()
    if led is not None:
        st.caption(say("Whoever opens this link sees your page, model, image and point, and moves with you."))
        link = followed.link(led.code)
        st.code(link, language=None, wrap_lines=True)
        if link:
            st.image(share.picture(link), width=share.SIDE)
        st.button(say("End it for everybody"), key="lead_stop", on_click=leading.stop, args=(led.code,))
        return
    elsewhere = next(followed.led_by(visitor.me()), None)
    if elsewhere is not None:
        st.caption(say("Others follow you in another tab, or did before this page was reloaded."))
        st.button(say("Lead with this tab"), key="lead_here", on_click=_take_over, args=(elsewhere, page.name))
        st.button(say("End it for everybody"), key="lead_stop", on_click=leading.stop, args=(elsewhere.code,))
        return
    st.caption(
        say(
            "Others open your link and see what you see, on every page, until they let go. They cannot change anything "
            "of yours."
        )
    )
    st.text_input(say("Name that they see"), key="lead_name", placeholder=say("your teacher"), max_chars=LONGEST_NAME)
    st.button(say("Let others follow me"), key="lead_start", icon=":material/cast:", on_click=_start, args=(page.name,))


def _start(page: str) -> None:
    try:
        leading.start(visitor.require(), str(session.widget("lead_name", "").get() or ""), page)
    except (OSError, RunError) as error:
        session.LEAD_PROBLEM.set(str(error))


def _take_over(found: Followed, page: str) -> None:
    try:
        leading.take_over(found, page)
    except OSError as error:
        session.LEAD_PROBLEM.set(str(error))
