"""Very many codes in a real browser: they appear, decode, and a lasso counts all of them."""

import re

import numpy as np
import pytest
from fake_runs import make_run
from harness import card, in_view, picture, pixel, settle, until
from maps import NODE, READY, draw, inside
from playwright.sync_api import expect

from vae.runs import Run

N = 30_000
SMALL = {"data": "digits", "shape": (1, 8, 8), "encoder": {"kind": "mlp", "widths": [32]}}


@pytest.fixture(scope="module", autouse=True)
def many(server):
    """Thirty thousand codes of two latents, and as many of five."""
    make_run(server.data / "runs", "many", n=N, **SMALL)
    make_run(server.data / "runs", "many-5d", n=N, latent=5, **SMALL)


@pytest.fixture(scope="module")
def codes(server):
    return Run(server.data / "runs" / "many").codes


def opened(open_page, path="/?model=many", **more):
    return open_page(path, wait=READY, **more)


def drawn(page):
    """How opaque the layer is as a whole that is seen: density or points."""
    return page.locator(f"{NODE} canvas.cloud:not([hidden])").evaluate("""async canvas => {
        const copy = new OffscreenCanvas(canvas.width, canvas.height), context = copy.getContext("2d");
        await new Promise(requestAnimationFrame);
        context.drawImage(canvas, 0, 0);
        const { data } = context.getImageData(0, 0, copy.width, copy.height);
        return data.reduce((sum, v, t) => sum + (t % 4 === 3 ? v : 0), 0);
    }""")


def selected(page, n):
    """Wait until the strip counts about n points (drawn by hand, so pixels decide at the edge), and return how many."""

    def found():
        return int(page.locator(".st-key-strip").inner_text().split()[0].replace(",", ""))

    page.wait_for_selector(".st-key-selection_csv")
    until(page, lambda: found() == pytest.approx(n, rel=0.03, abs=5))
    settle(page)
    return found()


def test_many_codes_are_a_density_and_few_are_points(open_page, codes):
    """The codes are drawn as density and one by one where few are in view."""
    page = opened(open_page)
    assert page.locator(NODE).get_attribute("data-ready").endswith("density")
    assert page.get_by_text("30,000 test codes").count() == 0  # on the canvas, not in the text
    expect(page.locator(f"{NODE} .count")).to_contain_text("the density of all 29,")
    assert drawn(page) > 0
    page.mouse.move(*pixel(page, *np.median(codes.means[codes.labels == 3], axis=0).tolist()))
    page.mouse.wheel(0, -1200)
    expect(page.locator(NODE)).to_have_attribute("data-ready", re.compile("points$"))
    x0, x1, y0, y1 = in_view(page)
    x, y = codes.means.T
    n = int(((x >= x0) & (x <= x1) & (y >= y0) & (y <= y1)).sum())
    expect(page.locator(f"{NODE} .count")).to_have_text(f"Drawn: each of the {n:,} codes in view, of 30,000.")
    page.locator(NODE).get_by_role("button", name="Reset").click()
    expect(page.locator(NODE)).to_have_attribute("data-ready", re.compile("density$"))


def test_axes_are_equal_and_a_drag_pans(open_page):
    page = opened(open_page)
    a, b, c = pixel(page, 0, 0), pixel(page, 1, 0), pixel(page, 0, 1)
    assert b[0] - a[0] == pytest.approx(a[1] - c[1])
    before = in_view(page)
    page.mouse.move(*a)
    page.mouse.down()
    page.mouse.move(a[0] + 60, a[1] + 30, steps=4)
    page.mouse.up()
    moved = pixel(page, 0, 0)
    assert moved == pytest.approx([a[0] + 60, a[1] + 30], abs=0.5)
    assert "z=" not in page.url  # a drag is no click
    page.mouse.dblclick(*moved)
    until(page, lambda: in_view(page) == pytest.approx(before))


def test_hover_decodes_and_a_click_pins_what_a_reload_keeps(open_page):
    page = opened(open_page)
    seen = []
    for point in ((0.0, 0.0), (1.2, 0.6), (-1.1, 1.0)):
        page.mouse.move(*pixel(page, *point), steps=4)
        until(page, lambda: picture(page) not in seen)
        settle(page, 250)
        seen.append(picture(page))
    assert len(set(seen)) == 3
    page.mouse.click(*pixel(page, 0.8, -0.4))
    page.wait_for_function("() => new URL(location.href).searchParams.get('z')")
    z = page.evaluate("() => new URL(location.href).searchParams.get('z')")
    np.testing.assert_allclose([float(v) for v in z.split(",")], [0.8, -0.4], atol=0.03)
    page.reload()
    page.wait_for_selector(READY)
    settle(page)
    assert f"z={z}" in page.url.replace("%2C", ",")
    expect(card(page).get_by_role("button", name="Unpin")).to_be_visible()
    marker = page.locator(f"{NODE} [data-latent-marker=pin]").bounding_box()
    at = pixel(page, *map(float, z.split(",")))
    assert [marker["x"] + marker["width"] / 2, marker["y"] + marker["height"] / 2] == pytest.approx(at, abs=2)


def test_a_lasso_counts_what_numpy_counts_among_all_codes(open_page, codes):
    page = opened(open_page)
    corners = [(-2.0, -1.5), (1.5, -1.0), (2.5, 1.2), (0.2, 0.4), (-1.0, 2.0)]
    draw(page, "Lasso", [*corners, corners[0]])
    n = selected(page, int(inside(np.array(corners), codes.means).sum()))
    counts = page.locator("[data-testid=stHtml] div span:nth-child(3n)").all_inner_texts()
    assert sum(int(c.replace(",", "")) for c in counts) == n > 1000
    assert "z=" not in page.url
    # a pin runs the whole page: the selection stays
    page.mouse.click(*pixel(page, 0.8, -0.4))
    page.wait_for_function("() => new URL(location.href).searchParams.get('z')")
    selected(page, n)
    page.locator(NODE).get_by_role("button", name="Clear").click()
    page.wait_for_selector(".st-key-selection_csv", state="detached")


def test_a_box_counts_what_numpy_counts(open_page, codes):
    page = opened(open_page)
    draw(page, "Box", [(-1, -1), (1.5, 1)])
    box = (codes.means > [-1, -1]).all(1) & (codes.means < [1.5, 1]).all(1)
    selected(page, int(box.sum()))


def test_a_class_alone_and_the_theme(open_page):
    page = opened(open_page)
    before = drawn(page)
    legend = page.locator(f"{NODE} .legend button")
    assert legend.all_inner_texts() == list("0123456789")
    legend.nth(3).click()
    until(page, lambda: drawn(page) < 0.6 * before)
    legend.nth(3).click()
    until(page, lambda: drawn(page) == pytest.approx(before, rel=1e-6))
    ink = "node => getComputedStyle(node).color"
    light = page.locator(NODE).evaluate(ink)
    page.emulate_media(color_scheme="dark")
    settle(page)
    assert page.locator(NODE).evaluate(ink) != light
    assert drawn(page) == pytest.approx(before, rel=1e-6)


def test_the_keyboard_moves_zooms_and_pins(open_page):
    page = opened(open_page, "/?model=many&z=0.000,0.000")
    page.locator(f"{NODE} .plane").focus()
    before, x = picture(page), in_view(page)
    page.keyboard.press("+")
    until(page, lambda: in_view(page)[1] - in_view(page)[0] == pytest.approx((x[1] - x[0]) / 1.25))
    page.keyboard.press("0")
    for _ in range(5):
        page.keyboard.press("Shift+ArrowRight")
    until(page, lambda: picture(page) != before)
    page.keyboard.press("Enter")
    page.wait_for_function("() => new URL(location.href).searchParams.get('z') === '2.500,0.000'")


def test_another_plane_sends_no_code_again(open_page):
    page = opened(open_page, "/?model=many-5d&plane=1,2")
    received = []
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.on("Network.webSocketFrameReceived", lambda e: received.append(len(e["response"]["payloadData"])))
    first = page.locator(NODE).get_attribute("data-ready")
    page.get_by_text("PCA", exact=True).click()
    page.wait_for_function("() => new URL(location.href).searchParams.get('plane') === 'pca'")
    expect(page.locator(NODE)).not_to_have_attribute("data-ready", first)
    settle(page)
    assert 0 < sum(received) < 300_000  # the codes alone are 600,000 bytes


@pytest.mark.parametrize("width", [390])
def test_on_a_phone_nothing_sticks_out(open_page, width):
    page = opened(open_page, width=width, height=844)
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    box = page.locator(f"{NODE} .plane").bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= width
