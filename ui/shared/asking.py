"""A visitor's questions to the pool: each is asked once, and its answer kept until another takes its place.

The pool keeps no failed answer: who asks again starts another try. A page that asks at every run would try for ever.
"""

from collections.abc import Callable, Hashable, Iterable
from typing import Any, TypeVar

from ui.state import session
from vae.answers.pool import Answer

T = TypeVar("T")


def once(slot: str, question: Hashable, ask: Callable[[], Answer[T]]) -> Answer[T]:
    """Return the answer to a question in a slot of this session; another question replaces the slot's answer."""
    kept: dict[str, tuple[Hashable, Answer[Any]]] = session.ASKED.kept()
    before = kept.get(slot)
    if before is not None and before[0] == question:
        return before[1]
    answer = ask()
    kept[slot] = question, answer
    if before is not None and all(before[1] is not held for _, held in kept.values()):
        before[1].drop()
    return answer


def drop(slots: Iterable[str]) -> None:
    """Stop waiting for the answers in some slots of this session; other sessions keep waiting."""
    kept = session.ASKED.get()
    for slot in slots:
        if slot in kept:
            kept[slot][1].drop()
