"""The page that a visitor came from, kept while they sign in: Streamlit itself leads everybody to the first page."""

import re
from urllib.parse import quote, unquote, urlsplit

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.state.visitor import cookies

LOGIN, CALLBACK = "/auth/login", "/oauth2callback"
COOKIE = "latent_way_back"
SECONDS = 600  # that signing in may take
LONGEST = 3_500  # characters: browsers keep cookies of up to 4,096
# A path of this server. A browser takes //name and /\name for another server.
PAGE = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]*")


class WayBack:
    """Notes in a cookie which page asks for the sign-in, and leads the visitor back to it afterwards."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; its answer sets the cookie at the sign-in's begin, and follows it at its end."""
        # below a server.baseUrlPath too
        path = scope["path"] if scope["type"] == "http" else ""
        if not path.endswith((LOGIN, CALLBACK)):
            await self.app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        begins = path.endswith(LOGIN)
        page = _asking(headers) if begins else _noted(headers)

        async def leading_back(message: Message) -> None:
            if message["type"] == "http.response.start" and page:
                answer = MutableHeaders(scope=message)
                if "location" in answer and not begins:
                    answer["location"] = page
                value = f"{quote(page, safe='')}; Max-Age={SECONDS}" if begins else "; Max-Age=0"
                secure = "; Secure" * (scope["scheme"] == "https")
                answer.append("set-cookie", f"{COOKIE}={value}; Path=/; HttpOnly; SameSite=Lax{secure}")
            await send(message)

        await self.app(scope, receive, leading_back)


def _asking(headers: dict[str, str]) -> str:
    """Return the page of this server that a request comes from, "" for none that can be kept."""
    try:
        came = urlsplit(headers.get("referer", ""))
    except ValueError:  # such as half an address in brackets
        return ""
    page = came.path + f"?{came.query}" * bool(came.query)
    return page if came.netloc == headers.get("host") and len(quote(page, safe="")) <= LONGEST and _ours(page) else ""


def _noted(headers: dict[str, str]) -> str:
    """Return the page that the cookie holds; "" for none, and for what another site has made of it."""
    page = unquote(cookies(headers.get("cookie", "")).get(COOKIE, ""))
    return page if _ours(page) else ""


def _ours(page: str) -> bool:
    return PAGE.fullmatch(page) is not None
