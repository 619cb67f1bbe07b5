"""Names, deletion and Undo on the Models page, run as a script: what is shown after each press."""

import pytest
from fake_runs import SMALL, make_run
from page_scripts import lives, start, texts

from vae import runs
from vae.jobs import JobError
from vae.jobs.queue import Queue
from vae.runs import manage, status


@pytest.fixture
def two(folder):
    """Two runs of the visitor: the default one, and the one that the tests look at."""
    make_run(folder, "digits-vae-2d", **SMALL)
    return make_run(folder, "second", **SMALL)


def shown(app):
    return app.selectbox(key="chip_model").value


def test_a_new_title_is_shown_everywhere_at_once(two):
    app = lives(start("models", model="second"))
    app.text_input(key="run_title_second").set_value("Mine")
    app = lives(app.button(key="save_run").click().run())
    assert manage.rename(two, "Mine").title == "Mine"
    assert [h.value for h in app.header] == ["Mine"] and "Mine" in app.selectbox(key="chip_model").options
    assert "second" not in app.selectbox(key="chip_model").options
    app = lives(app.button(key="delete_run").click().run())
    assert "Deleted Mine." in texts(app)


def test_another_runs_title_is_never_saved(two):
    """The fields belong to the run that is shown, also after another one was."""
    app = lives(start("models", model="second"))
    app.text_input(key="run_title_second").set_value("Mine").run()
    app = lives(app.button(key="show_digits-vae-2d").click().run())
    assert app.text_input(key="run_title_digits-vae-2d").value == "digits-vae-2d"
    lives(app.button(key="save_run").click().run())
    assert runs.find("digits-vae-2d").title == "digits-vae-2d"


def test_deleting_shows_another_model_without_a_warning(two):
    app = lives(start("models", model="second"))
    app = lives(app.button(key="delete_run").click().run())
    assert not app.warning and not app.error and shown(app) == "digits-vae-2d"
    assert "model" not in app.query_params or app.query_params["model"] != ["second"]
    app = lives(app.button(key="undo_delete").click().run())
    assert runs.find("second").path == two.path and [s.value for s in app.success] == ["second is back."]


def test_a_second_tab_cannot_destroy_what_the_first_deleted(two):
    first, second = (lives(start("models", model="second")) for _ in range(2))
    first.button(key="delete_run").click().run()
    second.button(key="delete_run").click().run()
    assert "is not there any more" in texts(lives(second))
    first = lives(first.button(key="undo_delete").click().run())
    assert runs.find("second").spec == two.spec and not first.error


@pytest.mark.parametrize("page", ["train", "models"])
def test_a_queue_that_cannot_be_read_is_said_on_the_page(two, page, monkeypatch):
    def full(self, query):
        raise JobError("The queue cannot be read: disk I/O error.")

    monkeypatch.setattr(Queue, "_rows", full)
    status.write(two.path, status.Status("queued", step=3, total=9))
    app = lives(start(page, run="second", model="second"))
    assert page == "models" or "disk I/O error" in texts(app)
