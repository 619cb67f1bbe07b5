"""Where a field's value comes from: the address leads, the session remembers, and a model keeps what is its own."""

import pytest
import streamlit as st

from ui.state import address, view
from ui.state.field import keep
from ui.state.permalink import BOX, COLOUR, FIELDS, IMAGE, KIND, MODEL, PATH, PIN, PLANE, SHOW
from ui.state.subject import Subject

A, B = (Subject(name, 2, 0, 100, ("line", "slerp", "geodesic"), ("prior", "aggregate")) for name in "AB")


@pytest.fixture(autouse=True)
def visitor(monkeypatch):
    """Give each test a session and an address, and return the address."""
    said: dict[str, str] = {}
    monkeypatch.setattr(st, "session_state", {})
    monkeypatch.setattr(address, "get", said.get)

    def write(wanted):
        said.update(wanted)
        for name in [name for name in wanted if not said[name]]:
            del said[name]

    monkeypatch.setattr(address, "write", write)
    return said


def test_address_leads_and_session_remembers(visitor):
    keep({SHOW: "manifold", COLOUR: "gap"}, Subject())
    assert visitor == {"show": "manifold", "colour": "gap"}
    visitor["show"] = "traverse"
    assert SHOW.value(Subject()) == ("traverse", "")
    visitor.clear()  # as after a change of page
    assert SHOW.value(Subject()) == ("manifold", "") and COLOUR.value(Subject()) == ("gap", "")


def test_default_is_not_in_the_address(visitor):
    keep({SHOW: "samples", KIND: "line", BOX: None}, A)
    assert visitor == {}


def test_model_keeps_what_is_its_own(visitor):
    keep({PATH: ((0.0, 1.0), (2.0, 3.0)), BOX: (0.0, 1.0, 0.0, 1.0), KIND: "slerp"}, A)
    for where in ("with the old address", "after a change of page"):
        assert PATH.value(A)[0] == ((0.0, 1.0), (2.0, 3.0)), where
        assert (PATH.value(B), BOX.value(B), KIND.value(B)) == ((None, ""), (None, ""), ("line", "")), where
        visitor.clear()


def test_link_of_another_model_counts(visitor):
    keep({PLANE: "pca"}, A)
    visitor.update({"model": "B", "plane": "pca", "z": "1,2"})
    assert PLANE.value(B) == ("pca", "") and PIN.value(B) == ((1.0, 2.0), "")


def test_change_of_model_leaves_only_the_image(visitor):
    view._look_at({MODEL: "A", PLANE: "pca", PIN: (1.0, 2.0)}, "A")
    keep({field: field.read(text, A)[0] for field, text in ((PATH, "0,1;2,3"), (BOX, "0,1,0,1"), (IMAGE, "5"))}, A)
    keep({SHOW: "manifold"}, Subject())
    assert {field.name for field in FIELDS if field.of_model} >= {"path", "box", "plane", "z"} <= set(visitor)
    view.set_model("B")
    assert visitor == {"model": "B", "image": "5", "show": "manifold"}
    assert IMAGE.value(B) == (5, "") and PATH.value(B) == (None, "")
    visitor.clear()
    assert IMAGE.value(B) == (None, "")


def test_address_names_the_model_beside_anything_else(visitor):
    view._look_at({MODEL: view.DEFAULT_MODELS[0]}, view.DEFAULT_MODELS[0])
    assert visitor == {}
    view.set_plane("pca")
    assert visitor == {"model": view.DEFAULT_MODELS[0], "plane": "pca"}
    view.set_pin((0.12345, 1.0))
    assert visitor["z"] == "0.123,1.000" and visitor["plane"] == "pca"
    view.set_pin(None)
    view.set_plane("")
    assert visitor == {"model": view.DEFAULT_MODELS[0]}  # once named, it stays
