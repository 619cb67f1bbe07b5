"""What comes and goes on a page mounts nothing again: no stroke, no zoom and no film is lost by a redraw.

A server that is busy sends a page in pieces, and what is missing in one of them leaves the page for a moment.
"""

import re
import time

import pytest
from harness import settle
from playwright.sync_api import expect
from test_drawing import DRAWING, opened, places

PAUSE = 0.02  # seconds between two messages of the server, enough for the page to be drawn in between
COMPONENTS = "[data-testid^=stBidiComponent]"
MODEL = "digits-vae-2d"
PAGES = {
    "explore": f"/?model={MODEL}",
    "theory": f"/theory?model={MODEL}",
    "sample": f"/sample?model={MODEL}",
    "paths": f"/paths?model={MODEL}",
    "compare": f"/compare?models={MODEL},ten-dimensions",
    "train": f"/train?run={MODEL}",
}


def piecemeal(page):
    """Let each message of the server arrive by itself."""

    def carry(socket):
        server = socket.connect_to_server()

        def later(message):
            time.sleep(PAUSE)
            socket.send(message)

        server.on_message(later)

    page.route_web_socket(re.compile("_stcore/stream"), carry)


def test_the_first_answer_leaves_the_sheet_where_it_is(open_page):
    page = opened(open_page, watch=piecemeal, own=True)
    page.evaluate(f"window.sheet = {DRAWING}.node")
    points = places(page)
    page.mouse.move(*points[0])
    page.mouse.down()
    page.mouse.move(*points[2], steps=4)
    page.mouse.up()
    expect(page.locator(".drawing")).to_have_attribute("data-coded", re.compile(r"\d"))
    assert page.evaluate("window.sheet.isConnected")


@pytest.mark.parametrize("name", PAGES)
def test_a_word_about_the_address_mounts_nothing_again(open_page, name):
    page = open_page(PAGES[name], wait=COMPONENTS, watch=piecemeal, own=True)
    page.wait_for_function(f"document.querySelectorAll('{COMPONENTS}').length")
    settle(page)
    page.evaluate(f"window.before = [...document.querySelectorAll('{COMPONENTS}')]")
    # what the address asks for and nobody can give is told above the page; the page is drawn again with it
    page.evaluate("""() => {
        const good = location.href;
        history.pushState(history.state, "", good + "&label=77");
        history.pushState(history.state, "", good);
        history.back();
    }""")
    page.get_by_test_id("stAlert").first.wait_for()
    settle(page)
    assert page.evaluate("window.before.length && window.before.filter(node => !node.isConnected).length") == 0
