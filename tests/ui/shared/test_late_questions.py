"""A late question harms neither the page that is coming nor the one whose run ends; questions in time are passed on."""

from types import SimpleNamespace

import pytest
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData, ScriptRequestType

from ui.shared import late_questions


class Loop:
    """What is called later is called by `turn`."""

    def __init__(self):
        self.later = []

    def call_later(self, seconds, call, *given):
        assert seconds > 0
        self.later.append((call, given))

    def turn(self):
        waiting, self.later = self.later, []
        for call, given in waiting:
            call(*given)


class Session:
    """What the module uses of a session of Streamlit."""

    def __init__(self, page):
        self._client_state = ClientState(page_script_hash=page)
        self._scriptrunner = None
        self._event_loop = Loop()

    @property
    def page_script_hash(self):
        return self._client_state.page_script_hash


@pytest.fixture
def passed(monkeypatch):
    found = []
    monkeypatch.setattr(late_questions, "_request", lambda session, state: found.append(state))
    monkeypatch.setattr(late_questions, "_run", lambda runner, data: found.append(data))
    return found


def asks(page, fragment="f"):
    return ClientState(page_script_hash=page, fragment_id=fragment)


@pytest.mark.parametrize("page", ["here", ""])
def test_a_question_of_this_page_is_passed_on(passed, page):
    late_questions._asked(Session("here"), asks(page))
    assert passed == [asks(page)]


def test_before_a_page_is_known_every_question_is_passed_on(passed):
    late_questions._asked(Session(""), asks("here"))
    assert passed == [asks("here")]


def test_a_question_of_the_page_that_was_left_is_dropped(passed):
    session, going = Session("left"), asks("next", fragment="")
    late_questions._asked(session, going)
    late_questions._asked(session, asks("left"))
    late_questions._asked(session, asks("next"))
    late_questions._asked(session, None)
    assert passed == [going, asks("next"), None]


def test_a_question_waits_for_the_end_of_a_run_that_has_stopped(passed):
    session = Session("here")
    session._scriptrunner = SimpleNamespace(_requests=SimpleNamespace(_state=ScriptRequestType.STOP))
    late_questions._asked(session, asks("here"))
    session._event_loop.turn()
    assert not passed
    session._scriptrunner = None  # its last message has arrived
    session._event_loop.turn()
    assert passed == [asks("here")] and not session._event_loop.later


@pytest.mark.parametrize(
    ("fragments", "page", "runs"), [(["f"], "left", False), (["f"], "here", True), ([], "left", True)]
)
def test_a_question_that_waited_while_the_script_went_elsewhere_is_dropped(passed, fragments, page, runs):
    runner = SimpleNamespace(_get_script_run_ctx=lambda: SimpleNamespace(page_script_hash="here"))
    late_questions._run_of_page(runner, RerunData(fragment_id_queue=fragments, page_script_hash=page))
    assert bool(passed) == runs
