"""Every page at rest, by axe-core and by the keyboard alone, in both themes, on a wide and on a narrow window."""

import time

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from harness import CHART, PASSWORD, card, pixel, settle, until
from playwright.sync_api import expect

SIZES = {"wide": (1280, 720), "narrow": (390, 844)}
# what Streamlit's own widgets do, by rule
STREAMLITS = {"presentation-role-conflict": ("stFileUploaderDropzone",)}
COLOURS = ["color-contrast", "link-in-text-block"]  # the rules whose answer depends on the theme
CALM = 2.0  # seconds; the slowest poll of a page comes after one
STEPS = 10  # presses of Tab within which a page's own controls are reached


def explored(page):
    page.mouse.click(*pixel(page, 0.3, 0.2))
    page.wait_for_function("() => location.search.includes('z=')")
    card(page).get_by_role("button", name="for help").click()
    page.locator(".st-key-map").get_by_role("button", name="3", exact=True).click()


def lassoed(page):
    page.keyboard.press("a")
    page.wait_for_selector(".st-key-selection_csv")


def chosen(page):
    page.locator(".st-key-chip_model_popover button").first.click()
    page.locator("[class*=st-key-chip_card_]").first.wait_for()


def entered(page):
    """Enter the teacher's page with the password, which a guess does not open."""
    page.get_by_label("Password", exact=True).fill("a guess")
    page.keyboard.press("Enter")
    expect(page.get_by_text("This is not the password.")).to_be_visible()
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("row", name="Class")).to_be_visible()
    expect(page.get_by_role("link", name="Class")).to_be_visible()
    assert PASSWORD not in page.url and "password" not in page.url


def swept(page):
    page.get_by_text("Train a sweep", exact=True).click()
    page.get_by_text("Name of the group").wait_for()


def listed(page):
    page.get_by_text("Table of all runs", exact=True).click()
    page.get_by_test_id("stDataFrame").first.wait_for()


PAGES = {
    "/": (CHART, explored),
    "/?model=ten-dimensions&mode=expert&contours=1": (CHART, lassoed),
    "/?model=digits-vae-2d": (CHART, chosen),
    "/train?mode=expert": (".st-key-film [data-run]", swept),
    "/paths?model=digits-vae-2d": (".st-key-paths_map [data-waypoint='1']", None),
    "/sample?model=digits-vae-2d": (".samples", None),
    "/sample?model=digits-vae-2d&show=manifold": (".manifold[data-state=there]", None),
    "/sample?model=digits-vae-2d&show=traverse": (".traverse[data-rows=there]", None),
    "/sample?model=digits-vae-2d&show=missing": (".missing[data-state=there]", None),
    "/theory?model=digits-vae-2d": (".theory[data-ready]", None),
    "/diagnose?model=unhealthy-holes": (".st-key-card_rates .js-plotly-plot", None),
    "/compare?mode=expert": (".comparing[data-ready]", None),
    "/open": ("[data-testid=stFileUploaderDropzone]", None),
    "/teacher": ("[data-testid=stForm]", entered),
    "/models?model=digits-vae-2d&mode=expert": (".st-key-curves .js-plotly-plot", listed),
}


def violations(page, rules=None):
    """Return what axe-core finds on a page and in its shadow roots: rule, element and why, by all rules or some."""
    options = {"resultTypes": ["violations"]} | ({"runOnly": rules} if rules else {})
    found = Axe().run(page, options=options).response["violations"]
    nodes = [(rule["id"], node) for rule in found for node in rule["nodes"]]
    ours = [(rule, node) for rule, node in nodes if not any(mark in node["html"] for mark in STREAMLITS.get(rule, ()))]
    return [(rule, node["html"][:200], node["failureSummary"][:300]) for rule, node in ours]


@pytest.mark.parametrize("path", PAGES)
def test_page_is_silent_and_has_no_barrier(open_page, path):
    """A page that nobody touches asks the server nothing; no rule of axe-core fails, and nothing sticks out of a phone.

    One test for both, since opening a page takes longer than either.
    """
    ready, act = PAGES[path]
    said = [time.monotonic()]

    def listen(socket):
        socket.on("framesent", lambda _: said.append(time.monotonic()))

    page = open_page(path, wait=ready, watch=lambda page: page.on("websocket", listen))
    settle(page)
    until(page, lambda: time.monotonic() - said[-1] > CALM)
    page.remove_listener("websocket", listen)
    assert len(said) > 1
    if act is not None:
        act(page)
        settle(page)
    for width, height in SIZES.values():
        page.set_viewport_size({"width": width, "height": height})
        for scheme, rules in (("light", None), ("dark", COLOURS)):
            page.emulate_media(color_scheme=scheme)
            settle(page, 250)
            assert violations(page, rules) == [], f"{width} pixels, {scheme}"
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("h1").count() == 1


@pytest.mark.parametrize("width", [390, 360])
@pytest.mark.parametrize("locale", ["en-US", "de-DE"])
def test_head_is_two_full_rows_on_a_phone(open_page, locale, width):
    """The chips in the first row, the rest in the second; each begins and ends where the page does."""
    page = open_page("/sample?model=digits-vae-2d", wait=".samples", width=width, height=844, locale=locale)
    rows = page.locator(".st-key-header").evaluate("""header => {
        const rows = [], all = [...header.querySelectorAll("button")].filter((button) => button.checkVisibility());
        for (const { left, right, top, bottom } of all.map((button) => button.getBoundingClientRect())) {
            const row = rows.find((one) => Math.abs(one.middle - (top + bottom) / 2) < 4);
            if (row) Object.assign(row, { left: Math.min(row.left, left), right: Math.max(row.right, right) });
            else rows.push({ middle: (top + bottom) / 2, left, right });
        }
        const { left, right } = header.getBoundingClientRect();
        return rows.map((row) => [row.left - left, right - row.right]);
    }""")
    assert len(rows) == 2 and np.abs(rows).max() < 1.5, rows


def focused(page):
    """Return the element that has the focus, shadow roots included."""
    return page.evaluate_handle("""() => {
        let found = document.activeElement;
        while (found?.shadowRoot?.activeElement) found = found.shadowRoot.activeElement;
        return found;
    }""").as_element()


def test_map_and_legend_are_reached_by_the_keyboard_alone(open_page):
    """A link over the navigation leads to the map, whose tools, keys and legend work without a mouse."""
    page = open_page("/?model=digits-vae-2d")
    page.keyboard.press("Tab")
    link = page.locator("a.skip")
    expect(link).to_be_focused()
    assert link.bounding_box()["y"] >= 0, "it is seen while it has the focus"
    page.keyboard.press("Enter")
    names = []
    for _ in range(STEPS):
        page.keyboard.press("Tab")
        node = focused(page)
        names.append(node.get_attribute("aria-label") or node.inner_text())
        assert node.evaluate("e => getComputedStyle(e).outlineStyle") != "none", names
    assert names[:5] == ["Pan", "Lasso", "Box", "Reset", "Present"]
    assert names[5].startswith("Latent map")
    assert names[6:] == ["0", "1", "2", "3"]
    page.keyboard.press("Enter")
    expect(page.locator(".st-key-map .legend button").nth(3)).to_have_attribute("aria-pressed", "true")


def test_no_text_is_smaller_than_it_may_be(open_page):
    """Text has 14 pixels at 1280 x 720, in components and canvases too; the numbers of axes have 12."""
    page = open_page("/?model=digits-vae-2d&mode=expert", watch=watch_canvases)
    page.mouse.move(*pixel(page, 0.3, 0.2))
    settle(page)
    small = page.evaluate("""() => {
        const found = [], walk = (root) => {
            for (const node of root.querySelectorAll("*")) {
                if (node.shadowRoot) walk(node.shadowRoot);
                const own = [...node.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
                if (!own || !node.checkVisibility() || node.closest("style, script, sub, sup, kbd")) continue;
                const size = parseFloat(getComputedStyle(node).fontSize);
                if (size < 13.9) found.push([size, node.tagName, node.textContent.trim().slice(0, 40)]);
            }
        };
        walk(document.querySelector("[data-testid=stMain]"));
        return found;
    }""")
    assert small == []
    fonts = page.evaluate("() => [...window.__fonts]")
    assert fonts and all(float(font.split("px")[0].split()[-1]) >= 12 for font in fonts)


def watch_canvases(page):
    """Remember the font of all text that is drawn on a canvas."""
    page.add_init_script("""{
        const fonts = window.__fonts = new Set(), { fillText } = CanvasRenderingContext2D.prototype;
        CanvasRenderingContext2D.prototype.fillText = function (...about) {
            fonts.add(this.font);
            return fillText.apply(this, about);
        };
    }""")
