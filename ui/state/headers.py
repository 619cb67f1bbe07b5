"""What every answer of the server says to a browser, and the requests that it does not answer."""

from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Streamlit's front end has inline scripts and styles, compiles schemas and WebAssembly, and loads blobs as components.
# Nothing is loaded from elsewhere: no picture that a name or a note smuggles in tells its server who looks at a page.
POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval' 'wasm-unsafe-eval' blob:",
        "style-src 'self' 'unsafe-inline' blob:",
        "img-src 'self' data: blob:",
        "media-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self' data: blob:",
        "worker-src 'self' blob:",
        "frame-src 'self' blob: data:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'self'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
CLOSED = ("/_stcore/metrics", "/_stcore/script-health-check")  # of whom looks at what, and a script run for nobody


class SecurityHeaders:
    """Adds the headers to every answer, and answers 404 where nothing is for visitors."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and its answer back with the headers."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
            await send(message)

        # below a server.baseUrlPath too
        closed = scope["path"].rstrip("/").endswith(CLOSED)
        await (PlainTextResponse("Not found", 404) if closed else self.app)(scope, receive, with_headers)
