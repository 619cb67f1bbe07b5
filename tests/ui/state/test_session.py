"""The session: typed keys, and one file that touches it."""

import re
from pathlib import Path

import pytest
import streamlit as st

from ui.state import session
from ui.state.session import Key

ROOT = Path(session.__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def empty(monkeypatch):
    monkeypatch.setattr(st, "session_state", {})


def sources():
    """The app's own files, by their path, with what they say."""
    files = [ROOT / "app.py", *(file for room in ("ui", "pages") for file in (ROOT / room).rglob("*.py"))]
    return {str(file.relative_to(ROOT)): file.read_text() for file in files}


def test_one_file_touches_the_session():
    touching = {name for name, text in sources().items() if "session_state" in text}
    assert touching == {"ui/state/session.py"}


def test_one_file_touches_the_address():
    touching = {name for name, text in sources().items() if re.search(r"st\.query_params", text)}
    assert touching == {"ui/state/address.py"}


def test_keys_have_names_of_their_own():
    names = [key.name for key in vars(session).values() if isinstance(key, Key)]
    assert len(set(names)) == len(names) > 10


def test_default_is_made_for_each_session_and_kept_on_request():
    key = Key("numbers", list[int])
    assert key.get() == [] and not key.known()
    key.kept().append(3)
    assert key.get() == [3] and key.known()
    assert key.pop() == [3] and key.pop() == [] and not key.known()
    key.set([1])
    key.forget()
    key.forget()
    assert not key.known()


def test_widget_is_none_before_it_is_drawn():
    assert session.widget("slider").get() is None
    session.widget("slider").set(4)
    assert st.session_state == {"slider": 4}
