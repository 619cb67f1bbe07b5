"""The visitor: a random cookie identifies a browser, so that everyone has their own runs without an account.

A browser without the cookie owns nothing. Where the server has accounts (signed_in.py), the account takes its place.
Only the setting `LATENT_ALONE=1`, for an app that one person uses on their own machine, gives every browser all runs
that were made here; it counts for direct visits over loopback alone.
"""

import hashlib
import os
import secrets
from http.cookies import CookieError, SimpleCookie
from typing import TypeGuard
from urllib.parse import urlsplit

import streamlit as st
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.state import signed_in
from ui.words import say
from vae import runs
from vae.runs import Run, RunError
from vae.runs.quota import LOCAL

ALONE = "LATENT_ALONE"
COOKIE = "latent_visitor"
YEAR = 365 * 24 * 3600
LOOPBACK = ("127.0.0.1", "localhost", "::1")
PROXIES = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip")  # headers that only a proxy sends
SHORTEST = 16  # characters of a cookie: a shorter one was not made here, and could be guessed


class VisitorCookie:
    """Gives a browser its cookie with the first page; scripts cannot read it, and other sites cannot send it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and add the cookie to the page of a browser that has none."""
        headers = dict(scope.get("headers", ()))
        known = _is_ours(cookies(headers.get(b"cookie", b"").decode("latin-1")).get(COOKIE))
        if scope["type"] != "http" or known or b"text/html" not in headers.get(b"accept", b""):
            await self.app(scope, receive, send)
            return

        async def with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                value = f"{COOKIE}={secrets.token_urlsafe(16)}; Path=/; Max-Age={YEAR}; HttpOnly; SameSite=Lax"
                value += "; Secure" * (scope["scheme"] == "https")
                MutableHeaders(scope=message).append("set-cookie", value)
            await send(message)

        await self.app(scope, receive, with_cookie)


def cookies(header: str) -> dict[str, str]:
    """Return the cookies of a request, none where its header cannot be read."""
    try:
        return {name: morsel.value for name, morsel in SimpleCookie(header).items()}
    except CookieError:
        return {}


def _is_ours(cookie: object) -> TypeGuard[str]:
    return isinstance(cookie, str) and len(cookie) >= SHORTEST


def alone() -> bool:
    """Return whether one person uses this app alone: LATENT_ALONE is 1, and this visit came over loopback directly."""
    if os.environ.get(ALONE) != "1" or str(st.get_option("server.address")) not in LOOPBACK:
        return False
    headers = st.context.headers
    # a page of another site that lets its own name point to this machine sends that name; a script without a browser
    # (a test) sends no headers at all
    host = headers.get("host")
    named = host is None or urlsplit(f"//{host}").hostname in LOOPBACK
    return named and not any(name in headers for name in PROXIES)


def me() -> str:
    """Return this visitor's name for run folders, "" for one without the cookie (or, where the server has accounts,
    without having signed in), who owns nothing.

    It is a digest, since the cookie itself would let others be them; "local" for a person alone on this machine.
    """
    if alone():
        return LOCAL
    if signed_in.wanted():
        return signed_in.identity()
    cookie = st.context.cookies.get(COOKIE)
    return hashlib.sha256(cookie.encode()).hexdigest()[:16] if _is_ours(cookie) else ""


def require() -> str:
    """Return this visitor's name, the owner of a run that they make now; raises RunError for one without a cookie."""
    if name := me():
        return name
    if signed_in.wanted():
        raise RunError(say("You have not signed in. Reload the page and sign in; then a run belongs to your account."))
    raise RunError(
        say(
            "Your browser keeps no cookie for this site. Without it a run would not belong to you, and you could "
            "neither pause nor delete it. Allow cookies for this site and reload the page."
        )
    )


def owner(run: Run) -> str:
    """Return the name of a run's owner; a shipped model has none."""
    return str(run.meta.get("owner", ""))


def mine(run: Run) -> bool:
    """Return whether this visitor may steer, name and delete a run: their own; alone on this machine, all but the
    shipped ones."""
    return not runs.is_shipped(run) if alone() else owner(run) == me() != ""


def require_mine(run: Run) -> None:
    """Raise RunError for a run that is not this visitor's: a page may be older than its owner."""
    if not mine(run):
        raise RunError(say("{run} is not your run: only the browser that made it can change it.", run=run.title))
