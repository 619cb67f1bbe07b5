"""The attribute vector of two groups of codes on the Paths page: classes, lassoed codes, saved selections."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import streamlit as st

from ui.explore import saved_selections
from ui.shared import figures, library, messages
from ui.state import mode, session
from ui.words import say
from vae.geometry.attributes import LEAST, Attribute, attribute
from vae.runs import Codes, Run

GROUPS = ("A", "B")
FROM, TO = "attribute_from", "attribute_to"
SAVED = "saved: "


def _kept(run: Run) -> dict[str, np.ndarray]:
    name, groups = session.GROUPS.get()
    return groups if name == run.name else {}


def catch(run: Run, index: np.ndarray) -> None:
    """Show how many codes are selected, and a button that saves them as a group."""
    if not len(index):
        st.caption(
            say("Select codes with Lasso or Box to make a group for an attribute vector."),
            width="stretch",
        )
        return
    st.markdown(say("**{count:,}** selected, keep as", count=len(index)), width="content")
    for group, key in zip(GROUPS, (FROM, TO), strict=True):
        if st.button(group, key=f"attribute_keep_{group}", type="tertiary", disabled=len(index) < LEAST):
            session.GROUPS.set((run.name, {**_kept(run), group: index}))
            session.widget(key).set(_selection_name(group))
            st.rerun()


def _selection_name(group: str) -> str:
    return f"selection {group}"


def title(name: str) -> str:
    """Return a group's name as it is shown."""
    for group in GROUPS:
        if name == _selection_name(group):
            return say("selection {group}", group=group)
    return say("saved: {name}", name=name.removeprefix(SAVED)) if name.startswith(SAVED) else name


def groups(run: Run, codes: Codes) -> Mapping[str, np.ndarray]:
    """Return the groups that can be compared, by name: selections of this page and of Explore, then the classes."""
    found = {_selection_name(name): index for name, index in _kept(run).items()}
    kept = saved_selections.saved(run).items()
    found |= {f"{SAVED}{name}": index for name, index in kept if len(index) >= LEAST and index[-1] < len(codes)}
    if codes.labels is not None:
        found |= {name: index for name, index in figures.groups(codes) if len(index) >= LEAST}
    return found


@st.cache_resource(max_entries=64, show_spinner=False)
def _attribute(path: Any, version: object, first: bytes, second: bytes, _codes: Codes) -> Attribute:
    a, b = (np.frombuffer(part, np.int64) for part in (first, second))
    return attribute(_codes.means, a, b)


def _choice(run: Run, codes: Codes) -> tuple[str, str, np.ndarray, np.ndarray] | None:
    start, end = (session.widget(key).get() for key in (FROM, TO))
    if start is None or end is None:
        return None
    known = groups(run, codes)
    if start not in known or end not in known or start == end:
        return None
    return start, end, known[start].astype(np.int64), known[end].astype(np.int64)


def found(run: Run, codes: Codes) -> Attribute | None:
    """Return the attribute that is chosen, or None; raises ValueError for groups that cannot be compared."""
    choice = _choice(run, codes)
    if choice is None:
        return None
    _, _, a, b = choice
    return _attribute(run.path, library.stamp(run.path), b.tobytes(), a.tobytes(), codes)


def chosen(run: Run, codes: Codes) -> dict[str, Any] | None:
    """Return the chosen attribute for the browser: its vector, title and effect size."""
    choice = _choice(run, codes)
    try:
        made = found(run, codes)
    except ValueError:
        return None  # the section says why
    if choice is None or made is None:
        return None
    return {"vector": made.vector.tolist(), "title": f"{title(choice[0])} → {title(choice[1])}", "effect": effect(made)}


def effect(made: Attribute) -> str:
    """Return the effect size with its standard error, beside its size by chance."""
    chance = f"{round(made.random.mean(), 2) + 0.0:.2f} ± {made.random.std():.2f}"  # never minus nought
    size = f"{made.effect:.2f} ± {made.se:.2f}"
    return say(
        "Cohen's d = {size} (random pairs {chance})", size=size.replace("-", "−"), chance=chance.replace("-", "−")
    )


def offered(run: Run, codes: Codes) -> bool:
    """Return whether the page shows attribute vectors: to experts, and where one is chosen."""
    return mode.expert() or _choice(run, codes) is not None


def panel(run: Run, codes: Codes) -> None:
    """Draw the choice of two groups, and whether the direction between them is more than chance."""
    names = list(groups(run, codes))
    with st.container(key="attribute", gap="small"):
        st.markdown(say("## Attribute vector"))
        if len(names) < 2:
            st.caption(
                say(
                    "The codes have no labels. Select two groups with Lasso and keep them as A and B, or save two "
                    "selections on Explore."
                )
            )
            return
        for key in (FROM, TO):
            if session.widget(key).get() not in names:
                session.widget(key).set(None)
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
            for key, label in ((FROM, say("From")), (TO, say("To"))):
                st.selectbox(label, names, index=None, format_func=title, key=key, placeholder=say("group"), width=150)
        try:
            made = found(run, codes)
        except ValueError as error:
            messages.problem(say("No attribute: {why}.", why=say(str(error))))
            return
        if made is None:
            st.caption(
                say(
                    "The difference of the mean codes of two groups. Choose two groups; the vector can be added to any "
                    "image."
                )
            )
            return
        beyond = say("none") if made.beyond * (len(made.random) + 1) <= 1 else f"{made.beyond:.0%}"
        st.caption(
            say(
                "{effect}, measured on held-out codes; {beyond} of {pairs} random pairs of groups of {first:,} and "
                "{second:,} codes differ as much.",
                effect=effect(made),
                beyond=beyond,
                pairs=len(made.random),
                first=made.sizes[1],
                second=made.sizes[0],
            )
        )
