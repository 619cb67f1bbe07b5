"""The Paths page as a script: what the browser is told, links, uploads, attributes, and models that lack something."""

import json

import numpy as np
import pytest
from fake_runs import complete, make_run
from page_scripts import lives, maps, start, texts
from turns import AtOnce, in_turns

from ui.paths import attributes, page
from ui.state import paths as path_state
from ui.state import session
from ui.state import view as state
from vae.answers import pool
from vae.answers.paths import along
from vae.geometry import curves, neighbours
from vae.runs import Codes
from vae.spec import PRESETS

pytestmark = pytest.mark.usefixtures("folder")


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    """Let no test wait for processes."""
    monkeypatch.setattr(pool, "ask", AtOnce)
    monkeypatch.setattr(pool, "warm", lambda: None)


@pytest.fixture
def whole(digits):
    return complete(digits)


def sent(app):
    """Return the header and the arrays that the browser gets beside the panel's own bytes."""
    *_, content = (c.proto.bytes for c in app.get("bidi_component") if b'"channel":"paths_map"' in c.proto.bytes)
    size = int.from_bytes(content[:4], "little")
    header = json.loads(content[4 : 4 + size])
    arrays = {}
    for name, (offset, length) in header["sections"].items():
        part = content[4 + size + offset :][:length]
        arrays[name] = np.frombuffer(part, "<f4" if name == "magnification" else "<f8")
    return header, arrays


def test_the_first_screen_has_three_waypoints_and_two_kinds(whole):
    app = lives(start("paths"))
    header, arrays = sent(app)
    assert len(header["waypoints"]) == 3
    assert header["shown"] == ["line", "geodesic"] and set(header["paths"]) == {"line", "geodesic"}
    assert not header["failed"]
    points = arrays["line.points"].reshape(-1, 2)
    np.testing.assert_allclose(points[:: (len(points) - 1) // 2], header["waypoints"], atol=1e-12)
    for name in ("log_p", "log_q", "way", "share"):
        assert len(arrays[f"geodesic.{name}"]) == len(arrays["geodesic.points"]) // 2
    assert len(arrays["line.elbo"]) == len(arrays["line.elbo_se"]) == 12
    assert header["paths"]["geodesic"]["energy"] <= header["paths"]["line"]["energy"]
    assert maps(app)
    assert "path" not in app.query_params


def test_first_waypoints_lie_in_three_classes(whole):
    """The first waypoints lie among the codes of three classes."""
    codes = whole.codes
    found = np.array(path_state.defaults(codes))
    gaps = np.linalg.norm(found[:, None] - codes.means, axis=-1)
    assert gaps.min(1).max() < 2e-3
    assert len({int(codes.labels[k]) for k in gaps.argmin(1)}) == 3
    bare = Codes(codes.means, codes.scales, None, (), "test")
    assert np.array(path_state.defaults(bare)).shape == (3, 2)


def test_a_link_reproduces_the_screen(whole):
    asked = {"path": "0.500,0.500;-1.000,0.200", "kind": "data", "kinds": "slerp,data", "magnification": "1"}
    app = lives(start("paths", **asked))
    header, arrays = sent(app)
    assert header["waypoints"] == [[0.5, 0.5], [-1.0, 0.2]]
    assert (header["kind"], header["shown"]) == ("data", ["slerp", "data"])
    assert set(header["paths"]) == {"slerp", "data"}
    assert len(arrays["magnification"]) == page.side(whole) ** 2 and (arrays["magnification"] >= 0).all()
    for name, value in asked.items():
        assert app.query_params[name] in (value, [value])
    assert not app.warning


@pytest.mark.parametrize(
    "path", ["abc", "1,2", "1,2;3", "1,2;nan,0", "1,2;1e9,0", ";", "1,2,3;4,5,6", "0,0;" * 40, "<b>;" * 200]
)
def test_a_rubbish_path_is_refused_with_the_remedy(whole, path):
    app = lives(start("paths", path=path))
    assert "2 to 12 waypoints of 2 numbers" in app.warning[0].value
    assert len(sent(app)[0]["waypoints"]) == 3


@pytest.mark.parametrize("query", [{"kind": "worm"}, {"kinds": "worm,,x"}, {"kinds": ""}, {"magnification": "x"}])
def test_rubbish_elsewhere_is_left_aside(whole, query):
    header, _ = sent(lives(start("paths", **query)))
    assert header["kind"] in header["shown"]


def test_what_the_browser_says_is_kept_in_the_address(whole):
    app = start("paths")
    key = f"{state.PATHS_KEY}_{whole.name}"
    assert any(c.proto.bytes and b'"chart":"paths_map"' in c.proto.bytes for c in app.get("bidi_component")), key

    def said(content):
        found = path_state.PathView(((0.0, 0.0), (1.0, 1.0)))
        session.PATH.set((whole.name, found))
        path_state.handle_event(whole, content)
        return session.PATH.get()[1]

    moved = said({"path": "0.1,0.2;0.3,0.4;1,1", "kind": "geodesic", "shown": ["geodesic", "slerp"]})
    assert moved.waypoints == ((0.1, 0.2), (0.3, 0.4), (1.0, 1.0)) and moved.own
    assert (moved.kind, moved.shown) == ("geodesic", ("slerp", "geodesic"))
    for rubbish in (None, 3, {}, {"path": "x", "kind": ["line"], "shown": "no"}, {"path": 5, "shown": [[]]}):
        assert said(rubbish).waypoints == ((0.0, 0.0), (1.0, 1.0))


def test_another_model_has_another_path(whole, ten):
    complete(ten)
    app = lives(start("paths", path="0.500,0.500;-1.000,0.200"))
    app.selectbox(key="chip_model").select("ten").run()
    header, _ = sent(lives(app))
    assert np.array(header["waypoints"]).shape == (3, 10)
    assert "path" not in app.query_params
    assert not app.warning


def test_another_plane_has_its_own_map_and_window(folder, ten):
    complete(ten)
    windows = [sent(lives(start("paths", model="ten", plane=plane)))[0]["window"] for plane in ("3,7", "", "3,7")]
    assert windows[0] == windows[2] != windows[1]
    titles = [maps(start("paths", model="ten", plane=p))[0]["plane"]["titles"][0] for p in ("3,7", "")]
    assert titles[0] == "z<sub>3</sub>" != titles[1]


def test_an_autoencoder_says_what_it_lacks(folder):
    run = complete(
        make_run(folder, "ae", "autoencoder", data="digits", shape=(1, 8, 8), encoder={"kind": "mlp", "widths": [16]})
    )
    app = lives(start("paths", model=run.name, kind="data", mode="expert"))
    header, arrays = sent(app)
    assert [k["name"] for k in header["kinds"]] == ["line", "slerp", "geodesic"]
    assert "no densities" in header["without"]["density"]["none"]
    assert not any("log_" in name or "elbo" in name for name in arrays)
    assert "no prior" in texts(app)


def test_the_attribute_of_two_classes(whole):
    app = lives(start("paths", mode="expert"))
    assert sent(app)[0]["attribute"] is None
    app.selectbox(key=attributes.FROM).select("3").run()
    app.selectbox(key=attributes.TO).select("8").run()
    header, _ = sent(lives(app))
    codes = whole.codes
    expected = codes.means[codes.labels == 8].mean(0) - codes.means[codes.labels == 3].mean(0)
    np.testing.assert_allclose(header["attribute"]["vector"], expected, atol=1e-6)
    assert "Cohen's d = " in texts(app) and "random pairs" in texts(app)


def test_groups_that_overlap_are_refused_in_words(whole):
    app = start("paths", mode="expert")
    index = np.flatnonzero(whole.codes.labels == 3)
    app.session_state[session.GROUPS.name] = (whole.name, {"A": index[:20]})
    app.run()
    app.selectbox(key=attributes.FROM).select("selection A").run()
    app.selectbox(key=attributes.TO).select("3").run()
    assert "share 20" in texts(lives(app))


def test_the_lines_of_python_name_the_waypoints(whole):
    app = lives(start("paths", path="0.500,0.500;-1.000,0.200", kind="geodesic", mode="expert"))
    code = next(c.value for c in app.code if "routes.route" in c.value)
    assert "[-1.0, 0.2]" in code and "routes.route('geodesic'" in code


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_every_preset_has_paths(folder, name):
    complete(make_run(folder, name, name, data="digits", shape=(1, 8, 8), encoder={"kind": "mlp", "widths": [16]}))
    header, _ = sent(lives(start("paths", model=name)))
    assert set(header["paths"]) == {"line", "geodesic"} and not header["failed"]


def test_damaged_weights_leave_the_map(digits):
    (digits.path / "model.safetensors").write_bytes(b"\x10" * 50)
    app = lives(start("paths"))
    assert maps(app) and app.error


def test_a_path_that_fails_is_said_and_the_rest_shown(whole):
    app = lives(start("paths", path="1.000,1.000;-1.000,-1.000", kinds="line,slerp"))
    header, _ = sent(app)
    assert set(header["paths"]) == {"line"} and "opposite" in header["failed"]["slerp"]


def test_the_usual_radius_is_computed_once(whole, monkeypatch):
    computed = []
    usual = neighbours.usual_radius
    monkeypatch.setattr(neighbours, "usual_radius", lambda *args: computed.append(1) or usual(*args))
    first = page.radius(whole, whole.codes)
    assert page.radius(whole, whole.codes) == first > 0
    assert len(computed) == 1


def test_the_frames_share_the_way_evenly(whole):
    """What the browser draws of a path is what Python would say of it."""
    waypoints = whole.codes.means[:3].astype(np.float64)
    found = in_turns(along, whole.path, "line", waypoints, 0.5)
    places = curves.at(found.points, found.share, np.linspace(0, 1, 12))
    np.testing.assert_allclose(curves.resample(waypoints, 12), places, atol=1e-12)
