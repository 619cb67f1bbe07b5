"""Requests to a part of the server without a server."""

import asyncio
from typing import Any


def get(app: Any, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """Return status, headers and body of an app's answer to GET; underscores of a header's name are hyphens."""
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "headers": pairs,
    }
    scope |= {
        "query_string": b"",
        "scheme": "http",
        "server": ("h", 80),
        "client": ("c", 1),
        "http_version": "1.1",
        "asgi": {"spec_version": "2.4"},
    }
    asyncio.run(app(scope, receive, send))
    start, *rest = [message for message in sent if message["type"].startswith("http.response")]
    found = {name.decode(): value.decode() for name, value in start["headers"]}
    return start["status"], found, b"".join(message.get("body", b"") for message in rest)
