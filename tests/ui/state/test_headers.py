"""What the server's answers say to a browser, which requests it does not answer, and whose messages change nothing."""

import re

import pytest
from asgi import run
from starlette.responses import PlainTextResponse
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.runtime import caching
from streamlit.runtime.app_session import AppSession, AppSessionState

from ui.shared import caches
from ui.state.headers import SecurityHeaders


def answer(path):
    """Return the status and headers of the answer to a request, from an app that has another policy of its own."""
    sent = []

    async def app(scope, receive, send):
        await PlainTextResponse("here", headers={"Content-Security-Policy": "default-src *"})(scope, receive, send)

    async def send(message):
        sent.append(message)

    run(SecurityHeaders(app)({"type": "http", "path": path}, None, send))
    return sent[0]["status"], {name.decode(): value.decode() for name, value in sent[0]["headers"]}


@pytest.mark.parametrize("path", ["/", "/train", "/_stcore/health", "/_stcore/metrics"])
def test_every_answer_lets_a_page_load_from_here_alone(path):
    _, headers = answer(path)
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert policy["img-src"] == "'self' data: blob:" and policy["frame-ancestors"] == "'self'"
    assert not re.search(r"\*|https?:", headers["content-security-policy"])
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", ["/_stcore/metrics", "/below/_stcore/metrics/", "/_stcore/script-health-check"])
def test_what_is_for_no_visitor_is_not_found(path):
    assert answer(path)[0] == 404
    assert answer("/_stcore/health")[0] == answer("/metrics")[0] == 200


def test_visitors_clear_no_caches(monkeypatch):
    """A forged message would make everybody's next page slow."""
    cleared = []
    monkeypatch.setattr(caching.cache_resource, "clear", lambda: cleared.append(1))
    monkeypatch.setattr(AppSession, "_handle_clear_cache_request", AppSession._handle_clear_cache_request)
    caches.keep()
    session = object.__new__(AppSession)
    session._state = AppSessionState.SHUTDOWN_REQUESTED  # so that its end has nothing to do
    session.handle_backmsg(BackMsg(clear_cache=True))
    assert not cleared
