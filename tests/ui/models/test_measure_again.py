"""Measuring again on the Models page, run as a script: numbers, what is missing and what goes wrong."""

import pytest
from fake_runs import SMALL, complete, make_run
from page_scripts import lives, start, texts
from streamlit.testing.v1 import AppTest
from waiting import until

from vae.answers import pool
from vae.jobs import JobError

pytestmark = pytest.mark.usefixtures("folder")


@pytest.fixture(scope="module", autouse=True)
def closing():
    """End the pool's processes with this file."""
    yield
    pool.close()


@pytest.fixture
def digits(folder):
    """A run on the embedded digits that can encode."""
    return complete(make_run(folder, "digits-vae-2d", **SMALL))


def followed(app: AppTest) -> AppTest:
    """Let the page look until the measurement is over, as its timer does in a browser."""

    def over() -> bool:
        return "measure_stop" not in {button.key for button in lives(app.run()).button}

    if "measure_stop" in {button.key for button in app.button}:
        until(over, "the end of the measurement")
    return app


def test_measuring_shows_numbers_and_leaves_the_runs_own(digits):
    """Press and see numbers with errors and leave the run's own."""
    before = (digits.path / "metrics.json").read_bytes()
    app = lives(start("models", mode="expert"))
    assert app.button_group(key="measure_k").value == 100
    assert app.button_group(key="measure_n_360").value == 360
    app.button_group(key="measure_n_360").set_value(100).run()
    app = followed(lives(app.button(key="measure").click().run()))
    shown = texts(app)
    assert "log p(x) ≥ $L_{100}$ | −" in shown
    assert "nats | 100 |" in shown
    assert "of K = 100" in shown
    assert (digits.path / "metrics.json").read_bytes() == before
    assert "measure_stop" not in {b.key for b in app.button(key="measure").click().run().button}


def test_a_run_without_usable_weights_says_so(folder):
    make_run(folder, "digits-vae-2d", **SMALL)
    app = followed(lives(start("models", mode="expert")).button(key="measure").click().run())
    assert "does not fit spec.json" in lives(app).error[0].value
    assert app.button(key="measure")


def test_a_crash_is_a_message(digits, monkeypatch):
    class Crashed:
        done = True

        def result(self):
            raise JobError("The process was ended.")

    monkeypatch.setattr(pool, "ask", lambda *args, **kwargs: Crashed())
    app = lives(start("models", mode="expert")).button(key="measure").click().run()
    assert lives(app).error[0].value == "The process was ended."


def test_stop_takes_the_progress_away(digits, monkeypatch):
    class Slow:
        done, fraction, remaining, dropped = False, 0.25, 200.0, False

        def drop(self):
            self.dropped = True

    slow = Slow()
    monkeypatch.setattr(pool, "ask", lambda *args, **kwargs: slow)
    app = lives(start("models", mode="expert")).button(key="measure").click().run()
    app = lives(app.button(key="measure_stop").click().run())
    assert slow.dropped
    assert "measure_stop" not in {button.key for button in app.button}


def test_an_autoencoder_has_no_samples_to_choose(folder):
    ae = {"posterior": {"kind": "delta"}, "prior": None, "objective": {"kind": "reconstruction"}}
    complete(make_run(folder, "ae", "autoencoder", **SMALL, **ae))
    app = lives(start("models", mode="expert"))
    assert [group.key for group in app.button_group if group.key != "mode"] == ["measure_n_360"]
    shown = texts(followed(app.button(key="measure").click().run()))
    assert "Distortion −E[log p(x\\|z)]" in shown
    assert "of K" not in shown


@pytest.mark.parametrize(("name", "words"), [("mnist", "not on this machine"), ("my-own", "There is no dataset")])
def test_data_that_are_not_here_are_named(folder, name, words):
    make_run(folder, "other", data=name)
    app = lives(start("models", mode="expert"))
    assert words in texts(app)
    assert "measure" not in {button.key for button in app.button}
