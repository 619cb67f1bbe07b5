"""The data on page Open: the drop zone, what was found with its corrections, five examples, and keeping."""

import re
from collections.abc import Mapping, Sequence
from functools import partial
from html import escape
from typing import Any

import streamlit as st

from ui.open import bringing, drawn, opening
from ui.open.bringing import Brought
from ui.shared import messages, navigation
from ui.shared.fragments import fragment
from ui.state import notices, session
from ui.train import form
from ui.words import phrase, say, say_n
from vae.data import DataError, own
from vae.data.own import limits
from vae.data.own.samples import SAMPLES
from vae.data.recommended import recommended
from vae.spec import SpecError

FORMATS = phrase(
    "Images in a folder packed as .zip (each class in a folder), .npz or .npy, a table (CSV, Excel's text, Parquet, "
    "Arrow), idx, .h5, .h5ad or .mat."
)
SURE, THIN = "#1e7a4a", "#b8860b"
STYLE = '[class*="st-key-open_line_"][class*="_thin"] { background: color-mix(in srgb, #e0b000 18%, transparent); }'
FULL = 4.0  # times better from which the bar is full
COLUMN = "column:"
OWN_NAMES = ("examples", "labels")  # choices among arrays, which have names of their own
ARRAYS = (".npz", ".npy", ".h5", ".h5ad", ".mat")  # in which codes are looked for
MOST_USES = 60  # columns of a table whose use can be chosen here
FIRST = "vae"


def begin() -> None:
    """Draw what both halves need, and note what the work on the data has found."""
    messages.notice(notices.take())
    st.html(f"<style>{STYLE}</style>")
    bringing.follow()


def zone() -> None:
    """Draw the drop zone, or the file that was dropped."""
    made = bringing.current()
    if made is None:
        _drop_zone()
    else:
        _zone(made)


def rest(folded: bool = False) -> None:
    """Draw what was found in the data, `folded` where a model is looked at; without a file, the kept data."""
    made = bringing.current()
    if made is None:
        _kept()
        return
    if made.keeping is not None:
        _keeping(made)
    elif made.looking is not None:
        _looking(made)
    if made.error:
        _refused(made)
    if made.found is not None and made.keeping is None:
        if folded:
            asked = any(choice["thin"] for choice in made.found["found"])
            with st.expander(say("How the data are read: please check") if asked else say("How the data are read")):
                _found(made, made.found)
        else:
            _found(made, made.found)


def samples() -> None:
    """Draw the examples of data, within a row."""
    for name, sample in SAMPLES.items():
        with st.container(border=True, width=230, gap="xsmall"):
            st.markdown(f"**{say(sample.title)}**")
            st.caption(say(sample.sentence))
            with st.container(horizontal=True, gap="small"):
                st.button(say("Try it"), key=f"open_try_{name}", on_click=_try, args=(name,))
                st.download_button(
                    say("Download"), sample.content, sample.file, key=f"open_sample_{name}",
                    icon=":material/download:", on_click="ignore",
                )  # fmt: skip


def _drop_zone() -> None:
    st.file_uploader(
        say("Data: drop a file here"),
        key=session.DROP_ZONE.get(),
        on_change=bringing.taken_upload,
        max_upload_size=limits.UPLOAD // limits.MB,
        help=say(FORMATS),
    )
    most = say(
        "Up to {most} MB; for more, on your own computer: `python -m vae data add FILE --name NAME`",
        most=limits.UPLOAD // limits.MB,
    )
    st.caption(f"{say(FORMATS)} {most}")


def _try(name: str) -> None:
    bringing.bring(SAMPLES[name].file, SAMPLES[name].content())


def _zone(made: Brought) -> None:
    """Draw the file and what it is."""
    with st.container(border=True, horizontal=True, vertical_alignment="center", gap="medium", key="open_zone"):
        st.markdown(f":material/grid_view: **{messages.plain(made.title)}**", width="content")
        if made.found is not None:
            st.markdown(f"{say('Data')} · {drawn.summary(made.found)}", width="content")
        st.space("stretch")
        st.button(say("Change"), key="open_change", on_click=_change)


def _change() -> None:
    bringing.forget()
    bringing.new_zone()


@partial(fragment, run_every=0.4)
def _looking(made: Brought) -> None:
    """Show that the file is being looked at, and redraw the page when that ends."""
    if made.looking is None or made.looking.done:
        st.rerun()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.spinner(say("Looking at the file"))
        st.caption(f":material/hourglass_top: {say('Looking at the file …')}", width="content")


@partial(fragment, run_every=0.4)
def _keeping(made: Brought) -> None:
    """Show how far the data are kept, with a button that cancels; when it ends, redraw the page."""
    work = made.keeping
    if work is None:
        return
    if work.done:
        made.keeping = None
        if work.error:
            notices.add(work.error)
        else:
            session.BROUGHT.forget()
            session.KEPT.set(str(work.value))
            bringing.new_zone()
        st.rerun()
    what = say(work.what)
    text = f"{messages.sentence(what[:1].upper() + what[1:])} …"
    messages.working(work.share, text, say("Cancel"), work.cancel, key="open_cancel")


def _refused(made: Brought) -> None:
    with st.container(border=True, key="open_refused"):
        st.markdown(f":red-badge[:material/error: {say('Not opened')}]")
        st.markdown(messages.sentence(made.error))
        if made.chosen:
            st.button(say("Undo the corrections"), key="open_undo", on_click=_undo)


def _undo() -> None:
    made = bringing.current()
    if made is not None:
        made.chosen.clear()
        made.error = ""
        made.looking = made.incoming.look({})


def _found(made: Brought, found: Mapping[str, Any]) -> None:
    left, right = st.columns([1.7, 1], gap="medium")
    with left, st.container(border=True, key="open_found"):
        st.header(say("What was found"), anchor=False)
        choices = [choice for choice in found["found"] if not choice["name"].startswith(COLUMN)]
        uses = [choice for choice in found["found"] if choice["name"].startswith(COLUMN)]
        for number, choice in enumerate(choices):
            _choice(choice, number)
        if uses:
            _uses(uses)
        st.caption(
            say("The bar says how much better this reading fits than the next. Change any, and the examples follow.")
        )
    with right:
        with st.container(border=True, key="open_examples"):
            st.header(say("Does it look right?"), anchor=False)
            drawn.examples(found)
            sizes = dict(zip(("train", "valid", "test"), found["sizes"], strict=True))
            st.caption(say("{train:,} to train on, {valid:,} to validate, {test:,} to test", **sizes))
            for text in found["conversions"]:
                st.caption(f":material/swap_horiz: {messages.sentence(text)}")
        with st.container(border=True, key="open_keep_box"):
            st.text_input(say("Name"), key=bringing.NAME, max_chars=40, help=say("Small letters, digits and dashes."))
            st.button(
                say("Keep and train"),
                key="open_keep",
                type="primary",
                icon=":material/arrow_forward:",
                on_click=bringing.keep,
                disabled=made.looking is not None or bool(made.error),
                width="stretch",
            )
            if found["form"] != "images" and made.title.lower().endswith(ARRAYS):
                st.button(
                    say("Show as a map of codes"), key="open_codes", on_click=opening.data_are_codes, width="stretch",
                    help=say("These rows are codes that a model made elsewhere: the map shows them without the model."),
                )  # fmt: skip


def _choice(choice: Mapping[str, Any], number: int) -> None:
    """Draw one line: what it is, the value and the others, and how sure it is."""
    names = choice["name"] in OWN_NAMES
    offered = {option: text if names and text == option else say(text) for option, text in choice["choices"].items()}
    slug = re.sub(r"[^a-z0-9]+", "_", choice["name"].lower())[:40]
    with st.container(key=f"open_line_{slug}_{number}{'_thin' * choice['thin']}", gap=None):
        title, value, sure = st.columns([1.1, 2, 1.6], vertical_alignment="center")
        name = messages.plain(choice["title"] if choice["name"].startswith(COLUMN) else say(choice["title"]))
        title.markdown(name)
        with value:
            if len(offered) > 1:
                key = f"open_fix_{choice['name']}"
                session.widget(key).update(choice["value"])
                st.selectbox(
                    name,
                    list(offered),
                    key=key,
                    format_func=lambda option: offered.get(option, option),
                    label_visibility="collapsed",
                    on_change=_correct,
                    args=(choice["name"], key),
                )
            else:
                st.markdown(f"**{messages.plain(offered.get(choice['value'], choice['value']))}**")
        with sure:
            _margin(choice)


def _margin(choice: Mapping[str, Any]) -> None:
    margin, reason = choice["margin"], messages.sentence(choice["reason"])
    if margin is None:
        st.caption(reason)
        return
    colour, share = (THIN if choice["thin"] else SURE), min(1.0, max(0.05, (margin - 1) / (FULL - 1)))
    words = say("far better") if margin > 20 else say("{times}× better", times=f"{margin:.1f}")
    words = say("please check") if choice["thin"] else words
    bar = (
        "<div style='width:84px;height:8px;border:1px solid #8888'>"
        f"<div style='width:{share:.0%};height:100%;background:{colour}'></div></div>"
    )
    row = "display:flex;align-items:center;gap:8px"
    st.html(f"<div style='{row}'>{bar}<span style='font-size:.9rem'>{escape(words)}</span></div>")
    st.caption(reason)


def _correct(name: str, key: str) -> None:
    bringing.correct(name, str(session.widget(key).get()))


def _uses(uses: Sequence[Mapping[str, Any]]) -> None:
    """Draw the columns of a table, each with its use."""
    asked = any(choice["thin"] for choice in uses)
    count = say_n("1 column", "{n:,} columns", len(uses))
    with st.expander(count + (f": {say('please check')}" if asked else ""), expanded=len(uses) <= 8 or asked):
        for number, choice in enumerate(uses[:MOST_USES]):
            _choice(choice, number)
        if len(uses) > MOST_USES:
            rest = len(uses) - MOST_USES
            st.caption(say("The other {count:,} columns are used as they were found.", count=rest))


def _kept() -> None:
    """Draw this visitor's own data, with a button that trains on them and one that deletes them."""
    if gone := session.SET_ASIDE.get():
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key="open_deleted"):
            name = messages.plain(gone[1])
            st.caption(say("Deleted {name}. Models that were trained on it stay.", name=name), width="content")
            st.button(
                say("Undo"), key="open_undo_delete", type="tertiary", icon=":material/undo:", on_click=bringing.restore
            )
    every = [source for source in own.every() if bringing.mine(source)]
    if not every:
        return
    st.header(say("Your data"), anchor=False)
    new = session.KEPT.get()
    with st.container(key="open_kept", gap="xsmall"):
        for source in sorted(every, key=lambda source: -float(source.meta.get("created", 0))):
            about, name = source.about, source.about.name
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                fresh = f" :green-badge[{say('new')}]" if name == new else ""
                sentence = messages.plain(say(about.sentence))
                st.markdown(f"**{messages.plain(name)}**{fresh} {sentence}", width="content")
                st.button(
                    say("Train on it"),
                    key=f"open_train_{name}",
                    type="primary" if name == new else "secondary",
                    on_click=_train,
                    args=(name,),
                )
                st.button(
                    say("Delete"), key=f"open_delete_{name}", type="tertiary", on_click=bringing.remove, args=(name,)
                )
    if session.TRAIN_ON.pop():
        navigation.switch("train")


def _train(name: str) -> None:
    try:
        form.seed(recommended(FIRST, name))
    except (SpecError, DataError) as error:
        notices.add(str(error))
        return
    session.TRAIN_ON.set(True)
