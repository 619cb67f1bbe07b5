"""A visitor's questions to the pool: each is asked once, and its answer kept until another takes its place.

The pool keeps no answer that failed, so that whoever asks again gets another try; a page that asks at every look would
try for ever.
"""

from collections.abc import Callable, Hashable, Iterable
from typing import Any, TypeVar

import streamlit as st

from vae.answers.pool import Answer

KEY = "asked"  # in the session: slot -> (question, answer)
T = TypeVar("T")


def once(slot: str, question: Hashable, ask: Callable[[], Answer[T]]) -> Answer[T]:
    """Return the answer in a slot of this session if it is to the same question, else ask; an old one is let go."""
    kept: dict[str, tuple[Hashable, Answer[Any]]] = st.session_state.setdefault(KEY, {})
    before = kept.get(slot)
    if before is not None and before[0] == question:
        return before[1]
    answer = ask()
    kept[slot] = question, answer
    if before is not None and all(before[1] is not held for _, held in kept.values()):
        before[1].drop()
    return answer


def drop(slots: Iterable[str]) -> None:
    """Say that the answers in some slots of this session are not wanted now, which costs the pool's others nothing."""
    kept = st.session_state.get(KEY, {})
    for slot in slots:
        if slot in kept:
            kept[slot][1].drop()
