"""Linked maps in a real browser: one cursor, one lasso, films in step, and visitors who do not see each other."""

import re

import pytest
from fake_runs import complete, make_run
from harness import settle, until
from playwright.sync_api import expect

NODE = ".st-key-comparing .comparing"
SMALL = {"data": "digits", "shape": (1, 8, 8), "encoder": {"kind": "mlp", "widths": [32]}}


@pytest.fixture(scope="module", autouse=True)
def twins(server):
    """Two models of the embedded digits that can encode, and one of ten latents."""
    for name, changes in (("twin-a", {}), ("twin-b", {"seed": 1})):
        complete(make_run(server.data / "runs", name, n=360, **SMALL, **changes))


def opened(open_page, models="twin-a,twin-b", **more):
    page = open_page(f"/compare?models={models}", wait=f"{NODE}[data-ready]", **more)
    settle(page)
    return page


def place(page, k, x, y):
    return page.locator(NODE).evaluate("(node, [k, x, y]) => node.project(k, x, y)", [k, x, y])


def codes(page, k):
    """The first code of a panel, where its cursor is now."""
    return [float(v) for v in page.locator(f"{NODE} section").nth(k).get_attribute("data-z").split(",")]


def test_one_cursor_chooses_the_same_image_in_both_maps(open_page, server):
    from vae.runs import Run

    page = opened(open_page)
    a, b = (Run(server.data / "runs" / name).codes.means for name in ("twin-a", "twin-b"))
    for i in (5, 77, 300):
        page.mouse.move(*place(page, 0, *map(float, a[i])))
        expect(page.locator(NODE)).to_have_attribute("data-index", re.compile(r"\d+"))
        # what lies nearest to the pointer's pixel: the code itself, or one that lies on it
        until(page, lambda at=i: abs(a[int(page.locator(NODE).get_attribute("data-index"))] - a[at]).max() < 0.05)
        index = int(page.locator(NODE).get_attribute("data-index"))
        for k, means in ((0, a), (1, b)):
            assert codes(page, k) == pytest.approx([float(v) for v in means[index]], abs=1e-4)
    assert page.locator(f"{NODE} .real figcaption").inner_text().startswith("test #")


def test_one_z_is_decoded_by_both(open_page):
    page = opened(open_page)
    page.get_by_role("button", name="same z").click()
    page.mouse.move(*place(page, 1, 0.5, -0.25))
    until(page, lambda: all(codes(page, k) == pytest.approx([0.5, -0.25], abs=0.02) for k in (0, 1)))
    page.locator(f"{NODE} .plane").nth(0).focus()
    before = codes(page, 0)
    page.keyboard.press("ArrowRight")
    until(page, lambda: codes(page, 1)[0] != before[0])


def test_lasso_in_one_map_selects_in_all(open_page):
    """A lasso in one map chooses in all and the numbers follow."""
    page = opened(open_page, height=1000)
    numbers = page.locator(".st-key-compare_numbers")
    expect(numbers).to_contain_text("all test images")
    corners = [place(page, 0, x, y) for x, y in ((-5, -5), (0.3, -5), (0.3, 5), (-5, 5))]
    box = page.locator(f"{NODE} .plane").nth(0).bounding_box()
    inside = [
        (
            min(max(x, box["x"] + 40), box["x"] + box["width"] - 3),
            min(max(y, box["y"] + 3), box["y"] + box["height"] - 40),
        )
        for x, y in corners
    ]
    # the tools are those of every map: a drag moves it, until the lasso is taken
    page.mouse.move(*inside[0])
    page.mouse.down()
    page.mouse.move(inside[0][0] + 40, inside[0][1] - 30, steps=4)
    page.mouse.up()
    settle(page)
    assert place(page, 0, -5, -5) == pytest.approx([corners[0][0] + 40, corners[0][1] - 30], abs=1)
    page.get_by_role("button", name="Reset").click()
    until(page, lambda: place(page, 0, -5, -5) == pytest.approx(corners[0], abs=0.5))
    page.get_by_role("button", name="Lasso").click()
    page.mouse.move(*inside[0])
    page.mouse.down()
    for corner in inside[1:]:
        page.mouse.move(*corner, steps=6)
    page.mouse.up()
    expect(numbers).to_contain_text("under the lasso")
    chosen = int(page.locator(NODE).get_attribute("data-chosen"))
    assert 0 < chosen < 360
    expect(numbers).to_contain_text(f"({chosen:,})")
    page.get_by_role("button", name="Clear", exact=True).click()
    expect(numbers).to_contain_text("all test images")


def test_the_films_of_the_shipped_twins_run_in_step(open_page):
    page = opened(open_page, "mnist-autoencoder-2d,mnist-vae-2d")
    slider = page.get_by_role("slider", name="Training")
    slider.press("Home")
    expect(page.locator(f"{NODE} .strip .count")).to_contain_text("step 0 of")
    for _ in range(5):
        slider.press("PageUp")
    expect(page.locator(f"{NODE} .strip .count")).to_contain_text(re.compile(r"step [1-9][\d,]* of"))
    slider.press("End")
    expect(page.locator(f"{NODE} .strip .count")).to_contain_text("finished")


def test_a_change_of_models_is_in_the_address_and_nobody_elses(open_page):
    one, two = opened(open_page), opened(open_page, "mnist-autoencoder-2d,mnist-vae-2d")
    one.get_by_role("combobox").click()
    one.get_by_role("option", name="ten-dimensions").click()
    expect(one.locator(f"{NODE}")).to_have_attribute("data-ready", "twin-a,twin-b,ten-dimensions")
    expect(one).to_have_url(re.compile("models=twin-a(%2C|,)twin-b(%2C|,)ten-dimensions"))
    expect(two.locator(NODE)).to_have_attribute("data-ready", "mnist-autoencoder-2d,mnist-vae-2d")


def test_it_fits_a_phone_and_a_finger_chooses(open_page):
    page = opened(open_page, width=390, height=844, has_touch=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.touchscreen.tap(*place(page, 0, 0.0, 0.0))
    expect(page.locator(NODE)).to_have_attribute("data-index", re.compile(r"\d+"))
