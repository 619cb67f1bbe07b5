"""Train: a run being trained on the left, what to train next on the right."""

import streamlit as st

from ui.models import managing
from ui.shared import frame, messages
from ui.train import launching, page
from ui.words import say
from vae import jobs

jobs.executor().warm()
run = page.chosen()
left, right = st.columns([2.1, 1], gap="large")
with left:
    with frame.passing():
        managing.undo()
    if run is None:
        st.info(say(messages.NO_FILM), icon=":material/model_training:")
    else:
        page.chooser(run)
        page.watching(run)
with right:
    launching.panel(run)
