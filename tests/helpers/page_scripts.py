"""The pages as scripts without a browser."""

import json
from pathlib import Path

from packed import unpack
from streamlit.testing.v1 import AppTest

MAIN = str(Path(__file__).resolve().parents[2] / "pages" / "main.py")


def explore(**query):
    return start("explore", **query)


def start(page, **query):
    app = AppTest.from_file(MAIN, default_timeout=180)
    for name, value in query.items():
        app.query_params[name] = value
    if page != "explore":
        app.switch_page(f"{page}.py")
    return app.run()


def lives(app):
    """The script came to its end: no traceback, and the model chip is there to go elsewhere."""
    assert not app.exception, app.exception
    assert app.selectbox(key="chip_model").options
    return app


def charts(app):
    return [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]


def maps(app):
    """Return what the maps of the page are told."""
    headers = [unpack(component.proto.bytes)[0] for component in app.get("bidi_component") if component.proto.bytes]
    return [header for header in headers if "rings" in header and "around" in header]


def texts(app):
    return " ".join(e.value for kind in ("warning", "error", "info", "caption", "markdown") for e in getattr(app, kind))
