"""The Sample page as a script: every kind of model, every section, rubbish in the address, and no torch in the app."""

import json
import struct
import subprocess
import sys

import numpy as np
import pytest
from fake_runs import SMALL, complete, make_run
from page_scripts import MAIN, lives, start, texts
from safetensors.numpy import save_file
from turns import AtOnce

from ui.sample import manifold, missing, shared_model, traverse
from ui.sample import page as sampling
from ui.state import sampling as sampling_state
from ui.state.permalink import SHOWS
from ui.state.sampling import parse
from ui.state.texts import Half
from vae import data
from vae.answers import pool
from vae.geometry.plane import pair
from vae.runs import Run
from vae.runs.load import load_model
from vae.spec import PRESETS, preset
from vae.training import finish

LEVELS = {"logistic-vae": {"likelihood": {"kind": "discretised_logistic", "sigma": "shared", "levels": 16}}}


@pytest.fixture(autouse=True)
def folder(folder, monkeypatch):
    """Let the app see only this test's runs, and compute what it asks for at once."""
    monkeypatch.setattr(pool, "ask", AtOnce)
    monkeypatch.setattr(pool, "warm", lambda: None)
    return folder


def run_of(folder, name="vae", **changes) -> Run:
    """A run with weights of both networks, and its own encoder's codes."""
    run = complete(make_run(folder, name, name, **{**SMALL, **LEVELS.get(name, {}), **changes}))
    finish.encode(run, load_model(run))
    return Run(run.path)


def header(payload: bytes) -> dict:
    """The header of a component's payload."""
    (length,) = struct.unpack("<I", payload[:4])
    return json.loads(payload[4 : 4 + length])


def payload_of(run: Run, **texts: str) -> dict:
    settings = parse(texts, run.spec)
    halves = tuple(sampling.ask(run, settings, pair(2, 0, 1), slot) for slot in ("left", "right"))
    return header(sampling.payload(run, settings, halves))


def has_prior(name: str) -> bool:
    return bool(PRESETS[name].entries.get("prior", True))


# each preset in one section in turn, and those without a prior in all: the sections say different things of them
SEEN = [
    (name, show)
    for i, name in enumerate(sorted(PRESETS))
    for j, show in enumerate(SHOWS)
    if i % len(SHOWS) == j or not has_prior(name)
]


@pytest.mark.parametrize(("name", "show"), SEEN)
def test_every_preset_can_be_seen_in_a_section(folder, name, show):
    run_of(folder, name)
    app = lives(start("sample", model=name, show=show))
    assert not app.error and not app.warning
    refused = show == "missing" and not has_prior(name)
    assert len(app.get("bidi_component")) == 2 - refused  # what is shown, and the shared model
    told = sampling.AUTOENCODER in texts(app)
    assert told == (not has_prior(name) and show in ("samples", "manifold"))
    assert (missing.AUTOENCODER in texts(app)) == refused


def test_first_screen_compares_prior_and_aggregate_posterior(folder):
    """The first screen is the prior beside the aggregate posterior at one."""
    run = run_of(folder)
    told = payload_of(run)
    left, right = told["halves"]
    assert (left["source"], left["t"], right["source"], right["t"]) == ("prior", 1.0, "aggregate", 1.0)
    assert left["state"] == right["state"] == "there" and len(left["z"]) == 36
    for half in (left, right):
        assert len(half["inside"]) == len(half["log_p"]) == len(half["log_q"]) == len(half["near"]["rank"]) == 36
    assert set(told["sections"]) == {"left", "right", "near_left", "near_right"}


def test_autoencoder_samples_its_codes_and_has_no_densities(folder):
    """An autoencoder's defaults are its codes and it has no densities."""
    run = run_of(folder, "autoencoder")
    told = payload_of(run)
    left, right = told["halves"]
    assert (left["source"], right["source"]) == ("aggregate", "mixture")
    assert left["log_p"] is None and left["log_q"] is None and left["noiseless"] and not right["noiseless"]
    assert "no prior" in told["without"] and "prior" not in told["sources"]


@pytest.mark.parametrize(
    ("name", "reason"), [("vae", ""), ("vamp-vae", ""), ("flow-prior-vae", ""), ("full-covariance-vae", "Normal")]
)
def test_densities_are_there_or_it_is_said_why_not(folder, name, reason):
    told = payload_of(run_of(folder, name))
    assert (reason in told["without"]) if reason else not told["without"]
    assert bool(told["halves"][0]["log_q"]) == (not reason) and told["halves"][0]["log_p"]


def test_a_prior_by_label_is_that_of_the_label(folder):
    run = run_of(folder, "cvae", condition={"kind": "labels", "classes": 10, "prior": True})
    weights = run.weights()
    (name,) = [n for n in weights if n.startswith("prior.") and n.endswith("mean")]
    weights[name][4] = (50.0, -50.0)
    save_file(weights, run.path / "model.safetensors")
    z = np.array(payload_of(Run(run.path), label="4", right="prior,2,mean")["halves"][0]["z"])
    assert np.allclose(z.mean(0), [50, -50], atol=1)


def test_failed_draw_is_told_in_its_own_grid_only(folder):
    """What cannot be drawn is told in the grid and the other one lives."""
    run = run_of(folder)
    far, near = payload_of(run, box="60,61,60,61")["halves"]
    assert far["state"] == near["state"] == "failed" and "larger region" in far["message"]
    (run.path / "model.safetensors").write_bytes(b"\x10" * 50)
    app = lives(start("sample", model="vae"))
    assert "train" in app.error[0].value.lower()


def test_absent_data_are_told_and_the_samples_are_there(folder):
    run = complete(make_run(folder, "mnist", encoder={"kind": "mlp", "widths": [8]}))
    told = payload_of(run)
    assert "MNIST is not on this machine" in told["incomparable"] and told["halves"][0]["state"] == "there"
    assert "near" not in told["halves"][0]
    assert "MNIST is not on this machine" in texts(lives(start("sample", model="mnist")))


def test_a_question_is_asked_once_also_where_it_fails(folder, monkeypatch):
    asked = []
    monkeypatch.setattr(
        pool, "ask", lambda function, *args, **kw: asked.append(function) or AtOnce(function, *args, **kw)
    )
    run_of(folder)
    app = lives(start("sample", box="60,61,60,61"))
    count = len(asked)
    assert count == 2
    app.run()
    assert len(asked) == count


class Late(AtOnce):
    """An answer that arrives while the page is being drawn: its `done` is read `reads` times before it is true."""

    reads = 0

    @property
    def done(self) -> bool:
        self.reads -= 1
        return self.reads < 0

    def result(self, timeout=None):
        if timeout is not None and self.reads >= 0:
            raise TimeoutError
        return super().result()


@pytest.mark.parametrize("reads", range(8))
@pytest.mark.parametrize("show", ["samples", "manifold"])
def test_answer_that_arrives_during_drawing_is_drawn_or_waited_for(folder, monkeypatch, show, reads):
    """Whenever it arrives after a gesture: a part shown as waiting is drawn again, by a timer or at once."""
    monkeypatch.setattr(Late, "reads", reads)
    monkeypatch.setattr(pool, "ask", Late)
    run, sent, again = run_of(folder), [], []
    part, draw = {"samples": (sampling, sampling._grids), "manifold": (manifold, manifold._manifold)}[show]
    monkeypatch.setattr(part, "_component", lambda data, **_: sent.append(header(data)))
    monkeypatch.setattr(part.st, "rerun", lambda: again.append(True))
    draw(run, pair(2, 0, 1), "key", False)
    [drawn] = sent
    waits = not drawn["there"] if show == "manifold" else any(half["state"] == "waiting" for half in drawn["halves"])
    assert again or not waits


def test_vectors_are_drawn_as_bars(folder):
    changes = {"likelihood": {"kind": "normal", "sigma": "shared"}, "binarisation": "none"}
    run = run_of(folder, "vae", data="linear-gaussian", shape=(8,), **changes)
    told = payload_of(run)
    assert told["shape"] == [1, 48, 72] and told["vector"] and not told["incomparable"]
    assert all("sample" in half["near_message"] for half in told["halves"] if half["state"] == "there")
    for show in SHOWS:
        assert not lives(start("sample", show=show)).error


def test_one_latent_is_a_line(folder):
    run_of(folder, "vae", latent=1)
    app = start("sample", show="manifold")
    assert not app.exception and "with one dimension is a line" in app.info[0].value
    for show in ("samples", "traverse"):
        app = start("sample", show=show)
        assert not app.exception and not app.error


def test_sixty_four_dimensions_have_sixty_four_rows(folder):
    run = run_of(folder, "vae", latent=64)
    told = header(traverse.payload(run, run.codes, run.codes.means[0], 0, False))
    assert len(told["dimensions"]) == 64 and told["whose"] == 0
    rates = [d["kl"] for d in told["dimensions"]]
    assert rates == sorted(rates, reverse=True)
    rounding = 0.0005  # of what is sent
    assert all(d["dead"] for d in told["dimensions"] if d["kl"] < 0.01 - rounding)
    assert not any(d["dead"] for d in told["dimensions"] if d["kl"] > 0.01 + rounding)


def test_traversals_start_from_the_pinned_image(folder):
    run = run_of(folder)
    z, whose = traverse.start(run.codes, tuple(np.round(run.codes.means[17].astype(float), 3)))
    assert whose == 17 and np.allclose(z, run.codes.means[17], atol=1e-3)
    assert traverse.start(run.codes, (9.0, 9.0))[1] is None and traverse.start(run.codes, None)[1] == 0
    told = header(traverse.payload(run, run.codes, z, 17, False))
    assert "original" in told["sections"] and told["label"] == str(run.codes.labels[17])
    assert [d["low"] for d in told["dimensions"]] == [-3, -3]


def test_server_decodes_what_the_browser_cannot(folder):
    """A decoder that the browser cannot run is run by the server."""
    run = run_of(folder, "vae", encoder={"kind": "mlp", "widths": [16], "activation": "mish"})
    told = header(traverse.payload(run, run.codes, run.codes.means[0], 0, True))
    assert told["served"] and "images" in told["sections"]
    assert "weights" not in header(shared_model.payload(run, run.codes, pair(2, 0, 1), 0))["sections"]
    for show in SHOWS:
        assert not lives(start("sample", show=show)).error


def test_a_model_that_is_told_labels_offers_them(folder):
    run_of(folder, "cvae")
    app = lives(start("sample", model="cvae"))
    app.selectbox(key="sample_label").select(3).run()
    assert lives(app).query_params["label"] in ("3", ["3"])


def test_the_label_is_one_for_all_pages(folder):
    """Explore's label is this page's, and the usual one can be chosen again."""
    run_of(folder, "cvae", condition={"kind": "labels", "classes": 10, "prior": False})
    app = lives(start("explore", model="cvae", label="3"))
    app = lives(app.switch_page("sample.py").run())
    assert app.selectbox(key="sample_label").value == 3
    app.selectbox(key="sample_label").select(0).run()
    assert lives(app).selectbox(key="sample_label").value == 0
    app.run()
    assert lives(app).selectbox(key="sample_label").value == 0


def test_section_is_in_the_address_and_survives_navigation(folder):
    """The section is in the address and survives a change of page."""
    run_of(folder)
    app = lives(start("sample", left="prior,2,sample"))
    app.segmented_control(key="sample_show").set_value("traverse").run()
    assert lives(app).query_params["show"] in ("traverse", ["traverse"])
    app.switch_page("models.py").run()
    app.switch_page("sample.py").run()
    assert lives(app).query_params["show"] in ("traverse", ["traverse"])
    assert app.query_params["left"] in ("prior,2,sample", ["prior,2,sample"])


@pytest.mark.parametrize(
    "rubbish",
    [
        {"left": "posterior,1,mean", "right": "x" * 900},
        {"left": "prior,nan,mean", "right": "prior,1e9,mean"},
        {"left": "prior,-1", "seed": "-3", "box": "1,2,3"},
        {"box": "2,1,0,1", "side": "100000", "spacing": "log", "show": "all", "label": "99999999999999"},
        {"box": "nan,1,0,1", "seed": "²", "side": "", "label": "1.5"},
    ],
)
def test_rubbish_in_the_address_is_the_default(folder, rubbish):
    spec = preset("vae", **SMALL)
    found = parse(rubbish, spec)
    assert found.left.source == "prior" and found.left.t == 1.0 and found.box is None and found.seed == 0
    assert (found.side, found.spacing, found.show, found.label) == (20, "linear", "samples", 0)
    run_of(folder)
    assert not lives(start("sample", **rubbish)).error


def test_settings_are_restored_from_their_texts():
    """Settings come back from their texts and browsers can send anything."""
    spec = preset("vae", **SMALL)
    event = {"left": "flow,0.35,sample", "box": "-1.5,0,0.25,1", "seed": "12", "side": "30", "spacing": "quantile"}
    found = sampling_state.changed(sampling_state.default(spec), event, spec)
    assert found.left == Half("flow", 0.35, True) and found.box == (-1.5, 0, 0.25, 1) and found.seed == 12
    assert parse(found.texts(), spec) == found
    for wrong in (None, 3, [], {"left": 3, "seed": None, "box": {"a": 1}}):
        assert sampling_state.changed(found, wrong, spec) == found
    auto = preset("autoencoder", **SMALL)
    assert parse(found.texts() | {"left": "prior,1,mean"}, auto).left == Half("aggregate")


def test_the_apps_process_loads_no_torch_for_it(folder):
    make_run(folder, "digits-vae-2d", **SMALL)
    code = f"""
import sys
from vae.answers import pool
class Never:
    done, fraction = False, 0.0
    def result(self, timeout=None): raise TimeoutError
    def drop(self): pass
pool.ask, pool.warm = lambda *a, **k: Never(), lambda: None
from streamlit.testing.v1 import AppTest
a = AppTest.from_file({MAIN!r}, default_timeout=60).run()
for show in ("samples", "manifold", "traverse", "missing"):
    a.query_params["show"] = show
    a.switch_page("sample.py").run()
    assert not a.exception, a.exception
print(sorted({{"torch", "sklearn", "torchvision", "scipy"}} & set(sys.modules)))
"""
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=180, check=False)
    assert out.returncode == 0, out.stderr[-2000:]
    assert out.stdout.strip().splitlines()[-1] == "[]"
    assert data.available("digits")
