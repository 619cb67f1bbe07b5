"""Compare: two to four models under one cursor and one lasso, and their numbers with the differences' errors."""

import streamlit as st

from ui.compare import groups, page
from ui.shared import frame, messages
from ui.state import mode
from ui.state.view import compared
from ui.words import say

runs, problems = compared()
with frame.passing():
    for text in problems:
        messages.problem(text)
align = page.chooser(runs)
if mode.expert():
    with frame.failures():
        groups.group()
if len(runs) < 2:
    st.info(say("Choose two to four models. The others are compared with the first."), icon=":material/compare:")
    st.stop()
with frame.failures():
    page.compared(page.panels(runs, align), align)
