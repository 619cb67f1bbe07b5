"""Paths by hand: dragging decodes in the browser, gestures are told once, links and files come back, phones fit."""

import json

import numpy as np
import pytest
from harness import pixel, settle, until
from playwright.sync_api import expect

CHART = ".st-key-paths_map .bigmap[data-ready] .plane"
MAP = "paths_map"
PANEL = ".st-key-paths"


def panel(page):
    return page.locator(PANEL)


def ready(page):
    """Wait until the server's answers are there."""
    page.wait_for_function(
        """selector => {
            const root = document.querySelector(selector + ' [data-testid]') ?? document.querySelector(selector);
            const rows = [];
            const walk = (node) => {
                if (node.shadowRoot) walk(node.shadowRoot);
                rows.push(...node.querySelectorAll('.row:not([hidden]) .facts'));
                node.querySelectorAll('*').forEach((child) => child.shadowRoot && walk(child.shadowRoot));
            };
            walk(root);
            return rows.length > 0 && rows.every((r) => r.textContent.startsWith('length'));
        }""",
        arg=PANEL,
    )


def handle(page, k):
    """Return the middle of waypoint k on the page."""
    box = page.locator(f"{CHART} [data-waypoint='{k}']").bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def has(page, n):
    """Wait until the path has n waypoints."""
    expect(page.locator(f"{CHART} [data-waypoint]")).to_have_count(n)


def strip(page, kind="line"):
    """Return the pictures of a kind's strip, as data URLs."""
    return panel(page).locator(f"[data-kind={kind}] canvas").evaluate_all("all => all.map((c) => c.toDataURL())")


def timing(page):
    return page.evaluate("() => ({ ...window.__latentPaths, latencies: [...window.__latentPaths.latencies] })")


def asked(page, name):
    return page.evaluate("name => new URL(location.href).searchParams.get(name)", name)


@pytest.fixture
def paths(open_page):
    """Open the page and wait for its answers."""

    def opened(query="", **more):
        page = open_page(f"/paths{query}", wait=CHART, **more)
        page.wait_for_selector(f"{CHART} [data-waypoint='1']")
        ready(page)
        settle(page)
        return page

    return opened


def test_the_first_screen_has_it_all_without_a_click(paths):
    page = paths("?mode=expert")
    has(page, 3)
    assert len(set(strip(page))) >= 10 and len(strip(page, "geodesic")) == 12
    lowest = panel(page).locator("canvas.curves").bounding_box()
    assert lowest["y"] + lowest["height"] <= 720
    numbers = panel(page).locator(".numbers").inner_text()
    assert all(name in numbers for name in ("log p(z)", "log q(z)", "ELBO of the frame")) and "…" not in numbers


def test_dragged_waypoint_tells_the_server_once(paths):
    """Dragging a waypoint decodes here and tells the server once."""
    page = paths("?model=digits-vae-2d&kinds=line,geodesic")
    page.evaluate("name => { window.__chart = window.__latentMaps.get(name).node; }", MAP)
    before, rest = strip(page), strip(page, "geodesic")
    sent = timing(page)["sent"]
    x, y = handle(page, 1)
    page.mouse.move(x, y)
    page.mouse.down()
    seen = set()
    for k in range(1, 9):
        page.mouse.move(x + 6 * k, y - 5 * k)
        until(page, lambda: strip(page)[6] not in seen)  # each move shows another picture while the button is down
        seen.add(strip(page)[6])
    assert strip(page, "geodesic") != rest, "a geodesic is carried along until it is answered"
    assert timing(page)["sent"] == sent and asked(page, "path") is None
    page.mouse.up()
    page.wait_for_function("() => new URL(location.href).searchParams.get('path')")
    assert timing(page)["sent"] == sent + 1
    ready(page)
    after = strip(page)
    assert after[0] == before[0] and after[-1] == before[-1] and after[6] != before[6]
    assert len(asked(page, "path").split(";")) == 3
    assert page.evaluate("name => window.__chart === window.__latentMaps.get(name).node", MAP)


def test_a_click_adds_a_waypoint_and_delete_takes_it_away(paths):
    page = paths("?model=digits-vae-2d&path=-1.000,0.000;1.000,0.000")
    page.mouse.click(*pixel(page, 0.0, 0.1, MAP))
    page.wait_for_function("() => new URL(location.href).searchParams.get('path').split(';').length === 3")
    middle = [float(v) for v in asked(page, "path").split(";")[1].split(",")]
    np.testing.assert_allclose(middle, [0.0, 0.1], atol=0.05)
    page.mouse.click(*pixel(page, 2.0, 2.0, MAP))
    page.wait_for_function("() => new URL(location.href).searchParams.get('path').split(';').length === 4")
    np.testing.assert_allclose([float(v) for v in asked(page, "path").split(";")[3].split(",")], [2, 2], atol=0.05)
    page.locator(f"{CHART} [data-waypoint='3']").press("Delete")
    page.wait_for_function("() => new URL(location.href).searchParams.get('path').split(';').length === 3")
    has(page, 3)


def test_a_pan_adds_nothing(paths):
    page = paths("?model=digits-vae-2d")
    x, y = pixel(page, -2.0, 2.0, MAP)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 50, y + 30, steps=5)
    page.mouse.up()
    settle(page)
    has(page, 3)
    assert asked(page, "path") is None


def test_the_keyboard_moves_chooses_reverses_and_plays(paths):
    page = paths("?model=digits-vae-2d&path=-1.000,0.000;0.000,1.000;1.000,0.000")
    page.locator(CHART).focus()
    page.keyboard.press("n")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.wait_for_function("() => new URL(location.href).searchParams.get('path').includes('0.300,1.000')")
    page.keyboard.press("r")
    page.wait_for_function("() => new URL(location.href).searchParams.get('path').startsWith('1.000')")
    page.evaluate("() => { window.__latentPaths.t = 0; }")
    page.keyboard.press(" ")
    page.wait_for_function("() => window.__latentPaths.t > 0 && window.__latentPaths.t < 1")
    page.keyboard.press(" ")
    settle(page)
    stopped = timing(page)["t"]
    page.wait_for_timeout(200)
    assert timing(page)["t"] == stopped


def test_scrubber_moves_picture_and_cursor(paths):
    """The scrubber moves the picture and the cursor of the curves."""
    page = paths("?model=digits-vae-2d")
    here = panel(page).locator(".here canvas").first
    before = here.evaluate("c => c.toDataURL()")
    box = panel(page).locator("canvas.curves").bounding_box()
    curve = panel(page).locator("canvas.curves").evaluate("c => c.toDataURL()")
    page.mouse.click(box["x"] + 0.6 * box["width"], box["y"] + 30)
    until(page, lambda: here.evaluate("c => c.toDataURL()") != before)
    until(page, lambda: panel(page).locator("canvas.curves").evaluate("c => c.toDataURL()") != curve)
    assert 0.4 < timing(page)["t"] < 0.7
    assert timing(page)["sent"] == 0


def test_kinds_are_shown_together_and_the_address_says_which(paths):
    page = paths("?model=digits-vae-2d")
    for title in ("slerp (great circle)", "through the data"):
        panel(page).get_by_label(title, exact=True).check()
        expect(panel(page).get_by_label(title, exact=True)).to_be_checked()
    ready(page)
    page.wait_for_function("() => new URL(location.href).searchParams.get('kinds') === 'line,slerp,geodesic,data'")
    assert asked(page, "kind") == "data"
    assert len({tuple(strip(page, kind)) for kind in ("line", "slerp", "geodesic", "data")}) == 4
    page.reload()
    page.wait_for_selector(f"{CHART} [data-waypoint='1']")
    ready(page)
    expect(panel(page).locator(".row:visible")).to_have_count(4)


def test_the_magnification_lies_under_the_points(paths):
    page = paths("?model=digits-vae-2d&mode=expert")
    page.get_by_text("Magnification").click()
    heat = page.locator("[data-latent-heat]")
    expect(heat).to_be_visible()
    expect(heat).to_have_css("display", "block")
    assert heat.evaluate("h => h.nextElementSibling.classList.contains('cloud')"), "the points lie over it"
    page.wait_for_function("() => new URL(location.href).searchParams.get('magnification') === '1'")


def test_files_come_back(paths, tmp_path):
    page = paths("?model=digits-vae-2d&mode=expert&path=-1.000,0.000;0.500,1.250&kind=geodesic&kinds=geodesic")
    with page.expect_download() as started:
        page.get_by_role("button", name="JSON", exact=True).click()
    saved = tmp_path / "path.json"
    started.value.save_as(saved)
    content = json.loads(saved.read_text())
    assert content["waypoints"] == [[-1.0, 0.0], [0.5, 1.25]] and content["kind"] == "geodesic"
    with page.expect_download() as started:
        page.get_by_role("button", name="GIF", exact=True).click()
    with open(started.value.path(), "rb") as file:
        assert file.read(6) == b"GIF89a"
    other = paths("?model=digits-vae-2d&mode=expert")
    other.get_by_test_id("stPopoverButton").filter(has_text="Open").click()
    other.locator("input[type=file]").set_input_files(saved)
    other.wait_for_function("() => new URL(location.href).searchParams.get('path') === '-1.000,0.000;0.500,1.250'")
    has(other, 2)


def test_a_file_that_is_no_path_is_refused_in_words(paths, tmp_path):
    page = paths("?model=digits-vae-2d&mode=expert")
    file = tmp_path / "nope.json"
    file.write_text("nope")
    page.get_by_test_id("stPopoverButton").filter(has_text="Open").click()
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_text("The file is not JSON").wait_for()
    has(page, 3)


def test_an_attribute_follows_its_strength(paths):
    page = paths("?model=digits-vae-2d&mode=expert")
    for key, name in (("attribute_from", "3"), ("attribute_to", "8")):
        # by keys: the list closes when the page scrolls, as it does before a click far down
        field = page.locator(f".st-key-{key} input")
        field.fill(name)
        field.press("ArrowDown")
        field.press("Enter")
        settle(page)
    panel(page).locator(".attribute").wait_for()
    after = panel(page).locator(".attribute canvas").nth(1)
    seen = after.evaluate("c => c.toDataURL()")
    panel(page).get_by_label("Strength of the attribute").fill("-1.5")
    until(page, lambda: after.evaluate("c => c.toDataURL()") != seen)
    expect(panel(page).locator(".attribute .facts")).to_contain_text("Cohen's d")


def test_ten_dimensions_keep_what_the_plane_does_not_show(paths):
    page = paths("?model=sprites-beta-vae-10d&kinds=line")
    x, y = handle(page, 0)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 30, y - 20, steps=4)
    page.mouse.up()
    page.wait_for_function("() => new URL(location.href).searchParams.get('path')")
    found = np.array([[float(v) for v in z.split(",")] for z in asked(page, "path").split(";")])
    assert found.shape == (3, 10)
    assert (np.abs(found[0]) > 1e-3).sum() > 2


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone(paths, scheme):
    page = paths(width=390, height=844, has_touch=True, scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    box = panel(page).locator("canvas.curves").bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 390
