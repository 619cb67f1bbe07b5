"""Open: bring a trained model, data, or both; see what was found in them, correct it, and open or train."""

import streamlit as st

from ui.open import bringing, model_half, opening, page
from ui.words import say

page.begin()
opening.follow()
left, right = st.columns(2, gap="medium")
with left, st.container(key="open_model_drop"):
    model_half.zone()
with right, st.container(key="open_data_drop"):
    page.zone()
model_half.rest()
page.rest(folded=opening.current() is not None)
if opening.current() is None and bringing.current() is None:
    st.header(say("Nothing at hand? Try an example"), anchor=False)
    with st.container(horizontal=True, gap="small", key="open_samples"):
        model_half.examples()
        page.samples()
