"""Signing in leads back to the page that asked for it, and nowhere but to this server."""

from urllib.parse import unquote

import pytest
from asgi import get
from starlette.responses import RedirectResponse

from ui.state.way_back import COOKIE, LONGEST, WayBack


async def answer(scope, receive, send):
    await RedirectResponse("/", status_code=302)(scope, receive, send)


def noted(referer):
    """Return the page that beginning to sign in notes, "" for none."""
    status, headers, _ = get(WayBack(answer), "/auth/login", host="here", referer=referer)
    assert (status, headers["location"]) == (302, "/")
    return unquote(headers.get("set-cookie", "=;").split(";")[0].split("=", 1)[1])


def reached(cookie, path="/oauth2callback"):
    """Return where the end of signing in leads, and the cookie that it sets."""
    _, headers, _ = get(WayBack(answer), path, cookie=f"other=1; {COOKIE}={cookie}")
    return headers["location"], headers.get("set-cookie", "")


@pytest.mark.parametrize("page", ["/", "/theory?model=digits-vae-2d&image=3", "/below/train?left=prior,1,0"])
def test_page_is_reached_again(page):
    _, headers, _ = get(WayBack(answer), "/below/auth/login", host="here", referer=f"http://here{page}")
    place, ended = reached(headers["set-cookie"].split(";")[0].split("=", 1)[1])
    assert place == page and "Max-Age=0" in ended
    assert "HttpOnly" in headers["set-cookie"] and "SameSite=Lax" in headers["set-cookie"]


@pytest.mark.parametrize(
    "referer",
    [
        "http://elsewhere/theory",
        "http://[here",
        "http://here//elsewhere",
        "",
        "http://here/\\elsewhere",
        f"http://here/{'é' * LONGEST}",
    ],
)
def test_page_of_another_server_is_not_noted(referer):
    assert noted(referer) == ""


@pytest.mark.parametrize("cookie", ["%2F%2Felsewhere", "https%3A%2F%2Felsewhere", "%2F%5Celsewhere", "%2Fa%0D%0Ab", ""])
def test_forged_cookie_leads_to_the_first_page(cookie):
    assert reached(cookie)[0] == "/"


def test_other_redirects_stay():
    assert reached("%2Ftheory", "/auth/logout") == ("/", "")
