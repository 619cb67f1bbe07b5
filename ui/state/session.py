"""The session of a visitor: every name that the app keeps something under, and the only file that reads or writes it.

What the address says too is in the table of permalink.py. Streamlit keeps the values of widgets under their own keys:
`widget` reads and sets those.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

import streamlit as st

from vae.spec import Spec

T = TypeVar("T")


@dataclass(frozen=True)
class Key(Generic[T]):
    """A name in the session, and a function that makes the value for a session that has none yet."""

    name: str
    default: Callable[[], T]

    def get(self) -> T:
        """Return the value; a default is not saved."""
        return cast(T, st.session_state[self.name]) if self.known() else self.default()

    def kept(self) -> T:
        """Return the value, and save the default, so that a dictionary or set can be changed in place."""
        return cast(T, st.session_state.setdefault(self.name, self.default()))

    def set(self, value: T) -> None:
        """Save a value."""
        st.session_state[self.name] = value

    def update(self, value: T) -> None:
        """Save a value if it has changed: writing a widget's value again would undo what is being typed."""
        if not self.known() or self.get() != value:
            self.set(value)

    def pop(self) -> T:
        """Return the value and delete it, for things that are shown or done once."""
        value = self.get()
        self.forget()
        return value

    def forget(self) -> None:
        """Delete the value."""
        if self.known():
            del st.session_state[self.name]

    def known(self) -> bool:
        """Return whether the session has a value."""
        return self.name in st.session_state


def nothing() -> None:
    """Return None, the default of a key that has no other."""


def widget(key: str, default: Any = None) -> Key[Any]:
    """Return the key of a widget's value, which is the default before the widget was drawn."""
    return Key(key, lambda: default)


def reported(component: str, event: str) -> Any:
    """Return what a component's browser reports under a name; None for nothing, and for a message of another form."""
    found = widget(component).get()
    return found.get(event) if isinstance(found, Mapping) else None


def remembered(field: str) -> Key[tuple[str, str]]:
    """Return where the session remembers a field of the address: the model it was written for, and its text."""
    return Key(f"view_{field}", lambda: ("", ""))


# Values of types from the page rooms, which are above this one, are declared as Any here; the room knows the type.

# on every page
NOTICE: Key[tuple[str, str] | None] = Key("view_said", nothing)  # kind and text of a sentence, shown once
REDRAW: Key[bool] = Key("view_redraw", bool)  # whether the whole page is to be drawn again
REPORTED: Key[tuple[str, str] | None] = Key("view_heard", nothing)  # model and pin of the map card's last report
ASKED: Key[dict[str, Any]] = Key("asked", dict)  # slot -> question and answer of the pool

# following another visitor, and being followed
LEADING: Key[Any] = Key("leading", nothing)  # what the followers of this browser see
LEAD_PROBLEM: Key[str] = Key("lead_problem", str)  # why nobody can follow this browser, shown once
FOLLOWED: Key[tuple[str, int] | None] = Key("followed", nothing)  # code and turn of the leader's last move shown here

# on the teacher's page
TEACHER: Key[bool] = Key("teacher", bool)  # whether this tab is the teacher's
TEACHER_PROBLEM: Key[str] = Key("teacher_problem", str)  # why it is not, shown once
CLEARED: Key[list[tuple[str, str]]] = Key("cleared", list)  # place in the trash and title of the runs cleared up

# of a lesson
LESSON_STEP: Key[str] = Key("lesson_step", str)  # the lesson and the step that were shown last
LESSON_ANSWERS: Key[dict[str, int]] = Key("lesson_answers", dict)  # lesson and step -> the choice that was made
DRAWING: Key[bool] = Key("own_drawing", bool)  # whether the dialog is open in which an example is made by hand

# Explore
CHOSEN: Key[dict[str, Any]] = Key("chosen", dict)  # model -> the codes that are selected on its map
SAVED: Key[dict[str, Any]] = Key("chosen_saved", dict)  # model -> name -> indices of a saved selection
SELECTIONS_FILE: Key[tuple[Any, str]] = Key("chosen_told", lambda: (None, ""))  # the file read last, and its fault
COLUMNS: Key[dict[str, Any]] = Key("map_columns", dict)  # model -> name -> uploaded column
COLUMNS_FILE: Key[Any] = Key("map_upload_told", nothing)  # the file read last, its fault, and what was left out
PAGE: Key[str] = Key("page_shown", str)  # the page that was drawn last
SEEN_EVENT: Key[str] = Key("map_seen_event", str)  # the last report of what is seen of a map
FIRST_SEEN: Key[Any] = Key("map_first_seen", nothing)  # model, map and the part of it that was seen when it was mounted
MAPS: Key[set[str]] = Key("mapping", set)  # t-SNE and UMAP maps that this visitor asked for

# Paths
PATH: Key[Any] = Key("view_path_shown", nothing)  # model and PathView of the path that was shown last
PATH_EDITED: Key[bool] = Key("paths_heard", bool)  # whether this run of the page follows a change of the path
PATH_FILE: Key[tuple[str, str] | None] = Key("paths_opened", nothing)  # model and file of the path opened last
GROUPS: Key[tuple[str, dict[str, Any]]] = Key("attribute_caught", lambda: ("", {}))  # model, and name -> indices

# Theory
CHAPTERS: Key[dict[str, Any]] = Key("theory_chapters", dict)  # model -> what its chapters show and wait for

# Open
BROUGHT: Key[Any] = Key("open_brought", nothing)  # the file that this visitor has brought, and what was found in it
DROP_ZONE: Key[str] = Key("open_drop_key", lambda: "open_data_upload")  # the widget of the next file
MODEL_BROUGHT: Key[Any] = Key("open_model", nothing)  # the model that this visitor has brought, and what was found
MODEL_ZONE: Key[str] = Key("open_model_drop_key", lambda: "open_model_upload")  # the widget of the next model
KEPT: Key[str] = Key("open_kept_last", str)  # the name of the own data that were kept last
SET_ASIDE: Key[tuple[str, str] | None] = Key("open_set_aside", nothing)  # place and name of own data deleted last
TRAIN_ON: Key[bool] = Key("open_train_on", bool)  # whether the page is left for Train

# Train and Models
FORM_SPEC: Key[Spec | None] = Key("form_base", nothing)  # the spec that the form was filled from last
FORM_JSON_PROBLEM: Key[str] = Key("form_json_problem", str)  # what was wrong with the JSON loaded last
WATCHED: Key[str] = Key("watched_last", str)  # the run that Train has shown last
BRANCH: Key[str] = Key("branch_of", str)  # the run that a branch is being prepared of
DELETED: Key[list[tuple[str, str]]] = Key("deleted_runs", list)  # place in the trash and title of what was deleted last
CARDS: Key[int] = Key("models_cards", int)  # how many more cards than at first the library shows
EVALUATIONS: Key[dict[str, Any]] = Key("evaluating", dict)  # path of a run -> answers of its evaluation table
MEASUREMENTS: Key[dict[str, Any]] = Key("measuring", dict)  # path of a run -> a measurement and its answer
