"""Leaving a page while it asks: the next page comes, and stays."""

import pytest
from harness import settle
from playwright.sync_api import expect

ASK = """page => {
    [...document.querySelectorAll("a")].find((link) => link.pathname.endsWith(page)).click();
    // the page that is left goes on asking until the next one is there
    const { page: left } = window.__latentTheory;
    let number = 1000;
    const asking = setInterval(() => {
        if (!left.body.isConnected) return clearInterval(asking);
        number++;
        left.send("ask", { image: number % 7, settled: true, ahead: [], seed: 0, walk: null, z: null, serial: number });
    });
}"""


@pytest.mark.parametrize("name", ["sample", "paths"])
def test_what_a_page_asks_while_it_is_left_harms_no_other_page(open_page, name):
    page = open_page("/theory?model=digits-vae-2d", wait=".theory[data-ready]")
    page.evaluate(ASK, name)
    component = {"sample": ".st-key-samples canvas", "paths": ".st-key-paths_map .bigmap[data-ready]"}[name]
    page.locator(component).first.wait_for()
    settle(page, 1500)
    expect(page.locator(component).first).to_be_visible()
    assert f"/{name}" in page.url
