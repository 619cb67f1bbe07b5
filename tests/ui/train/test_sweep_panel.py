"""Train a sweep on the Train page: experts only, the estimate before, and a group that is queued as a whole or not."""

import pytest
from page_scripts import lives, start, texts

from vae import jobs
from vae.jobs.queue import Queue
from vae.runs import groups, manage

pytestmark = pytest.mark.usefixtures("digits")


@pytest.fixture(autouse=True)
def own_queue(monkeypatch):
    """A queue of this test that nobody works off."""
    jobs._executor.cache_clear()
    monkeypatch.setattr(jobs.executor(), "warm", lambda: None)
    yield
    jobs._executor.cache_clear()


def opened():
    app = start("train", mode="expert")
    app.session_state["sweep"] = True
    return lives(app.run())


def filled(values, seeds=2):
    app = opened()
    app.multiselect(key="sweep_fields").set_value(["objective.beta"]).run()
    app.number_input(key="sweep_seeds").set_value(seeds).run()
    return lives(app.text_input(key="sweep_values_objective.beta").set_value(values).run())


def test_simple_mode_is_as_long_as_before():
    assert "Train a sweep" not in [part.label for part in lives(start("train")).expander]
    assert "Train a sweep" in [part.label for part in lives(start("train", mode="expert")).expander]


def test_group_is_queued_after_its_estimate(digits):
    app = filled("0.5, 1, 2")
    assert "6 runs" in texts(app) and "MB on the disk" in texts(app)
    button = app.button(key="sweep_queue")
    assert button.label == "Queue 6 runs" and not button.disabled
    app = lives(button.click().run())
    assert "6 runs of the group vae-digits-beta wait in the queue." in [s.value for s in app.success]
    assert len(Queue().waiting()) == 6
    values = [groups.of(run).values["objective.beta"] for run in groups.by_name()["vae-digits-beta"]]
    assert values == [0.5, 0.5, 1.0, 1.0, 2.0, 2.0]


def test_wrong_value_is_said_and_nothing_is_offered(digits):
    app = filled("0.5, many")
    assert any("β must be a number" in error.value for error in app.error)
    assert app.button(key="sweep_queue").disabled
    app = lives(app.text_input(key="sweep_values_objective.beta").set_value("").run())
    assert not app.error and "Type the values of each." in texts(app)


def test_quota_refuses_the_whole(digits, monkeypatch):
    from ui.state import visitor

    app = filled("0.5, 1", seeds=2)
    monkeypatch.setattr(visitor, "require", lambda: "anna")
    monkeypatch.setenv("LATENT_RUNS", "3")
    app = lives(app.button(key="sweep_queue").click().run())
    assert any("want 4 more" in error.value for error in app.error)
    assert groups.by_name() == {} and Queue().waiting() == []
    assert manage.create(digits.spec, "anna").path.is_dir()
