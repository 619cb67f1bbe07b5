"""The frame of every page: navigation at the top, the model chip and the image chip, then the page."""

import sys
from pathlib import Path

# Streamlit puts this script's folder on the path, not the project's
ROOT = str(Path(__file__).resolve().parent.parent)
if ROOT not in sys.path:
    sys.path.insert(0, ROOT)

import streamlit as st  # noqa: E402

from ui.draw import panel  # noqa: E402
from ui.follow import band as follow_band  # noqa: E402
from ui.follow import offer as follow_offer  # noqa: E402
from ui.lessons import band  # noqa: E402
from ui.shared import chips, frame, front_end, heading, messages, share, sign_in  # noqa: E402
from ui.shared.navigation import BY_NAME, TEACHER, navigation  # noqa: E402
from ui.state import following, language, leading, mode, notices, presence, teacher, visitor  # noqa: E402
from ui.state import map as map_state  # noqa: E402
from ui.state.handmade import HANDMADE  # noqa: E402
from ui.state.permalink import hidden  # noqa: E402
from ui.state.view import remember_link, view  # noqa: E402
from ui.words import say  # noqa: E402
from vae.opened import missing  # noqa: E402

ON_NO_MODEL = {"model", "image", "mode", "lessons"}  # what a page leaves out that shows none

language.enter()
heading.name_app()
left_out = hidden()
more = (TEACHER,) if teacher.exists() else ()
admitted = sign_in.admitted()
shown_to_all = left_out if teacher.here() else left_out | {TEACHER.name}
script, page = navigation(shown_to_all if admitted else {*BY_NAME, TEACHER.name}, more)
if page is TEACHER:
    left_out |= ON_NO_MODEL
heading.name_tab(page)
if not admitted:
    sign_in.door()
    st.stop()
leader, lost = following.enter(page)
map_state.enter(page.title)
mode.enter()
presence.note(visitor.me(), page.title)
notices.redraw_asked()  # by a callback: the whole page is drawn now
band.enter()
shown = view()
if shown is not None:
    remember_link(page.name, shown)
header = heading.head(page, shown, "title" not in left_out)
if shown is None:
    st.info(say(messages.NO_MODEL), icon=":material/model_training:")
else:
    with header:
        if "model" not in left_out:
            chips.model_chip(shown)
        if "image" not in left_out:
            chips.image_chip(shown)
        if "mode" not in left_out:
            chips.mode_switch()
        if page.name in HANDMADE.pages and "image" not in left_out:
            panel.chip(shown)
    with frame.passing():
        for text in shown.problems:
            messages.problem(text)
        for text in missing.sentences(shown.run.meta, page.title):
            st.info(messages.sentence(text), icon=":material/info:")
with header:
    if "lessons" not in left_out:
        band.offer()
    if "share" not in left_out:
        share.offer(lambda: follow_offer.offer(page), leading.leads() is not None)
with frame.passing():
    follow_band.band(leader, lost)
with frame.passing():
    band.band(page)
st.html(f'<span id="{front_end.PAGE}" tabindex="-1"></span>')
try:
    script.run()
finally:  # a page may end early
    leading.publish(page.name)
