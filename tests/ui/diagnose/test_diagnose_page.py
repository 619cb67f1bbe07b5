"""The Diagnose page as a script: what is kept is there at once, the rest is measured, and remedies set Train."""

import subprocess
import sys

import numpy as np
import pytest
from fake_runs import SMALL, complete, make_run
from page_scripts import MAIN, charts, lives, start, texts
from streamlit.testing.v1 import AppTest
from turns import AtOnce

from ui.diagnose import worst as diagnosis_pictures
from ui.shared import chips
from ui.state import view as state
from vae import cli, runs
from vae.answers import diagnose, pool
from vae.data import DataError, own
from vae.diagnosis import cards, examples, kept, report
from vae.diagnosis.evidence import PARTS, QUICK
from vae.runs import Run

pytestmark = pytest.mark.usefixtures("folder")

SHIPPED = runs.shipped()


class Never(AtOnce):
    done = False


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(pool, "ask", AtOnce)
    monkeypatch.setattr(pool, "warm", lambda: None)


def as_shipped(monkeypatch):
    """Let the app see the models that come with the project."""
    monkeypatch.setattr(runs.folders, "shipped", lambda: SHIPPED)


def plainly(text):
    return text.replace("\\", "")


def card(app, name):
    """The sentence of a card."""
    title = f"**{cards.CARDS[name].title}**"
    said = [plainly(m.value) for m in app.markdown]
    return said[said.index(title) + 2]


def test_a_kept_diagnosis_is_there_without_asking(monkeypatch, folder):
    as_shipped(monkeypatch)
    asked = []
    monkeypatch.setattr(pool, "ask", lambda *args, **kwargs: asked.append(args) or Never(*args, **kwargs))
    app = lives(start("diagnose", model="digits-vae-2d", mode="expert"))
    assert not asked
    assert "No fault found in this model" in texts(app)
    said = chips.headline(Run(SHIPPED / "digits-vae-2d"))
    assert said.startswith("ELBO −") and said in card(app, "bound")  # the same number as above the card
    surgery = kept.read(SHIPPED / "digits-vae-2d", "surgery")
    assert f"{surgery.mutual_information.value:.2f} ± {surgery.mutual_information.se:.2f}" in card(app, "surgery")
    assert len(charts(app)) == 15


@pytest.mark.parametrize("name", examples.EXAMPLES)
def test_remedy_of_an_example_fills_the_train_page(name, monkeypatch, folder):
    """An example is told its illness and its remedy sets the train page."""
    as_shipped(monkeypatch)
    app = lives(start("diagnose", model=name))
    title = cards.TITLES[examples.EXAMPLES[name].diagnosis]
    assert title in texts(app)
    app.button(key="remedy_main_0").click().run()
    spec = {
        "unhealthy-collapsed": ("form_likelihood_sigma_word", "shared"),
        "unhealthy-over-regularised": ("form_objective_beta", 1.0),
        "unhealthy-beta-0": ("form_objective_beta", 1.0),
        "unhealthy-sigma": ("form_likelihood_sigma_word", "shared"),
        "unhealthy-holes": ("form_objective_weight", 100.0),
    }[name]
    assert not app.exception
    assert app.session_state[spec[0]] == spec[1]
    assert app.session_state["form_data"] == "digits"


def test_what_is_not_kept_is_measured_and_then_kept(folder):
    run = complete(make_run(folder, "mine", n=360, **SMALL))
    from vae.runs.load import load_model
    from vae.training import finish

    (run.path / "metrics.json").unlink()  # the run's own numbers would be shown instead
    finish.encode(run, load_model(run))
    app = lives(start("diagnose", model="mine"))
    assert not app.error
    known = {part.stem for part in (run.path / "diagnosis").glob("*.json")}
    assert known == set(PARTS) - set(QUICK)
    bound = diagnose.diagnosis(run.path, "bound")
    assert f"{bound['elbo'][0]:.2f}".replace("-", "−") in card(app, "bound")
    # random weights are worth less than no latents, and the page says so
    assert "worse than the best model without latents" in card(app, "bound")


def test_a_codebooks_use_is_drawn_before_anything_is_measured(monkeypatch, folder):
    complete(make_run(folder, "book", "vq-vae", n=360, **SMALL))
    monkeypatch.setattr(pool, "ask", lambda *args, **kwargs: Never(*args, **kwargs))
    app = lives(start("diagnose", model="book"))
    assert "points of the codebook are used; perplexity" in card(app, "rates")
    [bars] = [one for one in charts(app) if "codebook" in one["layout"]["xaxis"]["title"]["text"]]
    assert sum(bars["data"][0]["y"]) == pytest.approx(1)


def test_while_it_is_measured_the_first_cards_are_there(monkeypatch, folder):
    complete(make_run(folder, "mine", n=360, **SMALL))
    monkeypatch.setattr(pool, "ask", lambda *args, **kwargs: Never(*args, **kwargs))
    app = lives(start("diagnose", model="mine"))
    assert "0 of 15 parts computed" in app.get("progress")[0].proto.text
    assert "nats" in card(app, "rates")
    assert "Computing" in texts(app)


def test_page_without_data_says_what_is_missing(monkeypatch, folder):
    """Without the data the page lives and says what is missing."""
    make_run(folder, "mine")

    class Missing(AtOnce):
        def result(self, timeout=None):
            raise DataError("MNIST is not on this machine. Fetch it.")

    monkeypatch.setattr(pool, "ask", lambda *args, **kwargs: Missing(*args, **kwargs))
    app = lives(start("diagnose", model="mine"))
    assert "MNIST is not on this machine" in plainly(texts(app))
    assert "nats" in card(app, "rates")
    assert "This check cannot be computed" in texts(app)


def test_an_autoencoders_absent_cards_are_explained(folder):
    run = complete(make_run(folder, "points", "autoencoder", n=360, **SMALL))
    from vae.runs.load import load_model
    from vae.training import finish

    finish.encode(run, load_model(run))
    app = lives(start("diagnose", model="points"))
    said = texts(app)
    assert "Checks that do not apply to this model" in said and "no ELBO and no bound" in said
    assert "0.00 nats" not in said
    assert "PCA with 2 axes" in card(app, "reconstruction")


@pytest.mark.parametrize("preset,changes", [
    ("iwae", {"latent": 10}), ("cvae", {}), ("vamp-vae", {}), ("flow-prior-vae", {"latent": 3}),
    ("flow-posterior-vae", {}), ("full-covariance-vae", {}), ("sigma-vae", {"latent": 1}), ("logistic-vae", {}),
    ("laplace-vae", {}), ("vq-vae", {}),
])  # fmt: skip
def test_every_kind_of_model_has_its_page(preset, changes, folder):
    spec = dict(SMALL)
    if preset == "logistic-vae":
        spec["likelihood"] = {"kind": "discretised_logistic", "sigma": "shared", "levels": 16}
    run = complete(make_run(folder, "mine", preset, n=360, **spec, **changes))
    from vae.runs.load import load_model
    from vae.training import finish

    finish.encode(run, load_model(run))
    app = lives(start("diagnose", model="mine"))
    assert not app.error, [e.value for e in app.error]
    assert "This check cannot be computed" not in texts(app), plainly(texts(app))
    assert "Computing" not in texts(app)


def test_the_chooser_keeps_the_examples_apart(monkeypatch, folder):
    as_shipped(monkeypatch)
    app = AppTest.from_file(MAIN, default_timeout=180)
    app.query_params["model"] = "unhealthy-holes"
    app.run()
    assert "Holes" not in app.selectbox(key="chip_model").options
    chooser = app.selectbox(key="chip_example")
    assert set(chooser.options) == {e.title for e in examples.EXAMPLES.values()}
    assert chooser.value == "unhealthy-holes" and app.selectbox(key="chip_model").value is None
    app.selectbox(key="chip_model").set_value("digits-vae-2d").run()
    assert "digits-vae-2d" in app.query_params["model"]
    assert not set(examples.EXAMPLES) & {run.name for run in state.compared()[0]}


def test_the_examples_stand_among_the_models_and_can_be_compared(monkeypatch, folder):
    as_shipped(monkeypatch)
    titles = {e.title for e in examples.EXAMPLES.values()}
    app = start("models")
    # a card's button is its title, behind a picture of its map
    assert titles <= {plainly(b.label).split("**")[1] for b in app.expander[0].button}
    app.button(key="show_unhealthy-holes").click().run()
    assert app.query_params["model"] in ("unhealthy-holes", ["unhealthy-holes"])
    assert titles <= set(start("compare").multiselect(key="compare_models").options)


def test_the_worst_images_stand_above_their_reconstructions():
    dark, light = np.zeros((1, 8, 8)), np.ones((1, 8, 8))
    pixels = diagnosis_pictures.strip([dark, dark], [light, light])
    half = pixels.shape[0] // 2
    assert pixels[2 : half - 2, 2 : half - 2].max() == 0
    assert pixels[half + 2 : -2, 2 : half - 2].min() == 255
    assert diagnosis_pictures.strip([None], [light]).shape[0] * 2 == pixels.shape[0]


def test_the_worst_rows_are_drawn_as_bars(folder):
    """Of a table: original above reconstruction, and words for rows instead of images."""
    rng = np.random.default_rng(0)
    own.add(rng.normal(size=(60, 5)).astype(np.float32), "rows", layout="vector")
    quick = ["--net", "mlp", "--widths", "8", "--batch", "16", "--epochs", "1", "--k", "2", "--threads", "1"]
    assert cli.main(["train", "vae", "--data", "rows", "--name", "mine", *quick]) == 0
    report.diagnose(runs.find("mine"), keep=True)
    app = start("diagnose", model="mine")
    assert not app.exception and not app.error
    assert any("The worst rows" in text.value for text in app.markdown)
    assert any("of highest distortion" in c.value and "original above reconstruction" in c.value for c in app.caption)


def test_the_page_needs_no_torch():
    code = "import sys; import ui.diagnose.page, vae.diagnosis.cards; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=SHIPPED.parent).returncode == 0
