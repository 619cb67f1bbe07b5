"""Requests to a part of the server without a server."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Return what a coroutine returns; in a thread, since Playwright's loop runs in the one of a worker's tests."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()


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
    run(app(scope, receive, send))
    start, *rest = [message for message in sent if message["type"].startswith("http.response")]
    found = {name.decode(): value.decode() for name, value in start["headers"]}
    return start["status"], found, b"".join(message.get("body", b"") for message in rest)
