"""The visitor: a random cookie identifies a browser, so that everyone has their own runs without an account."""

import hashlib
import secrets
from http.cookies import SimpleCookie

import streamlit as st
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vae.runs import Run

COOKIE = "latent_visitor"
YEAR = 365 * 24 * 3600
LOCAL = "local"  # the owner of what was made without a browser
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class VisitorCookie:
    """Gives a browser its cookie with the first page; scripts cannot read it, and other sites cannot send it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and add the cookie to the page of a browser that has none."""
        headers = dict(scope.get("headers", ()))
        known = COOKIE in SimpleCookie(headers.get(b"cookie", b"").decode("latin-1"))
        if scope["type"] != "http" or known or b"text/html" not in headers.get(b"accept", b""):
            await self.app(scope, receive, send)
            return

        async def with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                value = f"{COOKIE}={secrets.token_urlsafe(16)}; Path=/; Max-Age={YEAR}; HttpOnly; SameSite=Lax"
                MutableHeaders(scope=message).append("set-cookie", value)
            await send(message)

        await self.app(scope, receive, with_cookie)


def me() -> str:
    """Return this visitor's name for run folders: a digest, since the cookie itself would let others be them."""
    cookie = st.context.cookies.get(COOKIE)
    # a script that runs without a browser (a test) has no cookies to speak of
    return hashlib.sha256(cookie.encode()).hexdigest()[:16] if isinstance(cookie, str) else LOCAL


def owner(run: Run) -> str:
    """Return the name of a run's owner; a shipped model has none."""
    return str(run.meta.get("owner", ""))


def mine(run: Run) -> bool:
    """Return whether this visitor may steer, name and delete a run: their own; on loopback also the shell's."""
    loopback = str(st.get_option("server.address")) in LOOPBACK
    return owner(run) == me() or (owner(run) == LOCAL and loopback)
