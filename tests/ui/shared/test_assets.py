"""The front end's scripts are sent packed; everything else is Streamlit's own answer."""

import gzip
from pathlib import Path

import pytest
from asgi import get
from starlette.responses import PlainTextResponse
from streamlit.file_util import get_static_dir

from ui.shared.assets import LEAST, PackedAssets

STATIC = Path(get_static_dir())
LARGEST = max((STATIC / "static" / "js").glob("*.js"), key=lambda path: path.stat().st_size)


@pytest.fixture
def app(data_folder):
    return PackedAssets(PlainTextResponse("Streamlit's own"))


def test_the_largest_script_is_packed_to_less_than_a_third(app):
    status, headers, body = get(app, f"/static/js/{LARGEST.name}", accept_encoding="gzip, br")
    assert status == 200 and gzip.decompress(body) == LARGEST.read_bytes()
    assert headers["content-type"].startswith("text/javascript") and "immutable" in headers["cache-control"]
    assert len(body) < LARGEST.stat().st_size / 3
    assert get(app, f"/static/js/{LARGEST.name}", accept_encoding="gzip")[2] == body


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        (f"/static/js/{LARGEST.name}", {}),
        (f"/static/js/{LARGEST.name}", {"accept_encoding": "gzip", "range": "bytes=0-9"}),
        ("/static/js/unknown.js", {"accept_encoding": "gzip"}),
        ("/static/../index.html", {"accept_encoding": "gzip"}),
        ("/static/../../util.js", {"accept_encoding": "gzip"}),
        ("/", {"accept_encoding": "gzip"}),
    ],
)
def test_anything_else_passes(app, path, headers):
    assert get(app, path, **headers)[2] == b"Streamlit's own"


def test_small_files_and_a_read_only_folder_pass(app, monkeypatch):
    small = next(p for p in (STATIC / "static" / "js").glob("*.js") if p.stat().st_size < LEAST)
    assert get(app, f"/static/js/{small.name}", accept_encoding="gzip")[2] == b"Streamlit's own"

    def refused(*args, **options):
        raise PermissionError

    monkeypatch.setattr("ui.shared.packed.files.write", refused)
    assert get(app, f"/static/js/{LARGEST.name}", accept_encoding="gzip")[2] == b"Streamlit's own"
