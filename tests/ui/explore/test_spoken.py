"""What is kept for all visitors, in the language of each."""

import pytest
from packed import unpack

from ui.explore import explorer
from ui.paths import attributes
from ui.sample import shared_model
from ui.shared import library
from vae.geometry import plane

pytestmark = pytest.mark.usefixtures("folder")


def test_what_is_kept_for_all_visitors_is_kept_in_each_language(ten, monkeypatch):
    run = library.open_run("ten")
    ground = plane.principal(run.codes)

    def texts():
        card = unpack(explorer.kept_payload(run, run.codes, ground, None, "map"))[0]
        shelf = unpack(shared_model.payload(run, run.codes, ground, 0))[0]
        return card["split"], shelf["split"], attributes.title("selection A"), attributes.title("A class")

    assert texts() == ("test", "test", "selection A", "A class")
    monkeypatch.setattr("ui.words.speaking._asked", [lambda: "de"])
    assert texts() == ("Test", "Test", "Auswahl A", "A class")
    monkeypatch.undo()
    assert texts()[0] == "test"
