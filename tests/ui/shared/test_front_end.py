"""The front end is told where its server is, in a page that is otherwise what Streamlit sent."""

import re

import pytest
from asgi import run
from node import evaluate

from ui.shared.front_end import BEFORE, ROOT, SCRIPT, SKIP, FrontEnd

PAGE = b"<html><head>" + BEFORE + b' src="x.js"></script></head><body>' + ROOT + b"</div></body></html>"


def asked(kind: bytes, chunks, accept=b"text/html"):
    """Return headers and body of an answer of these chunks, and the headers that the server was asked with."""
    sent, seen = [], {}

    async def server(scope, receive, send):
        seen.update(scope["headers"])
        length = str(sum(map(len, chunks))).encode()
        headers = [(b"content-type", kind), (b"content-length", length)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for i, chunk in enumerate(chunks):
            await send({"type": "http.response.body", "body": chunk, "more_body": i + 1 < len(chunks)})

    async def send(message):
        sent.append(message)

    headers = [(b"accept", accept), (b"accept-encoding", b"gzip"), (b"if-none-match", b'"x"')]
    run(FrontEnd(server)({"type": "http", "headers": headers}, None, send))
    start, *rest = sent
    return dict(start["headers"]), b"".join(m["body"] for m in rest), seen


@pytest.mark.parametrize("size", [7, 40, 1000])
def test_the_page_gets_script_and_link_before_the_front_ends_own(size):
    headers, body, seen = asked(b"text/html; charset=utf-8", [PAGE[i : i + size] for i in range(0, len(PAGE), size)])
    assert body == PAGE.replace(BEFORE, SCRIPT.encode() + BEFORE).replace(ROOT, SKIP.encode() + ROOT)
    assert headers[b"content-length"] == str(len(body)).encode()
    assert set(seen) == {b"accept"}  # a page that is packed or not sent cannot be changed


@pytest.mark.parametrize("kind,accept", [(b"application/json", b"text/html"), (b"text/html", b"*/*")])
def test_anything_else_passes_as_it_is(kind, accept):
    headers, body, _ = asked(kind, [PAGE], accept)
    assert body == PAGE
    assert headers[b"content-length"] == str(len(PAGE)).encode()


def test_the_base_is_the_address_without_the_pages_name():
    places = ["/", "/train", "/models/", "/sub", "/sub/", "/sub/theory", "/a/b/compare"]
    code = re.search(r"<script>(.*?)</script>", SCRIPT, re.S)[1]
    program = f"""(places) => places.map((pathname) => {{
        const window = {{}}, location = {{ pathname, origin: "http://h:1" }};
        {code}
        return window.__streamlit.BACKEND_BASE_URL;
    }})"""
    ends = ["/", "/", "/", "/sub/", "/sub/", "/sub/", "/a/b/"]
    assert evaluate(program, places) == ["http://h:1" + end for end in ends]
