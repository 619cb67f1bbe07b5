"""The Compare page run as a script: paired differences, links between maps, and what a browser may send."""

import base64
import json

import numpy as np
import pytest
from fake_runs import SMALL, complete, make_run
from page_scripts import lives, start, texts
from turns import Answer

from ui.compare import page as comparing
from ui.explore import selection
from ui.shared import library
from vae.answers import pool
from vae.answers.compare import Scores
from vae.data import DataError
from vae.runs import Codes, RunError

pytestmark = pytest.mark.usefixtures("folder")


@pytest.fixture(scope="module", autouse=True)
def closing():
    """End the pool's processes with this file."""
    yield
    pool.close()


@pytest.fixture
def answers(monkeypatch):
    """Let each model have numbers: name -> Scores, or an error."""
    known = {}
    monkeypatch.setattr(comparing, "_ask", lambda shown: [Answer(known[panel.run.name]) for panel in shown])
    return known


def scores(n, elbo):
    noise = np.random.default_rng(0).normal(0, 50, n).astype(np.float32)
    return Scores(100 + noise, np.full(n, 5, np.float32), (elbo - noise).astype(np.float32))


def test_difference_is_the_mean_over_pairs(folder, answers):
    """The numbers are means and the difference is that of the pairs."""
    make_run(folder, "a", **SMALL)
    make_run(folder, "b", **SMALL)
    rng = np.random.default_rng(1)
    noise = rng.normal(0, 50, 500)
    wobble = rng.normal(0, 1, 500)
    for name, elbo in (("a", -100 - noise), ("b", -98 - noise + wobble)):
        answers[name] = Scores(*(np.float32(v) for v in (100 + noise, np.full(500, 5.0), elbo)))
    shown = texts(lives(start("compare", models="a,b")))
    difference = 2 + wobble
    expected = f"ELBO {difference.mean():+.2f} ± {difference.std(ddof=1) / 500**0.5:.2f}".replace(
        " ", "\N{NO-BREAK SPACE}"
    )
    assert expected.removeprefix("ELBO\N{NO-BREAK SPACE}") in shown
    assert f"{(100 + noise).mean():.2f}" in shown and "(500)" in shown


def test_it_opens_on_the_twins_and_refuses_what_is_not_there(folder, answers):
    make_run(folder, "mnist-autoencoder-2d", "autoencoder", **SMALL)
    make_run(folder, "mnist-vae-2d", **SMALL)
    rng = np.random.default_rng(2)
    answers["mnist-vae-2d"] = scores(500, -100)
    answers["mnist-autoencoder-2d"] = Scores(rng.normal(100, 1, 500).astype(np.float32), None, None)
    app = lives(start("compare"))
    assert list(app.multiselect[0].value) == ["mnist-autoencoder-2d", "mnist-vae-2d"]
    assert "Distortion" in texts(app) and app.get("bidi_component")
    app = lives(start("compare", models="mnist-vae-2d,nobody"))
    assert any("nobody" in w.value for w in app.warning)
    assert "Choose two to four models" in app.info[0].value


def test_other_data_are_said_and_nothing_is_subtracted(folder, answers):
    make_run(folder, "a", **SMALL)
    make_run(folder, "b", data="mnist")
    make_run(folder, "c", **SMALL, likelihood={"kind": "normal", "sigma": 1.0}, binarisation="none")
    for name in "abc":
        answers[name] = scores(500, -100)
    shown = texts(lives(start("compare", models="a,b,c")))
    assert "was trained on other images" in shown and "other images" in shown and "other data or pixels" in shown


def test_without_the_data_the_saved_numbers_stand(folder, answers):
    for name in "ab":
        make_run(folder, name, **SMALL)
        answers[name] = DataError("digits are not on this machine")
    shown = texts(lives(start("compare", models="a,b")))
    assert "157.83" in shown and shown.count("not on this machine") == 1


def test_images_are_the_same_only_where_every_label_is(folder):
    one, other = make_run(folder, "a", **SMALL), make_run(folder, "b", **SMALL)
    codes = one.codes
    assert comparing.same_images((one, codes), (other, codes))
    shifted = Codes(codes.means, codes.scales, (codes.labels + 1) % 10, codes.classes, codes.split)
    fewer = Codes(codes.means[1:], codes.scales[1:], codes.labels[1:], codes.classes, codes.split)
    train = Codes(codes.means, codes.scales, codes.labels, codes.classes, "train")
    for wrong in (shifted, fewer, train):
        assert not comparing.same_images((one, codes), (other, wrong))


@pytest.mark.parametrize(
    "event",
    [
        None,
        3,
        {},
        {"n": 10},
        {"n": 10, "bits": 5},
        {"n": 10, "bits": "!!"},
        {"n": 11, "bits": "//8="},
        {"n": 10, "bits": "/w=="},
    ],
)
def test_what_a_browser_sends_may_be_anything(event):
    assert selection.from_bits(event, 10) is None


def test_a_lasso_arrives_as_bits():
    chosen = np.array([0, 3, 9])
    bits = np.zeros(10, np.uint8)
    bits[chosen] = 1
    sent = base64.b64encode(np.packbits(bits, bitorder="little").tobytes()).decode()
    np.testing.assert_array_equal(selection.from_bits({"n": 10, "bits": sent}, 10), chosen)


def test_maps_are_turned_onto_the_first(folder):
    one, other = make_run(folder, "a", **SMALL), make_run(folder, "b", **SMALL)
    codes = one.codes
    turned = Codes(-codes.means[:, ::-1].copy(), codes.scales, codes.labels, codes.classes, codes.split)
    (other.path / "codes.npz").write_bytes(turned.to_bytes())
    shown = comparing.panels([library.open_run("a"), library.open_run("b")], align=True)
    a, b = (panel.plane.to_plane(panel.codes.means.astype(float)) for panel in shown)
    np.testing.assert_allclose(b - b.mean(0), a - a.mean(0), atol=1e-5)
    assert shown[1].turn.disparity < 1e-9
    length = int.from_bytes((data := comparing.payload(shown, None))[:4], "little")
    header = json.loads(data[4 : 4 + length])
    assert header["same_space"] and [p["linked"] for p in header["panels"]] == [True, True]


def test_the_pools_numbers_are_the_evaluations(folder):
    run = complete(make_run(folder, "a", n=360, **SMALL))
    found = pool.ask(comparing.compare.scores, run.path).result(120)
    assert found.distortion.shape == found.elbo.shape == (360,)
    np.testing.assert_allclose(found.elbo, -found.distortion - found.rate, rtol=1e-5)
    few = complete(make_run(folder, "few", n=100, **SMALL))
    assert len(pool.ask(comparing.compare.scores, few.path).result(120).elbo) == 100
    other = complete(make_run(folder, "other", n=500, **SMALL))
    with pytest.raises(RunError, match="500 codes, and the test split here 360"):
        pool.ask(comparing.compare.scores, other.path).result(120)
