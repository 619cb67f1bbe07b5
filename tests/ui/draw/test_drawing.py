"""Examples made by hand on the pages: what a browser may send, and which image the pages then show."""

import base64

import numpy as np
import pytest
from fake_runs import SMALL, complete, make_run
from page_scripts import lives, start, texts
from turns import AtOnce

from ui.draw import panel, rows
from ui.state import handmade
from ui.state.subject import Subject
from ui.theory import page
from vae.answers import explore
from vae.data import units

SHAPE = (1, 8, 8)


@pytest.fixture(autouse=True)
def at_once(folder, monkeypatch):
    """Let the pool answer at once."""
    monkeypatch.setattr(page.pool, "ask", AtOnce)
    monkeypatch.setattr(page.pool, "warm", lambda: None)


def test_only_images_of_the_models_shape_are_taken():
    values = np.arange(64, dtype=np.uint8).reshape(SHAPE)
    sent = base64.b64encode(values.tobytes()).decode()
    assert np.allclose(panel.drawn({"pixels": sent}, SHAPE), values / 255)
    for wrong in (None, [], {}, {"pixels": 3}, {"pixels": sent[:-4]}, {"pixels": sent + "é"}, {"pixels": ""}):
        assert panel.drawn(wrong, SHAPE) is None


def test_a_drawing_is_the_image_of_theory_and_of_the_head(folder):
    run = complete(make_run(folder, "digits-vae-2d", n=360, **SMALL))
    values = np.zeros(SHAPE)
    values[0, 1:7, 3:5] = 1
    z = explore.encode(run.path, values[None].astype(np.float32)).means[0]
    own = handmade.make(values, tuple(float(v) for v in z))
    found = handmade.text(own)
    app = lives(start("theory", own=found, z=",".join(f"{v:.3f}" for v in own.z)))
    assert "your drawing" in texts(app)
    told = [panel_header(c) for c in app.get("bidi_component")]
    numbers = next(h for h in told if h.get("channel", "").endswith("_numbers"))
    assert numbers["question"][0] == own.number and numbers["label"] == ""
    # another pin is another image
    app = lives(start("theory", own=found, z="9.000,9.000"))
    assert "your drawing" not in texts(app)
    # of another shape it is none
    other = handmade.text(handmade.make(np.zeros((1, 4, 4)), (0.0, 0.0)))
    assert "your drawing" not in texts(lives(start("theory", own=other)))
    assert "Draw it again" in texts(lives(start("theory", own="broken")))


def panel_header(mounted):
    import json

    data = mounted.proto.bytes
    length = int.from_bytes(data[:4], "little")
    return json.loads(data[4 : 4 + length])


def test_a_conditional_model_is_given_a_label(folder):
    run = complete(make_run(folder, "a", "cvae", **SMALL))
    images = np.ones((1, *SHAPE), np.float32)
    one, other = (explore.encode(run.path, images, label).means for label in (1, 7))
    assert not np.array_equal(one, other)


COLUMNS = (
    {"kind": "number", "name": "length", "scale": 2.0, "offset": 10.0, "unit": "cm"},
    {"kind": "missing", "name": "length missing"},
    {"kind": "words", "name": "kind", "words": ["a", "b", "c"]},
)


def test_a_typed_row_is_the_vector_of_its_units():
    x = units.vector(COLUMNS, {"length": 14.0, "kind": "b"})
    assert x.tolist() == [2, 0, 0, 1, 0]
    assert [(c.name, float(c.text) if c.unit else c.text) for c in units.row(COLUMNS, x)] == [
        ("length", 14.0), ("kind", "b"),
    ]  # fmt: skip
    assert units.vector(COLUMNS, {"kind": "c"}).tolist() == [0, 1, 0, 0, 1]


def test_typed_numbers_say_what_is_wrong():
    assert rows.numbers("1, 2;3", 3)[0].tolist() == [1, 2, 3]
    assert "2 numbers, and the model takes 3" in rows.numbers("1 2", 3)[1]
    assert "“two” is no number" in rows.numbers("1 two 3", 3)[1]
    assert rows.numbers("1 nan 3", 3)[0] is None


def test_a_typed_row_is_the_image_of_every_page(folder):
    vectors = {
        "data": "linear-gaussian",
        "shape": (8,),
        "encoder": {"kind": "linear"},
        "likelihood": {"kind": "normal"},
    }
    run = complete(make_run(folder, "digits-vae-2d", n=50, **vectors))
    app = start("paths")
    app.button(key="own_open").click().run()
    app.text_area(key="own_row_text").set_value("1 2 3").run()
    assert "the model takes 8" in texts(app)
    app.text_area(key="own_row_text").set_value("1, 2, 0, 0, -1, 0.5, 0, 1").run()
    app.button(key="own_use").click().run()
    assert "your row" in texts(lives(app))
    written = app.query_params["own"]
    own, _ = handmade.HANDMADE.read(written if isinstance(written, str) else written[0], Subject())
    row = np.array([[1, 2, 0, 0, -1, 0.5, 0, 1]], np.float32)
    assert own.array.tolist() == row[0].tolist()
    assert own.z == pytest.approx(explore.encode(run.path, row).means[0].tolist(), abs=6e-4)
    app.button(key="own_drop").click().run()
    assert "your row" not in texts(app)
