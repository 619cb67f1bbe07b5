"""The frame of every page: navigation at the top, the model chip and the image chip, then the page."""

import sys
from pathlib import Path

# Streamlit puts this script's folder on the path, not the project's
ROOT = str(Path(__file__).resolve().parent.parent)
if ROOT not in sys.path:
    sys.path.insert(0, ROOT)

import streamlit as st  # noqa: E402

from ui.shared import chips, messages  # noqa: E402
from ui.state import view as state  # noqa: E402

# an icon of our own: Streamlit would fetch a Material one from elsewhere
st.set_page_config(page_title="Latent space explorer", page_icon=f"{ROOT}/ui/icon.svg", layout="wide")
page = st.navigation(
    [
        st.Page("explore.py", title="Explore", icon=":material/explore:", default=True),
        st.Page("train.py", title="Train", icon=":material/model_training:", url_path="train"),
        st.Page("paths.py", title="Paths", icon=":material/route:", url_path="paths"),
        st.Page("sample.py", title="Sample", icon=":material/casino:", url_path="sample"),
        st.Page("theory.py", title="Theory", icon=":material/function:", url_path="theory"),
        st.Page("diagnose.py", title="Diagnose", icon=":material/stethoscope:", url_path="diagnose"),
        st.Page("compare.py", title="Compare", icon=":material/compare:", url_path="compare"),
        st.Page("models.py", title="Models", icon=":material/view_list:", url_path="models"),
    ],
    position="top",
)

header = st.container(horizontal=True, vertical_alignment="center", gap="small", key="header")
view = state.view()
if view is None:
    st.info(messages.NO_MODEL, icon=":material/model_training:")
with header:
    if view is not None:
        chips.model_chip(view)
        chips.image_chip(view)
if view is not None:
    for text in view.problems:
        messages.problem(text)
page.run()
