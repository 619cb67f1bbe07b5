"""Removes widget values from the messages of a page's timers: a visitor's changes come in messages of their own.

The browser sends all values it knows with every tick of a fragment's `run_every`. Two kinds of them are wrong: a press
that is on its way by itself, whose callback would run twice (two runs of one Train, two steps of one Step), and a value
that the server has written since, which the browser does not know yet and would write back (half of a preset, undone).
"""

from dataclasses import replace

from streamlit.runtime.scriptrunner_utils.script_requests import RerunData, ScriptRequests

_request = ScriptRequests.request_rerun


def _without_values(self: ScriptRequests, new_data: RerunData) -> bool:
    return _request(self, replace(new_data, widget_states=None) if new_data.is_auto_rerun else new_data)


def silence() -> None:
    """Ignore the widget values in timer messages of every session of this process."""
    ScriptRequests.request_rerun = _without_values  # type: ignore[method-assign]
