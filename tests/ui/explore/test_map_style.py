"""How the map on Explore is dressed, run as a script: colours, contours, selections, and what a browser may send."""

import base64
import json

import numpy as np
import pytest
from fake_runs import SMALL, make_run
from packed import unpack
from page_scripts import explore, lives, maps, start, texts

from ui.explore import colouring
from ui.explore import saved_selections as choosing
from ui.paths import attributes
from ui.shared import library
from ui.state import session
from ui.state.map import MapStyle
from vae.data import DataError
from vae.geometry.contours import SHARES
from vae.runs import pointwise
from vae.runs.pointwise import Pointwise

N = 300


pytestmark = pytest.mark.usefixtures("folder")


@pytest.fixture
def mine(folder):
    return make_run(folder, "mine", n=N, **SMALL)


@pytest.fixture(autouse=True)
def pooled(monkeypatch):
    """Answer what is asked of the pool: an error, a value, or None for one who is still at work."""
    answers = {"asked": 0, "found": None}

    class Answer:
        fraction, remaining = 0.4, 12.0

        @property
        def done(self):
            return answers["found"] is not None

        def result(self, timeout=None):
            if answers["found"] is None:
                raise TimeoutError
            if isinstance(answers["found"], Exception):
                raise answers["found"]
            return answers["found"]

        def drop(self):
            answers["asked"] = -1

    def ask(*arguments):
        answers["asked"] += 1
        return Answer()

    monkeypatch.setattr(colouring.pool, "ask", ask)
    return answers


def keep(run, name="gap", seed=0):
    values = {"gap": np.random.default_rng(seed).gamma(2, 1, N).astype(np.float32)}
    if name != "gap":
        values = {key: values["gap"] + k for k, key in enumerate(pointwise.BOUND)}
    names = pointwise.TIGHTNESS if name == "gap" else pointwise.BOUND
    pointwise.keep(run, names, Pointwise(values, "By hand"))
    return values


def sent(app):
    """Return what the layer is told, and the values that were sent beside it, by identity."""
    found, values = None, {}
    for component in app.get("bidi_component"):
        header, sections = unpack(component.proto.bytes)
        if "serial" in header:
            found = {**header, "sections": sections}
        elif "values" in sections or "line0" in sections or "places" in sections:
            values[header["id"]] = {k: np.frombuffer(v, "<f4") for k, v in sections.items()}
    return found, values


def address(app, name):
    """Return a value of the page's address, which a script's run and a test's wrap differently."""
    value = app.query_params[name]
    return value[0] if isinstance(value, list) else value


def lasso(app, index, n=N, id="1"):
    """Let the browser tell of a lasso."""
    mask = np.zeros(n, bool)
    mask[index] = True
    bits = base64.b64encode(np.packbits(mask, bitorder="little").tobytes()).decode()
    app.session_state["layer_mine"] = {"lasso": {"id": id, "n": n, "bits": bits if len(index) else ""}}
    return lives(app.run())


def test_a_plain_layer_colours_nothing(mine):
    """Without a choice, codes have their classes' colours, which the map knows."""
    app = lives(explore(model="mine"))
    told, values = sent(app)
    assert told["colour"] is None and not told["marks"] and "contours" not in told and told["serial"] == 0
    assert not values
    (shown,) = maps(app)
    assert len(shown["colours"]) == len(shown["classes"]) == 10


def test_kept_numbers_colour_the_codes_and_the_chart_is_the_same(mine, pooled):
    plain = maps(lives(explore(model="mine")))
    values = keep(mine)["gap"]
    app = lives(explore(model="mine", colour="gap"))
    told, found = sent(app)
    assert maps(app) == plain and pooled["asked"] == 0
    np.testing.assert_array_equal(found[told["colour"]["id"]]["values"], values)
    assert told["colour"]["unit"] == "nats" and "log p(x) − ELBO" in told["colour"]["title"]
    assert told["colour"]["low"] == pytest.approx(np.quantile(values, 0.05))
    assert told["colour"]["below"] and told["colour"]["above"]
    assert app.selectbox(key="map_colour").value == "gap"
    keep(mine, "bound")
    app.selectbox(key="map_colour").select("elbo").run()
    told, _ = sent(lives(app))
    assert told["colour"]["title"] == "ELBO" and address(app, "colour") == "elbo"
    app.selectbox(key="map_colour").select("class").run()
    assert sent(lives(app))[0]["colour"] is None and "colour" not in app.query_params


def test_missing_numbers_are_asked_for_once(mine, pooled):
    """Numbers that are not there are asked for once and followed."""
    app = lives(explore(model="mine", colour="elbo"))
    assert sent(app)[0]["colour"] is None  # the map does not wait
    assert any("computing it for every code, about 12 s" in p.proto.text for p in app.get("progress"))
    lives(app.run())
    assert pooled["asked"] == 1
    partly = np.where(np.arange(N) < 100, 1.0, np.nan).astype(np.float32)
    pooled["found"] = Pointwise(dict.fromkeys(pointwise.BOUND, partly), "By hand")
    told, _ = sent(lives(app.run()))
    assert "computed for 100 of 300 codes" in told["colour"]["note"]
    assert pooled["asked"] == 1


def test_waiting_can_be_left(mine, pooled):
    app = lives(explore(model="mine", colour="elbo"))
    app.button(key="colour_cancel").click().run()
    assert pooled["asked"] == -1 and "colour" not in lives(app).query_params


def test_what_cannot_be_computed_says_why(mine, pooled):
    pooled["found"] = DataError("The data are not on this machine.")
    app = lives(explore(model="mine", colour="distortion"))
    assert sent(app)[0]["colour"] is None
    assert "The data are not on this machine." in texts(app)


def test_an_autoencoder_has_a_reconstruction_error_alone(folder, mine):
    make_run(folder, "ae", "autoencoder", n=N, **SMALL)
    app = lives(explore(model="ae", colour="gap"))
    assert list(colouring.offered(library.open_run("ae"))) == ["class", "distortion"]
    assert colouring.WITHOUT_PRIOR in texts(app)
    assert list(colouring.offered(mine)) == ["class", "distortion", "rate", "elbo", "gap", "pareto", "reach"]
    assert "There is no quantity" in texts(lives(explore(model="mine", colour="<b>")))


def test_uploaded_column_colours_the_codes(mine):
    """An uploaded column colours the codes and a link to it alone does not."""
    app = lives(explore(model="mine", colour="column:mass (kg)"))
    assert "Upload the CSV file" in texts(app) and sent(app)[0]["colour"] is None
    rows = "".join(f"{i / 7},{'ab'[i % 2]}\n" for i in range(N))
    found = colouring.columns.read(f"mass (kg),kind\n{rows}".encode(), N)
    app.session_state[session.COLUMNS.name] = {"mine": {column.name: column for column in found.columns}}
    told, values = sent(lives(app.run()))
    assert (told["colour"]["title"], told["colour"]["unit"]) == ("mass", "kg")
    np.testing.assert_allclose(values[told["colour"]["id"]]["values"], np.arange(N) / 7, rtol=1e-6)
    app.selectbox(key="map_colour").select("column:kind").run()
    told, _ = sent(lives(app))
    assert [c["name"] for c in told["colour"]["classes"]] == ["a", "b"]
    assert address(app, "colour") == "column:kind"


def test_images_and_contours_are_in_the_address(mine):
    app = lives(explore(model="mine", marks="images", contours="1"))
    told, values = sent(app)
    assert told["marks"] and told["shares"] == list(SHARES)
    assert {"line0", "line1", "line2"} == set(values[told["contours"]])
    app.toggle(key="map_contours").set_value(False).run()
    assert "contours" not in sent(lives(app))[0] and "contours" not in app.query_params
    assert address(app, "marks") == "images"
    app.switch_page("models.py").run()
    app.switch_page("explore.py").run()
    assert sent(lives(app))[0]["marks"]


def test_a_lasso_is_taken_over_once(mine):
    app = lasso(lives(explore(model="mine")), [3, 5, 299])
    assert "3 points" in texts(app)
    app.button(key="selection_all_button").click().run()
    told, _ = sent(lives(app))
    assert f"{N} points" in texts(app) and told["serial"] == 1
    assert np.unpackbits(np.frombuffer(told["sections"]["bits"], np.uint8), bitorder="little")[:N].all()
    app.button(key="selection_all_button").click().run()  # the browser still repeats its lasso
    assert "No points selected" in texts(lives(app)) and sent(app)[0]["serial"] == 2
    for event in ({"lasso": 3}, {"lasso": {"id": 1}}, {"lasso": {"id": "9", "n": N, "bits": "%"}}):
        app.session_state["layer_mine"] = event
        assert "No points selected" in texts(lives(app.run()))


def test_mean_of_a_selection_has_its_error_beside_that_of_all(mine):
    """The selection's mean is told with its error beside that of all."""
    values = keep(mine)["gap"].astype(float)
    app = lasso(lives(explore(model="mine", colour="gap")), np.arange(40))
    few, all_ = (f"{v.mean():.2f} ± {v.std(ddof=1) / len(v) ** 0.5:.2f} nats" for v in (values[:40], values))
    assert f"mean {few} over the 40 selected, {all_} over all" in texts(app)
    words = colouring.Paint(np.zeros(N, np.float32), "kind", classes=("a",))
    assert colouring.summary(words, np.arange(5)) == ""


def test_named_selections_are_restored_and_deleted(mine):
    """Selections with names are chosen again deleted and reload."""
    app = lasso(lives(explore(model="mine")), [3, 5, 299])
    app.text_input(key="selection_name").set_value("odd  ones").run()
    app.button(key="selection_save").click().run()
    lasso(app, [7], id="2")
    app.button(key="selection_save").click().run()
    kept = app.session_state[session.SAVED.name]["mine"]
    assert {name: index.tolist() for name, index in kept.items()} == {"odd ones": [3, 5, 299], "Selection 2": [7]}
    assert app.button(key="selection_restore_0").label == "odd ones · 3"
    app.button(key="selection_restore_0").click().run()
    told, _ = sent(lives(app))
    assert "3 points" in texts(app) and told["serial"] == 1
    app.button(key="selection_delete_1").click().run()
    assert list(app.session_state[session.SAVED.name]["mine"]) == ["odd ones"]
    app.switch_page("models.py").run()
    app.switch_page("explore.py").run()
    assert "3 points" in texts(lives(app))  # the selection survives a change of page


def test_a_file_of_selections_fits_its_codes_alone(folder, mine, monkeypatch):
    monkeypatch.setattr(session.st, "session_state", {})
    other = make_run(folder, "other", n=N + 1, **SMALL)
    choosing.save(mine, "a", np.array([1, 2]))
    assert choosing.save(mine, "", np.array([0])) == "Selection 2"
    text = choosing.to_json(mine, mine.codes, choosing.saved(mine)).encode()
    found = choosing.from_json(text, mine, mine.codes)
    assert {name: index.tolist() for name, index in found.items()} == {"a": [1, 2], "Selection 2": [0]}
    with pytest.raises(choosing.SelectionError, match="300 codes of mine, and the map shows the 301 codes of other"):
        choosing.from_json(text, other, other.codes)
    made = json.loads(text)
    for numbers in ([-1], [N], [1.5], "12", [True], [[1]]):
        with pytest.raises(choosing.SelectionError, match="from 0 to 299"):
            choosing.from_json(json.dumps({**made, "selections": {"a": numbers}}).encode(), mine, mine.codes)
    for content in (b"\xff", b"[]", b"{}", b"[" * 100_000):
        with pytest.raises(choosing.SelectionError, match="no file of selections"):
            choosing.from_json(content, mine, mine.codes)


def test_saved_selections_are_groups_of_an_attribute(mine):
    app = start("paths", model="mine", mode="expert")
    app.session_state[session.SAVED.name] = {
        "mine": {"left": np.arange(20), "one": np.array([1]), "old": np.array([1, N])}
    }
    lives(app.run())
    options = app.selectbox(key=attributes.FROM).options
    assert "saved: left" in options and not {"saved: one", "saved: old"} & set(options)


def test_what_nobody_knows_is_the_default(mine):
    app = lives(explore(model="mine", marks="stars", contours="yes"))
    assert not sent(app)[0]["marks"] and "marks" not in app.query_params and "contours" not in app.query_params
    assert MapStyle() == MapStyle("class", False, False)
