"""Who a visitor is: only the cookie that a browser was given makes an owner, or a setting on a machine of one's own."""

import pytest
import streamlit as st
from asgi import run
from fake_runs import SMALL, make_run
from hypothesis import given, settings
from hypothesis import strategies as some

from ui.state import signed_in, visitor
from vae import runs
from vae.runs import RunError

GIVEN = "a-cookie-of-22-letters"


@pytest.fixture
def visit(monkeypatch):
    """Return a function that makes a visit, from its cookies, headers, and the server's settings."""

    def of(cookie=None, alone="", address="127.0.0.1", **headers):
        cookies = {} if cookie is None else {visitor.COOKIE: cookie}
        monkeypatch.setattr(type(st.context), "cookies", cookies, raising=False)
        monkeypatch.setattr(type(st.context), "headers", {k.replace("_", "-"): v for k, v in headers.items()})
        monkeypatch.setattr(st, "get_option", lambda name: address)
        monkeypatch.setenv(visitor.ALONE, alone)

    return of


@pytest.fixture
def made(folder):
    """A run of the shell, one of a visitor with the cookie GIVEN, and one without an owner."""

    def run(name, **meta):
        path = make_run(folder, name, **SMALL).path
        runs.write_json(path / "meta.json", meta)
        return runs.Run(path)

    digest = visitor.hashlib.sha256(GIVEN.encode()).hexdigest()[:16]
    return [run("shell", owner="local"), run("theirs", owner=digest), run("nobodys")]


def test_no_cookie_owns_nothing(made, visit):
    for cookie in (None, "", "short"):
        for host in ("127.0.0.1", "0.0.0.0"):
            visit(cookie, address=host)
            assert [visitor.mine(run) for run in made] == [False] * 3
            with pytest.raises(RunError, match="keeps no cookie"):
                visitor.require()
            with pytest.raises(RunError, match="not your run"):
                visitor.require_mine(made[0])


def test_cookie_owns_its_runs_and_no_others(made, visit):
    visit(GIVEN)
    assert [visitor.mine(run) for run in made] == [False, True, False]
    visit(GIVEN[::-1])
    assert not any(visitor.mine(run) for run in made)


def test_alone_on_this_machine_owns_all_but_shipped(made, visit, monkeypatch):
    for cookie in (None, GIVEN):
        visit(cookie, alone="1", host="localhost:8501")
        assert all(visitor.mine(run) for run in made) and visitor.require() == visitor.LOCAL
    monkeypatch.setattr(runs.folders, "shipped", lambda: made[0].path.parent)
    assert not any(visitor.mine(run) for run in made)


@pytest.mark.parametrize(
    "more",
    [
        {"address": "0.0.0.0"},
        {"address": "None"},
        {"host": "latent.example"},
        {"host": "127.0.0.1.example:8501"},
        {"x_forwarded_for": "10.0.0.7"},
        {"forwarded": "for=10.0.0.7"},
    ],
)
def test_alone_counts_only_for_direct_visits_over_loopback(made, visit, more):
    visit(None, alone="1", **more)
    assert not any(visitor.mine(run) for run in made)
    visit(GIVEN, alone="1", **more)
    assert [visitor.mine(run) for run in made] == [False, True, False]


def answer(*headers):
    """Return the cookies that a page is answered with, for a request with these headers."""
    sent = []

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "scheme": "http", "headers": [(b"accept", b"text/html"), *headers]}
    run(visitor.VisitorCookie(app)(scope, None, send))
    return [v.decode() for k, v in sent[0]["headers"] if k == b"set-cookie"]


def test_page_without_a_cookie_is_given_a_new_one():
    first, second = answer()[0], answer()[0]
    assert first != second and "HttpOnly" in first and "SameSite=Lax" in first
    value = first.partition(";")[0].encode()
    assert answer((b"cookie", value)) == []
    assert answer((b"cookie", b"latent_visitor=short"))


@settings(deadline=None)
@given(some.binary(max_size=60))
def test_any_cookie_header_is_answered(header):
    assert len(answer((b"cookie", header))) <= 1


def test_account_takes_the_cookies_place(made, visit, monkeypatch):
    """Who has signed in is the account in every browser; who has not owns nothing, whatever their cookie says."""
    monkeypatch.setattr(signed_in, "wanted", lambda: True)
    found = {}
    for account in (
        {}, {"is_logged_in": False, "sub": "1", "iss": "a"}, {"is_logged_in": True}, {"is_logged_in": True, "sub": 1},
    ):  # fmt: skip
        monkeypatch.setattr(st, "user", account)
        visit(GIVEN)
        assert visitor.me() == "" and not any(visitor.mine(run) for run in made)
        with pytest.raises(RunError, match="not signed in"):
            visitor.require()
    for issuer, number, cookie in (("a", "1", GIVEN), ("a", "1", None), ("b", "1", GIVEN), ("a", "2", GIVEN)):
        monkeypatch.setattr(st, "user", {"is_logged_in": True, "iss": issuer, "sub": number, "name": "Ada"})
        visit(cookie)
        found.setdefault((issuer, number), set()).add(visitor.require())
        assert signed_in.name() == "Ada" and not any(visitor.mine(run) for run in made)
    assert [len(names) for names in found.values()] == [1, 1, 1] and len(set.union(*found.values())) == 3
