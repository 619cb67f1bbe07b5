"""The front end is told where its server is, in a page that is otherwise what Streamlit sent."""

import re

import pytest
from asgi import run
from node import evaluate

from ui.shared import front_end, glossary, language_choice
from ui.shared.front_end import BASE, BEFORE, ROOT, FrontEnd
from ui.words import script

PAGE = b'<html lang="en"><head>' + BEFORE + b' src="x.js"></script></head><body>' + ROOT + b"</div></body></html>"


def asked(kind: bytes, chunks, accept=b"text/html", query=b"", **more):
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
    headers += [(name.replace("_", "-").encode(), value) for name, value in more.items()]
    run(FrontEnd(server)({"type": "http", "headers": headers, "query_string": query}, None, send))
    start, *rest = sent
    return dict(start["headers"]), b"".join(m["body"] for m in rest), seen


@pytest.mark.parametrize("size", [7, 40, 1000])
def test_the_page_gets_script_and_link_before_the_front_ends_own(size):
    headers, body, seen = asked(b"text/html; charset=utf-8", [PAGE[i : i + size] for i in range(0, len(PAGE), size)])
    scripts = (BASE + glossary.script("en")).encode()
    over = (front_end.link("en") + language_choice.element("en", "")).encode()
    assert body == PAGE.replace(BEFORE, scripts + BEFORE).replace(ROOT, over + ROOT)
    assert headers[b"content-length"] == str(len(body)).encode()
    assert set(seen) == {b"accept"}  # a page that is packed or not sent cannot be changed


@pytest.mark.parametrize(
    "told, spoken, kept",
    [
        ({"accept_language": b"de-AT,en;q=0.5"}, "de", False),
        ({"accept_language": b"de", "cookie": b"latent_language=en"}, "en", False),
        ({"query": b"lang=de", "cookie": b"latent_language=en"}, "de", True),
        ({"query": b"lang=xx"}, "en", False),
    ],
)
def test_the_page_is_in_the_language_that_is_asked_for(told, spoken, kept):
    """By the address, which is remembered, else by the cookie, else by the browser."""
    headers, body, _ = asked(b"text/html", [PAGE], **told)
    text = body.decode()
    assert f'<html lang="{spoken}">' in text and glossary.script(spoken) in text and script.tag(spoken) in text
    assert ("Zu den Bedienelementen der Seite" in text) == (spoken == "de")
    assert (b"set-cookie" in headers) == kept


def test_the_choice_of_the_language_can_be_hidden():
    """Each language that is not spoken is a link; English is chosen by "Language" and German by "Sprache"."""
    assert re.findall(r'hreflang="(..)"', language_choice.element("de", "")) == ["en"]
    assert "Language: English" in language_choice.element("en", "hide=share")
    assert "Sprache: Deutsch" in language_choice.element("de", "hide=<b>&model=x")
    assert language_choice.element("en", "model=x&hide=share,language") == ""


@pytest.mark.parametrize("kind,accept", [(b"application/json", b"text/html"), (b"text/html", b"*/*")])
def test_anything_else_passes_as_it_is(kind, accept):
    headers, body, _ = asked(kind, [PAGE], accept)
    assert body == PAGE
    assert headers[b"content-length"] == str(len(PAGE)).encode()


def test_the_base_is_the_address_without_the_pages_name():
    places = ["/", "/train", "/models/", "/sub", "/sub/", "/sub/theory", "/a/b/compare"]
    code = re.search(r"<script>(.*?)</script>", BASE, re.S)[1]
    program = f"""(places) => places.map((pathname) => {{
        const window = {{}}, location = {{ pathname, origin: "http://h:1" }};
        {code}
        return window.__streamlit.BACKEND_BASE_URL;
    }})"""
    ends = ["/", "/", "/", "/sub/", "/sub/", "/sub/", "/a/b/"]
    assert evaluate(program, places) == ["http://h:1" + end for end in ends]
