"""Questions of a fragment that come late: of a page that its visitor has left, or while the page's run ends.

A component may ask while the next page is already asked for or drawn: the browser names the page that it still shows.
Streamlit lets the question wait for the end of the next page, does not find what it would run, and tells the browser of
a run on the page that was left; the browser empties the next page, which stays blank or breaks. Where the next page has
not begun, Streamlit takes the old page's name for both, and the visitor stays where he was. Such questions are dropped.

Where a run has just ended and its last messages are still on their way to the server's loop, Streamlit starts another
runner and ignores what the first one still sends: elements, and that it has ended. Such questions wait for that.
"""

from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.scriptrunner.script_runner import ScriptRunner
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData, ScriptRequestType

PAUSE = 0.005  # seconds until the last messages of a run are looked for again

_request = AppSession.request_rerun
_run = ScriptRunner._run_script


def _asked(self: AppSession, client_state: ClientState | None) -> None:
    if client_state is not None and client_state.fragment_id:
        if self.page_script_hash and client_state.page_script_hash not in ("", self.page_script_hash):
            return
        runner = self._scriptrunner
        if runner is not None and runner._requests._state == ScriptRequestType.STOP:
            self._event_loop.call_later(PAUSE, _asked, self, client_state)
            return
    elif client_state is not None and client_state.page_script_hash:
        # from here on this is the session's page, though its run has not begun
        self._client_state.page_script_hash = client_state.page_script_hash
    _request(self, client_state)


def _run_of_page(self: ScriptRunner, rerun_data: RerunData) -> None:
    # a question may have waited while the script itself went to another page
    page = self._get_script_run_ctx().page_script_hash
    if not rerun_data.fragment_id_queue or page in ("", rerun_data.page_script_hash):
        _run(self, rerun_data)


def sort() -> None:
    """Drop or delay them in every session of this process."""
    AppSession.request_rerun = _asked  # type: ignore[method-assign]
    ScriptRunner._run_script = _run_of_page  # type: ignore[method-assign]
