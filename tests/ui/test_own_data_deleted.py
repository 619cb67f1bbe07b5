"""Own data that are deleted on page Open come back with Undo, for as long as nothing else is deleted."""

import numpy as np
import pytest
from page_scripts import start, texts

from vae import data
from vae.data import DataError, own
from vae.data.own import incoming, names

X = np.arange(40 * 64, dtype=np.uint8).reshape(40, 8, 8)


def buttons(app):
    return {button.key: button for button in app.button}


def test_undo_brings_deleted_data_back(folder):
    for name in ("mine", "other"):
        own.add(X, name)
    before = data.load("mine", "train").images.copy()
    app = start("open")
    buttons(app)["open_delete_mine"].click().run()
    assert own.find("mine") is None and "Deleted mine" in texts(app)
    buttons(app)["open_undo_delete"].click().run()
    assert not app.exception and "open_undo_delete" not in buttons(app)
    np.testing.assert_array_equal(data.load("mine", "train").images, before)
    for name in ("mine", "other"):
        buttons(app)[f"open_delete_{name}"].click().run()
    assert len(list(names.folder().glob(f"{names.MAKING}*"))) == 1  # the last one alone
    own.add(X, "other")
    buttons(app)["open_undo_delete"].click().run()
    assert "already" in texts(app) and not app.exception


def test_data_that_were_set_aside_are_swept(data_folder):
    own.add(X, "mine")
    place = own.set_aside("mine")
    incoming.sweep(data_folder)
    own.restore(place, "mine")
    place = own.set_aside("mine")
    incoming.sweep(data_folder, hours=-1)
    with pytest.raises(DataError, match="are gone"):
        own.restore(place, "mine")
    with pytest.raises(DataError, match="no data at"):
        own.restore("../runs", "mine")
