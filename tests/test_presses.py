"""A timer's message carries no press; everything else passes as it came."""

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg

from ui.presses import without_presses


def sent(auto: bool, **values) -> bytes:
    message = BackMsg()
    message.rerun_script.is_auto_rerun = auto
    message.rerun_script.fragment_id = "f"
    for name, value in values.items():
        setattr(message.rerun_script.widget_states.widgets.add(id=name), name, value)
    return message.SerializeToString()


def values(content: bytes) -> list[str]:
    return [widget.id for widget in BackMsg.FromString(content).rerun_script.widget_states.widgets]


KEPT = {"int_value": 3, "json_value": "{}", "string_value": "text"}


@pytest.mark.parametrize("press", [{"trigger_value": True}, {"json_trigger_value": "[1]"}])
def test_a_timer_carries_no_press(press):
    found = without_presses(sent(True, **KEPT, **press))
    assert values(found) == list(KEPT)
    told = BackMsg.FromString(found).rerun_script
    assert told.is_auto_rerun and told.fragment_id == "f"


def test_a_string_trigger_is_a_press_too():
    message = BackMsg()
    message.rerun_script.is_auto_rerun = True
    message.rerun_script.widget_states.widgets.add(id="chat").string_trigger_value.data = "hello"
    assert values(without_presses(message.SerializeToString())) == []


@pytest.mark.parametrize(
    "content",
    [
        sent(True, **KEPT),
        sent(False, **KEPT, trigger_value=True),
        BackMsg(stop_script=True).SerializeToString(),
        b"",
        b"\xff\xff no message",
    ],
)
def test_everything_else_passes_as_it_came(content):
    assert without_presses(content) is content
