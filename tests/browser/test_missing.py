"""Missing pixels by hand: a hole is painted, its mean is the closed sum's, and another image keeps the hole."""

import numpy as np
from harness import settle, until
from playwright.sync_api import expect

from vae import runs
from vae.answers.missing import fill
from vae.data import load

SHIPPED = "digits-vae-2d"
MISSING = "window.__latentMissing"
THERE = ".missing[data-state=there]"


def test_a_painted_hole_is_filled_in_by_the_exact_posterior(open_page):
    """The lower half is missing at first; a stroke hides more, the next image is asked about with the same hole."""
    page = open_page(f"/sample?model={SHIPPED}&show=missing&image=3&mode=expert", wait=None)
    page.wait_for_selector(THERE)
    settle(page)
    box = page.locator(".missing .pad").bounding_box()
    page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.2 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.7 * box["width"], box["y"] + 0.2 * box["height"], steps=5)
    page.mouse.up()
    until(page, lambda: page.evaluate(f"{MISSING}.found?.serial") == 2)
    hole = np.array(page.evaluate(f"Array.from({MISSING}.hole)"), bool).reshape(8, 8)
    assert hole[4:].all() and hole[1, 2:6].all() and not hole[2:4].any() and not hole[0].any()
    found = load("digits", "test")
    run = runs.find(SHIPPED, [runs.shipped()])

    def judged(i):
        image = (found.images[i].astype(np.uint16) * 255 // found.levels).astype(np.uint8)
        return fill(run.path, image, hole, number=i)

    shown = np.array(page.evaluate(f"Array.from({MISSING}.found.mean)"), np.float32).reshape(1, 8, 8)
    assert np.allclose(shown, judged(3).mean, atol=1e-5)
    expect(page.locator(".missing .numbers")).to_contain_text("log p(hidden | visible)")
    page.get_by_role("button", name="Next image").click()
    until(page, lambda: page.evaluate(f"{MISSING}.found?.image") == 4)
    shown = np.array(page.evaluate(f"Array.from({MISSING}.found.mean)"), np.float32).reshape(1, 8, 8)
    assert np.allclose(shown, judged(4).mean, atol=1e-5)
    # the density of z is drawn in the decoder's colour
    orange = page.locator(".missing .map").evaluate("""c => {
        const p = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
        let n = 0;
        for (let i = 0; i < p.length; i += 4) if (p[i] > 180 && p[i + 1] < 150 && p[i + 2] < 110) n++;
        return n;
    }""")
    assert orange > 20
    page.get_by_role("button", name="Clear").click()
    expect(page.locator(".missing .hint")).to_contain_text("Paint over")
