"""The teacher's page: nobody without the password, who is here, the queue, and clearing up with a way back."""

import pytest
from fake_runs import SMALL, make_run
from page_scripts import start, texts

from ui.state import presence, teacher
from ui.state.presence import Seen
from ui.state.pseudonyms import ANIMALS, pseudonym
from vae import jobs
from vae.jobs import JobError
from vae.runs import files, manage, status
from vae.runs.status import Status

PASSWORD = "correct horse"
PUPIL = "00000000deadbeef"


@pytest.fixture(autouse=True)
def fresh(monkeypatch, folder, digits):
    """A server that was started with a password, that nobody has tried yet."""
    monkeypatch.setenv(teacher.SETTING, PASSWORD)
    monkeypatch.setattr(teacher, "_wrong", type(teacher._wrong)())
    monkeypatch.setattr(presence, "_seen", {})


def theirs(folder, name, owner=PUPIL, **now):
    run = make_run(folder, name, **SMALL)
    files.write_json(run.path / "meta.json", {"owner": owner, "created": 1.0, "title": name.title()})
    status.write(run.path, Status(**({"state": "done"} | now)))
    return run


def entered(password=PASSWORD):
    app = start("teacher")
    app.text_input(key="teacher_password").set_value(password)
    next(button for button in app.button if button.label == "Enter").click().run()
    assert not app.exception
    return app


def keys(app):
    return {button.key for button in app.button}


def test_without_the_setting_there_is_no_page(monkeypatch):
    for value in (None, "", "short"):
        monkeypatch.delenv(teacher.SETTING)
        monkeypatch.setenv(teacher.SETTING, value or "")
        assert not teacher.exists()
        app = start("teacher")
        assert app.exception or "teacher_password" not in {box.key for box in app.text_input}


def test_the_password_opens_one_tab_and_is_not_kept(folder):
    app = entered()
    assert app.title[0].value == "Look after a class" and "teacher_leave" in keys(app)
    assert PASSWORD not in f"{app.session_state!r} {app.query_params}"
    assert "teacher_leave" not in keys(start("teacher")), "another tab is nobody's"
    app.button(key="teacher_leave").click().run()
    assert "teacher_leave" not in keys(app) and {box.key for box in app.text_input} >= {"teacher_password"}


@pytest.mark.parametrize("password", ["", "correct", PASSWORD + " ", PASSWORD.upper(), "x" * 10_000, "ä\0"])
def test_another_password_opens_nothing(password):
    assert "teacher_leave" not in keys(entered(password))


def test_wrong_passwords_are_limited(monkeypatch):
    clock = [100.0]
    monkeypatch.setattr(teacher.time, "monotonic", lambda: clock[0])
    app = start("teacher")
    for _ in range(teacher.TRIES):
        app.text_input(key="teacher_password").set_value("wrong")
        next(button for button in app.button if button.label == "Enter").click().run()
        assert teacher.WRONG in app.error[0].value
    assert any("too many" in error.value for error in entered().error), "not even the right one"
    clock[0] += teacher.WINDOW + 1
    assert "teacher_leave" in keys(entered())


def test_all_together_are_limited_too(monkeypatch):
    for i in range(teacher.ALL_TRIES):
        monkeypatch.setattr(teacher.visitor, "me", lambda i=i: f"visitor {i}")
        assert teacher.WRONG in entered("wrong").error[0].value
    monkeypatch.setattr(teacher.visitor, "me", lambda: "the teacher")
    assert teacher.LATER in entered().error[0].value


def test_who_is_here_is_said_with_pseudonyms():
    presence._seen.update({"a": Seen(PUPIL, "Theory", presence.time.time() - 130), "b": Seen(PUPIL, "Explore", 1.0)})
    app = entered()
    table = str(app.table[0].value)
    assert pseudonym(PUPIL) in table and "Theory" in table and "2 min ago" in table and "Explore" not in table
    assert PUPIL not in table and "local (you)" in table
    assert pseudonym(PUPIL) == pseudonym(PUPIL) != pseudonym("00000000deadbeee")
    assert len(set(ANIMALS)) == 64 and pseudonym("local") == "local"


def test_a_visitor_counts_once_and_not_for_ever(monkeypatch):
    now = presence.time.time()
    presence._seen.update(
        {"a": Seen("x", "Paths", now - 20), "b": Seen("x", "Train", now), "c": Seen("y", "Open", 1.0)}
    )
    assert [(seen.visitor, seen.page) for seen in presence.here()] == [("x", "Train")]


def test_a_waiting_run_is_stopped_or_let_go_first(folder, monkeypatch):
    first, second = (theirs(folder, name, f"{i:016x}", state="queued") for i, name in ((1, "early"), (2, "late")))
    for run in (first, second):
        jobs.executor().submit(run.path, run.meta["owner"])
    app = entered()
    said = texts(app)
    assert said.index("Early") < said.index("Late") and "next" in said
    app.button(key="queue_first_late").click().run()
    assert jobs.executor().state(second.path).ahead == 0
    app.button(key="queue_stop_late").click().run()
    assert "Late" not in texts(app) and status.current(second.path).state not in ("queued", "running")

    def refuse(run):
        raise JobError("It has no order.")

    monkeypatch.setattr(jobs.executor(), "prioritise", refuse)
    app.button(key="queue_first_early").click().run()
    assert any("no order" in error.value for error in app.error)
    jobs.executor().stop(first.path)


def test_clearing_up_takes_the_visitors_runs_and_brings_them_back(folder):
    made = [theirs(folder, "one"), theirs(folder, "two", "00000000feedbeef")]
    own = theirs(folder, "of-the-shell", "local")
    app = entered()
    app.button(key="teacher_clear").click().run()
    assert not any(run.path.exists() for run in made) and own.path.exists() and (folder / "digits-vae-2d").exists()
    assert len(list(manage.trash().glob("*/"))) == 2
    app.button(key="teacher_undo").click().run()
    assert all(run.path.exists() for run in made) and "teacher_undo" not in keys(app)


def test_presses_of_others_do_nothing(folder):
    run = theirs(folder, "one")
    app = entered()
    app.session_state["teacher"] = False  # left in between: the buttons are still on the page
    app.button(key="teacher_clear").click().run()
    assert run.path.exists() and "teacher_clear" not in keys(app)
