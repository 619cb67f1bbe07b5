"""Drawing an example by hand, with mouse and finger: it is encoded while it is drawn, and stays in the link."""

import re

import numpy as np
from harness import settle
from playwright.sync_api import expect

from vae import runs
from vae.answers import explore
from vae.data import load
from vae.data.placement import measure

SHIPPED = "digits-vae-2d"
DRAWING = "window.__latentDrawing"
SEVEN = [(0.3, 0.25), (0.5, 0.24), (0.7, 0.25), (0.6, 0.5), (0.5, 0.8)]


def opened(open_page, path=f"/theory?model={SHIPPED}&image=3", **more):
    page = open_page(path, wait=None, **more)
    page.wait_for_selector(".theory[data-ready]")
    settle(page)
    page.get_by_role("button", name="Draw", exact=True).click()
    page.wait_for_selector(".drawing .pad")
    stand_still(page, ".drawing .pad")
    return page


def stand_still(page, selector):
    """Wait until an element is the same one in the same place for forty looks: a dialog slides in."""
    page.locator(selector).evaluate("""async node => {
        const place = () => { const { x, y, width } = node.getBoundingClientRect(); return [x, y, width].join(); };
        for (let calm = 0, before = ""; calm < 40; before = place()) {
            await new Promise((done) => setTimeout(done, 25));
            calm = place() === before ? calm + 1 : 0;
        }
    }""")


def places(page):
    box = page.locator(".drawing .pad").bounding_box()
    return [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in SEVEN]


def test_a_drawing_is_encoded_live_and_used_on_every_page(open_page):
    page = opened(open_page)
    points = places(page)
    page.mouse.move(*points[0])
    page.mouse.down()
    for x, y in points[1:3]:
        page.mouse.move(x, y, steps=4)
    # while the button is still down
    expect(page.locator(".drawing")).to_have_attribute("data-coded", re.compile(r"\d"))
    first = page.locator(".drawing").get_attribute("data-coded")
    for x, y in points[3:]:
        page.mouse.move(x, y, steps=4)
    page.mouse.up()
    expect(page.locator(".drawing")).not_to_have_attribute("data-coded", first)
    expect(page.locator(".drawing")).to_have_attribute("data-coded", re.compile(r"\d"))
    image = np.array(page.evaluate(f"Array.from({DRAWING}.image)"), np.float32).reshape(1, 8, 8)
    code = [float(v) for v in page.locator(".drawing").get_attribute("data-coded").split(",")]
    rounded = np.rint(image * 255) / np.float32(255)
    run = runs.find(SHIPPED, [runs.shipped()])
    assert np.allclose(explore.encode(run.path, rounded[None].astype(np.float32)).means[0], code, atol=1e-4)
    # it lies where the data's digits lie, and as large as they are
    found = load("digits", "test")
    data = measure((found.images.astype(np.uint16) * 255 // found.levels).astype(np.uint8))
    rows = np.flatnonzero(image[0].max(1) > 0.3)
    assert rows[-1] - rows[0] + 1 >= data.box - 1
    # the point on the small map is drawn
    orange = page.locator(".drawing .plane").evaluate("""c => {
        const p = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
        let n = 0;
        for (let i = 0; i < p.length; i += 4) if (p[i] > 180 && p[i + 1] < 130 && p[i + 2] < 80) n++;
        return n;
    }""")
    assert orange > 50
    page.get_by_role("button", name="Use it on every page").click()
    expect(page).to_have_url(re.compile(r"own=1x8x8"))
    expect(page.locator(".picked")).to_contain_text("your drawing")
    page.wait_for_function("window.__latentTheory.page.now.image < 0")
    x = np.array(page.evaluate("Array.from(window.__latentTheory.page.now.x)"))
    assert np.array_equal(x, (image.ravel() > 0.5).astype(float))
    # a reload keeps it, and so does another page
    page.reload()
    page.wait_for_function("window.__latentTheory?.page.now?.image < 0")
    page.get_by_role("link", name="Sample").first.click()
    expect(page.locator(".st-key-chip_own")).to_contain_text("your drawing")
    # until another image is picked
    page.get_by_role("link", name="Theory").first.click()
    page.wait_for_function("window.__latentTheory?.page.now?.image < 0")
    page.locator(".strip button").first.click()
    expect(page.locator(".st-key-chip_own")).not_to_contain_text("your drawing")


def test_a_finger_draws_and_undo_takes_back(open_page):
    page = opened(open_page, width=390, height=844, has_touch=True, is_mobile=True)
    touch = page.context.new_cdp_session(page)
    page.locator(".drawing .pad").scroll_into_view_if_needed()
    for kind, points in (("touchStart", places(page)[:1]), *(("touchMove", [p]) for p in places(page)[1:])):
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y} for x, y in points]})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    assert page.evaluate(f"{DRAWING}.strokes.length") == 1 and page.evaluate(f"{DRAWING}.strokes[0].length") >= 4
    expect(page.locator(".drawing")).to_have_attribute("data-coded", re.compile(r"\d"))
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".drawing")).to_have_attribute("data-coded", "")
    assert page.evaluate(f"Math.max(...{DRAWING}.image)") == 0


def test_the_dialog_has_the_colours_of_the_dark(open_page):
    page = opened(open_page, scheme="dark")
    for selector in (".seen figcaption", "figcaption.p", "figcaption.q", ".hint"):
        node = page.locator(f".drawing {selector}").first
        red, green, blue = (int(v) for v in re.findall(r"\d+", node.evaluate("n => getComputedStyle(n).color"))[:3])
        assert max(red, green, blue) > 150, f"{selector} cannot be read on dark paper"
