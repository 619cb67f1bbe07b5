"""What was found out about a model, a row each: what, the value with its rivals, and how sure it is."""

from collections.abc import Callable, Mapping
from html import escape
from typing import Any

import streamlit as st

from ui.shared import messages
from ui.state import session
from ui.words import say

SURE, THIN = "#1e7a4a", "#b8860b"
FULL = 4.0  # times better from which the bar is full
ASKED, BETTER, MEASURED = ": please check", "× better", "measured "  # parts of what the core says of a margin
SHORT = 28  # letters of all choices together that stand beside each other as buttons

Answer = Callable[[str, str], None]


def draw(found: list[Mapping[str, Any]], answer: Answer) -> None:
    """Draw all rows; `answer(name, key)` is called when a control of the key `key` changes."""
    for number, one in enumerate(found):
        _row(one, number, answer)


def _row(one: Mapping[str, Any], number: int, answer: Answer) -> None:
    offered: Mapping[str, str] = one["choices"]
    name = one["name"]
    with st.container(key=f"open_line_model_{name}_{number}{'_thin' * one['ask']}", gap=None):
        title, value, sure = st.columns([1.1, 2.3, 1.5], vertical_alignment="center")
        title.markdown(say(one["title"]))
        with value:
            if len(offered) < 2 and name != "beta":
                st.markdown(f"**{messages.plain(say(one['shown']))}**")
            else:
                _control(one, offered, answer)
        with sure:
            _margin(one)
    if one["sentence"] and one["ask"]:
        st.caption(messages.sentence(one["sentence"]))


def _control(one: Mapping[str, Any], offered: Mapping[str, str], answer: Answer) -> None:
    name = one["name"]
    key, title = f"open_answer_{name}", say(one["title"])
    if name == "beta":
        session.widget(key).update(float(one["value"]))
        st.number_input(
            title, min_value=0.0, key=key, on_change=answer, args=(name, key), label_visibility="collapsed",
            format="%g", width=160,
        )  # fmt: skip
        return
    session.widget(key).update(one["value"])
    titles = {option: say(text) for option, text in offered.items()}
    words: dict[str, Any] = {
        "key": key, "format_func": lambda option: titles.get(option, option), "label_visibility": "collapsed",
        "on_change": answer, "args": (name, key),
    }  # fmt: skip
    if sum(map(len, titles.values())) <= SHORT:
        st.segmented_control(title, list(offered), **words)
    else:
        st.selectbox(title, list(offered), **words)


def _margin(one: Mapping[str, Any]) -> None:
    margin = one["margin"]
    share = 1.0 if margin is None and not one["ask"] else 0.06
    if margin is not None:
        share = min(1.0, max(0.06, (margin - 1) / (FULL - 1)))
    colour = THIN if one["ask"] else SURE
    bar = (
        "<div style='flex:none;width:84px;height:8px;border:1px solid #8888'>"
        f"<div style='width:{share:.0%};height:100%;background:{colour}'></div></div>"
    )
    words = _words(one["bar"]) or (say("please check") if one["ask"] else "")
    row = "display:flex;align-items:center;gap:8px"
    st.html(f"<div style='{row}'>{bar}<span style='font-size:.9rem'>{escape(words)}</span></div>")


def _words(bar: str) -> str:
    """Return what `vae.opened.found` says of the margin in the reader's language: its texts are nearly all numbers."""
    words, asked, _ = bar.partition(ASKED)
    if words.endswith(BETTER):
        said = say("{times}× better", times=words.removesuffix(BETTER))
    elif words.startswith(MEASURED):
        said = say("measured {value}", value=words.removeprefix(MEASURED))
    else:
        said = say(words)
    return f"{said}: {say('please check')}" if asked else said
