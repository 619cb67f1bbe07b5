"""The page without a server, opened from disk in real Chromium: it decodes, shows images, and asks nobody."""

from pathlib import Path

import numpy as np
import pytest
from fake_runs import SMALL, make_run
from harness import settle, until
from playwright.sync_api import expect

from ui.decode import numpy_decoder
from vae import runs
from vae.page import html, images, verdicts

READY = "html[data-ready=yes]"
SHAPE = "canvas => [canvas.height, canvas.width]"
PIXELS = """canvas => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return Array.from(data.filter((_, t) => t % 4 === 0));
}"""


@pytest.fixture
def opened(tab, tmp_path):
    """Open pages from disk; none may raise, log an error, or ask for anything but itself."""
    page, problems = tab.fresh(), []
    handlers = {
        "request": lambda asked: None if asked.url == page.url else problems.append(asked.url),
        "pageerror": lambda error: problems.append(str(error)),
        "console": lambda said: problems.append(said.text) if said.type == "error" else None,
    }

    def open_one(text, width=1280, scheme="light"):
        file = tmp_path / "page.html"
        file.write_text(text)
        page.set_viewport_size({"width": width, "height": 720})
        page.emulate_media(color_scheme=scheme)
        page.goto(file.as_uri())
        for name, handler in handlers.items():
            page.on(name, handler)
        page.reload()
        page.wait_for_selector(READY)
        return page

    yield open_one
    for name, handler in handlers.items():
        page.remove_listener(name, handler)
    tab.leave()
    assert not problems, problems


def hover(page, x, y):
    """Move the pointer to a point of the map, and return where on the plane it is exactly."""
    page.mouse.move(*page.locator(".plane").evaluate("(node, [x, y]) => node.project(x, y)", [x, y]), steps=3)
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return page.evaluate("() => window.__latentPage.card.cursor")


def decoded(page):
    canvas = page.locator("#card canvas").first
    return np.array(canvas.evaluate(PIXELS)).reshape(canvas.evaluate(SHAPE))


def means(run, z):
    """Return the image of z by the numpy decoder, 0 to 255."""
    return 255 * numpy_decoder.mean(run.spec, *run.decoder(), np.asarray(z, np.float32)[None])[0, 0]


def test_hover_decodes_as_the_numpy_decoder_does(opened):
    run = runs.find("mnist-vae-2d", [runs.shipped()])
    judgement = verdicts.saved(run)
    page = opened(html.page(run, judgement=judgement).html)
    assert page.evaluate("() => window.__latent.simd")  # the policy lets the product in WebAssembly run
    seen = []
    for point in ((0.0, 0.0), (1.2, 0.6), (-1.1, 1.0)):
        z = hover(page, *point)
        np.testing.assert_allclose(z, point, atol=0.02)
        # weights of 16 bits move a grey level by less than two
        assert np.abs(decoded(page) - means(run, z)).max() < 2
        seen.append(decoded(page).tobytes())
    assert len(set(seen)) == 3
    expect(page.locator("#map .count")).to_contain_text("of 10,000")
    assert page.locator("article").count() == len(judgement.cards) >= 10
    assert page.get_by_text(judgement.headline).count() == 1


def test_nearest_images_samples_and_traversals_are_drawn(opened):
    run = runs.find("digits-vae-2d", [runs.shipped()])
    pixels = images.examples_here(run)
    page = opened(html.page(run, images=pixels).html)
    z = hover(page, 0.5, -0.5)
    near = np.square(run.codes.means - z).sum(1).argsort()[:8]
    shown = page.locator("#near canvas")
    for k in range(8):
        np.testing.assert_array_equal(np.array(shown.nth(k).evaluate(PIXELS)).reshape(8, 8), pixels[near[k], 0])
    # a sample that is clicked becomes the pin, and the start of the traversals
    page.locator("#samples .sheet canvas").first.click(position={"x": 20, "y": 20})
    expect(page.get_by_role("button", name="Unpin")).to_be_visible()
    pin = page.evaluate("() => window.__latentPage.card.pin")
    big = page.locator("#traversals .big canvas").first
    page.wait_for_function("() => document.querySelector('#traversals').shadowRoot.querySelector('[data-rows=there]')")
    drawn = np.array(big.evaluate(PIXELS)).reshape(big.evaluate(SHAPE))
    middle = drawn[drawn.shape[0] // 16 :: drawn.shape[0] // 8, drawn.shape[1] // 16 :: drawn.shape[1] // 8][:8, :8]
    assert np.abs(middle - means(run, pin)).max() < 3
    before = page.locator("#samples canvas").first.screenshot()
    page.get_by_role("button", name="New samples").click()
    until(page, lambda: page.locator("#samples canvas").first.screenshot() != before)
    # a box selects what numpy counts
    page.locator("#map").get_by_role("button", name="Box").click()
    corners = [page.locator(".plane").evaluate("(node, [x, y]) => node.project(x, y)", c) for c in ([-1, -1], [1, 1])]
    page.mouse.move(*corners[0])
    page.mouse.down()
    page.mouse.move(*corners[1], steps=5)
    page.mouse.up()
    count = int((np.abs(run.codes.means) < 1).all(1).sum())
    text = page.locator("#map .selection").inner_text()
    assert int(text.split()[0]) == pytest.approx(count, abs=4) and " selected (" in text


def test_explore_gives_the_page_of_its_map(open_page, opened):
    """What is downloaded shows the plane that was chosen, and opens without the app."""
    page = open_page("/?model=ten-dimensions&plane=3,7", own=True)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download this map as a page").click()
    assert download.value.suggested_filename == "ten-dimensions.html"
    page = opened(Path(download.value.path()).read_text())
    assert "The map shows z₃ and z₇ of 10" in page.locator(".explore .note").first.inner_text()


def test_more_dimensions_show_a_plane_and_an_atlas_a_badge(opened, tmp_path):
    ten = make_run(tmp_path, "ten", latent=10, **SMALL)
    page = opened(html.page(ten).html)
    assert "of 10 latent dimensions" in page.locator(".explore .note").first.inner_text()
    z = page.evaluate("() => window.__latentPage.space.toLatent([0.7, -0.4])")
    hover(page, 0.7, -0.4)
    assert np.count_nonzero(z) == 2 and np.abs(decoded(page) - means(ten, z)).max() < 3
    mish = {"kind": "mlp", "widths": [8], "activation": "mish"}
    run = make_run(tmp_path, "mish", data="digits", shape=(1, 8, 8), encoder=mish)
    tiles = np.random.default_rng(0).integers(0, 256, (5, 5, 1, 8, 8), dtype=np.uint8)
    np.savez(run.path / "atlas.npz", tiles=tiles, extent=np.array([-2, 2, -2, 2], np.float32))
    page = opened(html.page(run).html)
    expect(page.locator("#card .badge")).to_have_text("nearest of 5×5 decoded")
    page.evaluate("() => window.__latentPage.pin([1, -1])")
    until(page, lambda: np.abs(decoded(page) - tiles[1, 3, 0]).max() <= 1)


def test_autoencoder_says_that_it_has_no_prior(opened):
    run = runs.find("mnist-autoencoder-2d", [runs.shipped()])
    page = opened(html.page(run).html)
    section = page.locator("section", has=page.get_by_role("heading", name="Samples from the prior"))
    expect(section).to_contain_text("It has no prior")
    assert page.locator("#samples").count() == 0 and page.locator("#traversals").count() == 1


@pytest.mark.parametrize("width", [390, 1280])
def test_both_themes_fit_their_screen(opened, width):
    run = runs.find("sprites-beta-vae-10d", [runs.shipped()])
    text = html.page(run).html
    papers = set()
    for scheme in ("light", "dark"):
        page = opened(text, width, scheme)
        settle(page)
        papers.add(page.evaluate("() => getComputedStyle(document.body).backgroundColor"))
        assert page.evaluate("() => document.documentElement.scrollWidth") <= width
        # text has the contrast that WCAG asks for
        ink, paper = (
            page.evaluate(f"() => getComputedStyle(document.body).{name}") for name in ("color", "backgroundColor")
        )
        assert contrast(ink, paper) > 7
    assert len(papers) == 2


def contrast(one, other):
    """Return the contrast ratio of two colours "rgb(r, g, b)"; source: WCAG 2.1."""
    light = []
    for text in (one, other):
        parts = np.array([float(v) for v in text[text.index("(") + 1 : -1].split(",")[:3]]) / 255
        linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        light.append(float(linear @ [0.2126, 0.7152, 0.0722]))
    return (max(light) + 0.05) / (min(light) + 0.05)


def test_firefox_opens_the_page(playwright, tmp_path):
    """The same in Firefox, where Playwright has installed it."""
    if not Path(playwright.firefox.executable_path).exists():
        pytest.skip("Playwright has no Firefox here")
    run = runs.find("digits-vae-2d", [runs.shipped()])
    file = tmp_path / "page.html"
    file.write_text(html.page(run).html)
    browser = playwright.firefox.launch()
    try:
        page, asked = browser.new_page(), []
        page.goto(file.as_uri())
        page.on("request", lambda request: asked.append(request.url))
        page.wait_for_selector(READY)
        z = hover(page, 0.3, 0.3)
        assert np.abs(decoded(page) - means(run, z)).max() < 3 and not asked
    finally:
        browser.close()
