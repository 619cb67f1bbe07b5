"""The choice of a group of runs in a part of a page that opens."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ui.shared import library
from ui.words import say
from vae.runs import groups


def chosen_group(title: str, icon: str, key: str, choice: str) -> tuple[DeltaGenerator, str] | None:
    """Draw the part with a choice of the group; return both, None while it is closed or where there is no group.

    `key` and `choice` are the keys of the part and of the widget.
    """
    names = list(groups.by_name(library.entries()))
    if not names:
        return None
    part = st.expander(title, icon=icon, key=key, on_change="rerun")
    if not part.open:
        return None
    return part, part.selectbox(say("Group"), names, key=choice)
