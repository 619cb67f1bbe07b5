"""Take the README's screenshots with a real server and browser: `make screenshots`."""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

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


def main() -> None:
    """Write every screenshot of SHOTS."""
    OUT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = start(Path(folder))
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox", "--disable-gpu"])
        try:
            for name, path, scheme, (width, height), act in SHOTS:
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
        finally:
            browser.close()
            stop(server.process)


if __name__ == "__main__":
    main()
