"""Adds to Streamlit's own page where its server is, a link over the navigation, the first thing that the Tab key meets,
and the choice of the language.

It also hands the page the meanings of the terms in the glossary, and the texts of the components, in the reader's
language, before any component is there.
On a page of its own the front end would have to find the server out: below /train it asks at /train/_stcore first; only
half a second after that has failed does it ask at the root.
"""

import json
from html import escape

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.shared import glossary, language_choice
from ui.shared.navigation import BY_NAME, TEACHER
from ui.words import languages, phrase, script
from ui.words.catalogue import catalogue

# the address without the page's name; the front end reads the object before its first request
BASE = f"""<script>
(() => {{
  const path = location.pathname.replace(/\\/+$/, "");
  const page = path.split("/").pop();
  const base = {json.dumps([*BY_NAME, TEACHER.name])}.includes(page) ? path.slice(0, -page.length) : `${{path}}/`;
  window.__streamlit = {{ ...window.__streamlit, BACKEND_BASE_URL: new URL(base, location.origin).href }};
}})();
</script>
"""
ENGLISH = b'<html lang="en">'
BEFORE = b'<script type="module"'
YEAR = 365 * 24 * 3600  # seconds that a chosen language is remembered
PAGE = "page"  # the element where a page's own controls begin
STYLE = """<style>
.skip { position: fixed; left: 8px; top: -60px; z-index: 999999; padding: 10px 16px; border-radius: 4px;
  font: 600 16px "Source Sans", sans-serif; color: #fff; background: #1f6cb0; }
.skip:focus { top: 8px; outline: 3px solid #1f6cb0; outline-offset: 2px; }
</style>
"""
SKIP = f"""<a class="skip" href="#{PAGE}" onclick="event.preventDefault();
  const page = document.getElementById('{PAGE}'); page?.scrollIntoView({{block: 'nearest'}}); page?.focus();
">"""
ROOT = b'<div id="root">'
# what could bring the page in parts, packed, or not at all, since it has not changed
PARTLY = (b"accept-encoding", b"if-none-match", b"if-modified-since", b"range", b"if-range")


def link(spoken: str) -> str:
    """Return the link over the navigation, and how a page that loads says so (page.css), in a language."""
    said = catalogue(spoken).recognised
    name, text, loading = said(phrase("Skip")), said(phrase("Skip to the page's controls")), said(phrase("Loading …"))
    style = f"<style>:root {{ --loading: {json.dumps(loading, ensure_ascii=False)}; }}</style>\n"
    return f'{STYLE}{style}<nav aria-label="{escape(name)}">{SKIP}{escape(text)}</a></nav>\n'


class FrontEnd:
    """Adds scripts and link to Streamlit's page."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; a page that comes back gets the script before the front end's own."""
        if scope["type"] != "http" or b"text/html" not in dict(scope["headers"]).get(b"accept", b""):
            await self.app(scope, receive, send)
            return
        asked, spoken = script.asked(scope), script.wanted(scope)
        scope = {**scope, "headers": [pair for pair in scope["headers"] if pair[0] not in PARTLY]}
        start: Message | None = None
        body = b""

        async def with_script(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start":
                start = message
                if not MutableHeaders(scope=start).get("content-type", "").startswith("text/html"):
                    await send(start)
                    start = None
            elif start is None:
                await send(message)
            else:
                body += message.get("body", b"")
                if not message.get("more_body", False):
                    scripts = BASE + glossary.script(spoken) + script.tag(spoken)
                    body = body.replace(BEFORE, scripts.encode() + BEFORE, 1)
                    body = body.replace(ENGLISH, ENGLISH.replace(b"en", spoken.encode()), 1)
                    over = link(spoken) + language_choice.element(spoken, scope["query_string"].decode("latin-1"))
                    body = body.replace(ROOT, over.encode() + ROOT, 1)
                    headers = MutableHeaders(scope=start)
                    headers["content-length"] = str(len(body))
                    if asked:
                        headers.append(
                            "set-cookie", f"{languages.COOKIE}={asked}; Path=/; Max-Age={YEAR}; SameSite=Lax"
                        )
                    await send(start)
                    await send({**message, "body": body})

        await self.app(scope, receive, with_script)
