"""Tells Streamlit's front end where its server is, which on a page of its own it would have to find out.

It also hands the page the meanings of the terms in the glossary, before any component is there.
Below /train it asks at /train/_stcore first; only half a second after that has failed does it ask at the root.
"""

import json

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.shared import glossary
from ui.shared.navigation import BY_NAME

# the address without the page's name; the front end reads the object before its first request
BASE = f"""<script>
(() => {{
  const path = location.pathname.replace(/\\/+$/, "");
  const page = path.split("/").pop();
  const base = {json.dumps(list(BY_NAME))}.includes(page) ? path.slice(0, -page.length) : `${{path}}/`;
  window.__streamlit = {{ ...window.__streamlit, BACKEND_BASE_URL: new URL(base, location.origin).href }};
}})();
</script>
"""
SCRIPT = BASE + glossary.script()
BEFORE = b'<script type="module"'
# what could bring the page in parts, packed, or not at all, since it has not changed
PARTLY = (b"accept-encoding", b"if-none-match", b"if-modified-since", b"range", b"if-range")


class FrontEnd:
    """Adds the scripts to Streamlit's page."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; a page that comes back gets the script before the front end's own."""
        if scope["type"] != "http" or b"text/html" not in dict(scope["headers"]).get(b"accept", b""):
            await self.app(scope, receive, send)
            return
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
                    body = body.replace(BEFORE, SCRIPT.encode() + BEFORE, 1)
                    MutableHeaders(scope=start)["content-length"] = str(len(body))
                    await send(start)
                    await send({**message, "body": body})

        await self.app(scope, receive, with_script)
