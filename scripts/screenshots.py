"""Take the screenshots of the README and the documentation with a real server and browser: `make screenshots`.

Names after it (`python scripts/screenshots.py jensen holes`) take only those.
"""

import io
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "browser"))

from harness import CHART, chromium, pixel, settle, start, stop  # noqa: E402

OUT = ROOT / "docs" / "screenshots"
READY = {
    "/models": ".st-key-curves .js-plotly-plot",
    "/train": ".st-key-film [data-run]",
    "/paths": ".st-key-paths_map [data-waypoint]",
    "/theory": ".st-key-theory canvas",
    "/diagnose": ".st-key-chart_bound .js-plotly-plot",
}
PIN, HOVER = (0.9, -0.55), (-1.4, 0.75)


def explored(page: Page) -> None:
    """Pin one point and leave the pointer at another."""
    page.mouse.click(*pixel(page, *PIN))
    page.wait_for_function("() => location.search.includes('z=')")
    settle(page, 1000)
    page.mouse.move(*pixel(page, *HOVER), steps=12)
    page.wait_for_timeout(600)


def filmed(page: Page) -> None:
    """Stop the film in the middle of the training."""
    page.wait_for_timeout(6000)
    page.locator(".st-key-film input[type=range]").fill("14")
    page.wait_for_timeout(1000)


def walked(page: Page) -> None:
    """Wait for the geodesic, and move to a place where the paths differ."""
    page.wait_for_timeout(6000)
    page.locator(".st-key-paths .scrub input[type=range]").fill("0.36")
    page.wait_for_timeout(1000)


def derived(page: Page) -> None:
    """Wait for the numbers, and show the chapter about the true posterior."""
    page.wait_for_timeout(8000)
    page.get_by_text("How tight is it?").last.scroll_into_view_if_needed()
    page.mouse.move(640, 400)
    page.mouse.wheel(0, 150)
    page.wait_for_timeout(1500)


SHOTS = (
    ("explore-light", "/", "light", (1280, 720), explored),
    ("explore-dark", "/", "dark", (1280, 720), explored),
    ("train-light", "/train", "light", (1280, 720), filmed),
    ("paths-light", "/paths", "light", (1280, 720), walked),
    ("theory-light", "/theory", "light", (1280, 720), derived),
    ("diagnose-light", "/diagnose", "light", (1280, 720), None),
    ("models-light", "/models", "light", (1280, 720), None),
    ("phone", "/", "light", (390, 844), explored),
)


class Concept(NamedTuple):
    """A picture of a concept: its name in docs/screenshots/concepts, the address, the element that it shows, what is
    there before it is taken, and what to do then."""

    name: str
    address: str
    element: str
    ready: str
    act: Callable[[Page], None] | None = None


IMAGE = "model=digits-vae-2d&image=3"  # the one that is followed through the house
DERIVED = ".theory[data-ready] .formula .katex-html"


def chapter(name: str, number: int, act: Callable[[Page], None] | None = None) -> Concept:
    """Return the picture of a chapter of Theory."""
    address = f"/theory?{IMAGE}&chapter={number}"
    return Concept(name, address, f'[data-chapter="{number}"] .right', DERIVED, act)


def card(name: str, model: str, check: str) -> Concept:
    """Return the picture of a check of Diagnose."""
    place = f".st-key-card_{check}"
    return Concept(name, f"/diagnose?model={model}&mode=expert", place, f"{place} .js-plotly-plot .main-svg")


def refined(page: Page) -> None:
    """Walk the ellipse to its optimum."""
    page.locator('[data-chapter="4"]').get_by_role("button", name="Refine q for this image").click()
    page.wait_for_timeout(5000)


CONCEPTS = (
    Concept("encoder", f"/theory?{IMAGE}", '.machine[data-chapter="0"]', DERIVED),
    chapter("jensen", 3),
    chapter("tightness", 4, refined),
    chapter("gradients", 5),
    card("surgery", "mnist-vae-2d", "surgery"),
    card("collapse", "unhealthy-collapsed", "collapse"),
    card("holes", "unhealthy-holes", "holes"),
    card("samples", "unhealthy-holes", "samples"),
    card("predictive", "mnist-vae-2d", "statistics"),
    card("calibration", "mnist-vae-2d", "simulated"),
    card("strange", "mnist-vae-2d", "strange"),
    Concept("missing", f"/sample?{IMAGE}&show=missing", ".missing", ".missing[data-state=there]"),
)
COLOURS = 128  # of a concept's picture, which keeps its file small


def take_concept(browser: Browser, url: str, concept: Concept) -> Path:
    """Write the picture of a concept, and return its path."""
    page = browser.new_page(viewport={"width": 1280, "height": 900}, color_scheme="light", device_scale_factor=1)
    page.goto(url + concept.address)
    page.wait_for_selector(concept.ready)
    settle(page, 1500)
    element = page.locator(concept.element).first
    element.scroll_into_view_if_needed()
    page.wait_for_timeout(3000)
    if concept.act:
        concept.act(page)
    path = OUT / "concepts" / f"{concept.name}.png"
    taken = Image.open(io.BytesIO(element.screenshot())).convert("RGB")
    taken.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
    page.close()
    return path


def main() -> None:
    """Write every screenshot of SHOTS and CONCEPTS, or those that are named."""
    (OUT / "concepts").mkdir(parents=True, exist_ok=True)
    names = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = start(Path(folder))
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox", "--disable-gpu"])
        try:
            for name, path, scheme, (width, height), act in SHOTS:
                if names and name not in names:
                    continue
                page = browser.new_page(
                    viewport={"width": width, "height": height}, color_scheme=scheme, device_scale_factor=1
                )
                page.goto(server.url + path)
                page.wait_for_selector(READY.get(path, CHART))
                settle(page, 1500)
                if act:
                    act(page)
                page.screenshot(path=OUT / f"{name}.png")
                page.close()
                print(OUT / f"{name}.png")
            for concept in CONCEPTS:
                if not names or concept.name in names:
                    print(take_concept(browser, server.url, concept))
        finally:
            browser.close()
            stop(server.process)


if __name__ == "__main__":
    main()
