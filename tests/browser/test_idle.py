"""A page that nobody touches asks the server nothing, once what it was opened for is there."""

import time

import pytest
from harness import settle, until

PAGES = {
    "/": ".st-key-map .bigmap[data-ready]",
    "/?model=ten-dimensions": ".st-key-map .bigmap[data-ready]",
    "/train": ".st-key-train button",
    "/paths": ".st-key-paths_map .bigmap[data-ready]",
    "/sample": ".samples",
    "/sample?show=manifold": ".manifold[data-state=there]",
    "/sample?show=traverse": ".traverse[data-rows=there]",
    "/compare": ".comparing[data-ready]",
    "/theory": ".theory[data-ready]",
    "/diagnose": ".st-key-card_rates .js-plotly-plot",
    "/models": ".st-key-curves .js-plotly-plot",
}
CALM = 2.0  # seconds; the slowest poll of a page comes after one


@pytest.mark.parametrize("path", PAGES)
def test_a_page_left_alone_falls_silent(open_page, path):
    said = [time.monotonic()]

    def listen(socket):
        socket.on("framesent", lambda _: said.append(time.monotonic()))

    page = open_page(path, wait=PAGES[path], watch=lambda page: page.on("websocket", listen))
    settle(page)
    until(page, lambda: time.monotonic() - said[-1] > CALM)
    page.remove_listener("websocket", listen)
    assert len(said) > 1
