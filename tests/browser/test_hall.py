"""A lecture hall and a tablet: Present, a page zoomed to twice its size, and two fingers on the map."""

import numpy as np
from harness import CHART, card, in_view, pixel, settle, until
from playwright.sync_api import expect

PATH = "/?model=digits-vae-2d"
PRESENTED = "() => document.body.dataset.present !== undefined"


def size(page, node):
    box = page.locator(node).first.bounding_box()
    return box["width"] * box["height"]


def test_present_shows_map_and_card_alone(open_page):
    """The button leaves the map and what it decodes, larger; the pointer still decodes; Escape leads back."""
    page = open_page(PATH)
    before = size(page, CHART)
    page.locator(".st-key-map").get_by_role("button", name="Present").click()
    page.wait_for_function(PRESENTED)
    for hidden in (".st-key-head", "[data-testid=stHeader]", ".st-key-strip"):
        expect(page.locator(hidden)).to_be_hidden()
    until(page, lambda: size(page, CHART) > before)
    page.mouse.move(*pixel(page, 0.3, 0.2))
    decoded = card(page).locator("canvas").first
    expect(decoded).to_be_in_viewport(ratio=1)
    first = decoded.evaluate("canvas => canvas.toDataURL()")
    page.mouse.move(*pixel(page, -1.2, 0.8), steps=4)
    until(page, lambda: decoded.evaluate("canvas => canvas.toDataURL()") != first)
    width, height = (page.evaluate(f"document.documentElement.scroll{side}") for side in ("Width", "Height"))
    assert width <= 1280 and height <= 720, "nothing has to be scrolled"
    page.keyboard.press("Escape")
    page.wait_for_function(f"() => !({PRESENTED})()")
    expect(page.locator(".st-key-head")).to_be_visible()


def test_page_at_twice_its_size_needs_no_sideways_scrolling(open_page):
    """At 200 % a window of 1280 pixels is one of 640 with two device pixels each: what is read goes downwards only."""
    page = open_page(PATH, width=640, height=360, device_scale_factor=2)
    assert page.evaluate("devicePixelRatio") == 2
    assert page.evaluate("document.documentElement.scrollWidth") <= 640
    expect(page.locator(".st-key-mode")).to_be_visible()
    for name in ("Lessons", "Share"):
        expect(page.locator(".st-key-header").get_by_role("button", name=name)).to_be_visible()
    page.locator(CHART).scroll_into_view_if_needed()
    x, y = pixel(page, 0.3, 0.2)
    page.mouse.click(x, y)
    page.wait_for_function("() => location.search.includes('z=')")
    z = page.evaluate("() => new URL(location.href).searchParams.get('z').split(',').map(Number)")
    assert np.abs(np.subtract(z, (0.3, 0.2))).max() < 0.05, "a click is where it is seen"


def test_two_fingers_zoom_the_map_around_themselves(open_page):
    """A pinch makes the map larger, and what is under the finger that rests stays there; the page is not zoomed."""
    page = open_page(PATH, width=390, height=844, has_touch=True, is_mobile=True)
    rests, moves = pixel(page, 0.2, 0.1), pixel(page, 0.9, 0.8)
    before = in_view(page)
    touch = page.context.new_cdp_session(page)

    def fingers(kind, *points):
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    def at(place, finger):
        return {"x": place[0], "y": place[1], "id": finger}

    fingers("touchStart", at(rests, 0))
    fingers("touchStart", at(rests, 0), at(moves, 1))
    for share in (1.25, 1.5, 1.75, 2.0):
        place = [a + share * (b - a) for a, b in zip(rests, moves, strict=True)]
        fingers("touchMove", at(rests, 0), at(place, 1))
    fingers("touchEnd")
    until(page, lambda: in_view(page) != before)
    settle(page)
    x0, x1, y0, y1 = in_view(page)
    assert np.isclose((x1 - x0) / (before[1] - before[0]), 0.5, atol=0.02)
    assert np.isclose((y1 - y0) / (before[3] - before[2]), 0.5, atol=0.02)
    assert np.abs(np.subtract(pixel(page, 0.2, 0.1), rests)).max() < 2
    assert page.evaluate("visualViewport.scale") == 1
    page.wait_for_function("() => location.search.includes('seen=')")
