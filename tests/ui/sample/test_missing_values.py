"""Missing values on the Sample page: which message is a hole, which values stand for a column, and a hidden row."""

import base64

import numpy as np
import pytest
from fake_runs import SMALL, complete, make_run
from page_scripts import lives, start
from turns import AtOnce

from ui.sample import missing_rows
from ui.sample.missing import hole
from vae.answers import pool
from vae.answers.missing import fill
from vae.data import DataError
from vae.runs import RunError
from vae.runs.load import load_model
from vae.training import finish

COLUMNS = (
    {"kind": "number", "name": "height", "unit": "m", "offset": 1.7, "scale": 0.1},
    {"kind": "missing", "name": "height missing"},
    {"kind": "words", "name": "colour", "words": ["red", "green", "blue"]},
)


def bits(*hidden, count=12):
    made = np.zeros(count, np.uint8)
    made[list(hidden)] = 1
    return {"bits": base64.b64encode(np.packbits(made, bitorder="little").tobytes()).decode()}


def test_hole_is_the_bits_of_a_message_or_nothing():
    found = hole(bits(0, 5, 11), (3, 4))
    assert np.flatnonzero(found).tolist() == [0, 5, 11] and found.shape == (3, 4)
    for rubbish in (None, 3, {}, {"bits": 3}, {"bits": "?"}, bits(), bits(3, count=40), {"bits": "AAAA" * 9999}):
        assert hole(rubbish, (3, 4)) is None


def test_hidden_columns_are_shown_in_their_own_units():
    assert missing_rows.hidden_values(COLUMNS, ["height"]).tolist() == [True, True, False, False, False]
    assert missing_rows.hidden_values(COLUMNS, ["colour"]).tolist() == [False, False, True, True, True]

    class Found:
        mean = np.array([1.0, 0.0, 0.1, 0.2, 0.9])
        spread = np.array([0.5, 0.1, 0.3, 0.3, 0.3])

    rows = missing_rows.table(COLUMNS, np.array([2.0, 0, 1, 0, 0]), Found, ["height", "colour"])
    assert rows == [
        {"hidden": "height (m)", "in the row": "1.900", "the model expects": "1.800", "spread": "± 0.050"},
        {"hidden": "colour", "in the row": "red", "the model expects": "blue", "spread": ""},
    ]


def test_a_vectors_hidden_half_is_drawn_with_its_band(folder, monkeypatch):
    monkeypatch.setattr(pool, "ask", AtOnce)
    monkeypatch.setattr(pool, "warm", lambda: None)
    run = complete(make_run(folder, "rows", "linear-vae", data="linear-gaussian", shape=(8,), latent=2))
    finish.encode(run, load_model(run))
    app = lives(start("sample", model="rows", show="missing", mode="expert"))
    assert not app.error and not app.warning
    assert app.slider(key="missing_steps").value == (5, 8)
    assert any("log p(visible) = " in one.value for one in app.caption)


def test_refusals_say_what_fits(folder):
    run = complete(make_run(folder, "images", "vae", **SMALL))
    with pytest.raises(DataError, match="hidden has shape"):
        fill(run.path, np.zeros((1, 8, 8), np.uint8), np.ones((3, 3), bool))
    plain = complete(make_run(folder, "plain", "autoencoder", **SMALL))
    with pytest.raises(RunError, match="no prior"):
        fill(plain.path, np.zeros((1, 8, 8), np.uint8), np.ones((8, 8), bool))
