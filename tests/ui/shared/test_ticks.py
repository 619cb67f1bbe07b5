"""A tick changes nothing that a widget holds, and nothing that is on its way."""

import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetStates
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData, ScriptRequests

from ui.shared import ticks


@pytest.fixture
def requests(monkeypatch):
    monkeypatch.setattr(ScriptRequests, "request_rerun", ScriptRequests.request_rerun)  # put back at the end
    ticks.silence()
    return ScriptRequests()


def states(**values) -> WidgetStates:
    made = WidgetStates()
    for name, value in values.items():
        setattr(made.widgets.add(id=name), "trigger_value" if value is True else "int_value", value)
    return made


def tick(**values) -> RerunData:
    return RerunData(widget_states=states(**values), fragment_id="f", is_auto_rerun=True)


def test_a_tick_brings_no_values(requests):
    assert requests.request_rerun(tick(size=3, press=True))
    assert requests.on_scriptrunner_ready().rerun_data.widget_states is None


@pytest.mark.parametrize("first", ["hand", "tick"])
def test_what_a_hand_changed_is_kept_beside_a_tick(requests, first):
    by_hand = RerunData(widget_states=states(size=4, press=True), fragment_id="f")
    for data in (by_hand, tick(size=3)) if first == "hand" else (tick(size=3, press=True), by_hand):
        requests.request_rerun(data)
    found = requests.on_scriptrunner_ready().rerun_data
    assert found.fragment_id_queue == ["f"]
    assert {w.id: getattr(w, w.WhichOneof("value")) for w in found.widget_states.widgets} == {"size": 4, "press": True}
