"""The texts of the browser's code in the reader's language, as a script that runs before any component is there.

Its address has the digest of its content, so that a browser fetches a language once.
"""

import hashlib
import json
from functools import cache
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Scope

from ui.words.catalogue import entries
from ui.words.languages import ASKED, COOKIE, ENGLISH, LANGUAGES, accepted, first_known

PATH = "/words/{name:str}"


def asked(scope: Scope) -> str:
    """Return the language that a request's address asks for, "" for none or one that the app has not."""
    wish = parse_qs(scope["query_string"].decode("latin-1")).get(ASKED, [""])[-1]
    return wish if wish in LANGUAGES else ""


def wanted(scope: Scope) -> str:
    """Return the language of a request: of its address, else as it was chosen before, else the browser's."""
    headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
    try:
        kept = [morsel.value for name, morsel in SimpleCookie(headers.get(b"cookie", "")).items() if name == COOKIE]
    except CookieError:
        kept = []
    return first_known([asked(scope), *kept, *accepted(headers.get(b"accept-language"))])


@cache
def content(language: str) -> bytes:
    """Return the script of one language."""
    shown = [e for e in entries(language) if any(place.endswith(".js") for place, _ in e.occurrences)]
    texts: dict[str, str | list[str]] = {e.msgid: e.msgstr for e in shown if e.msgstr}
    plurals = [e for e in shown if e.msgid_plural and all(e.msgstr_plural.values())]
    texts |= {f"{e.msgid}\n{e.msgid_plural}": [e.msgstr_plural[0], e.msgstr_plural[1]] for e in plurals}
    return f"window.__latentWords = {json.dumps(texts, ensure_ascii=False)};\n".encode()


@cache
def tag(language: str) -> str:
    """Return the element that fetches a language's texts, "" for English, which the code has."""
    if language == ENGLISH:
        return ""
    return f'<script src="words/{language}.{hashlib.sha256(content(language)).hexdigest()[:16]}.js"></script>\n'


async def _send(request: Request) -> Response:
    language = request.path_params["name"].partition(".")[0]
    if language not in LANGUAGES:
        return Response(status_code=404)
    forever = {"Cache-Control": "public, max-age=31536000, immutable"}
    return Response(content(language), media_type="text/javascript; charset=utf-8", headers=forever)


def routes() -> list[Route]:
    """Return the routes from which browsers fetch the texts."""
    return [Route(PATH, _send)]
