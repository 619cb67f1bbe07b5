"""Write the table of docs/opening-models.md under "In Chromium": each model of tests/foreign on the app's own pages.

Drops a model and its data on page Open, opens it, moves over its map, waits for all cards of Diagnose, and opens the
page without a server from disk. Run from the project root, with LATENT_DATA as the folder that holds MNIST:

    python scripts/opening_in_browser.py [model ...]
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), *(str(ROOT / "tests" / name) for name in ("helpers", "browser")), str(ROOT / "scripts")]

import foreign  # noqa: E402
from harness import CHART, chromium, picture, pixel, settle, start, stop  # noqa: E402
from opening_conventions import SUFFIXES, data_of, merge, write_data  # noqa: E402
from playwright.sync_api import Error, Page, sync_playwright  # noqa: E402

TITLE = "## In Chromium"
HEAD = ("| model | Open | map after | hover | Diagnose | page from disk |", "|---|---|---|---|---|---|")
DROP = ".st-key-open_{}_drop [data-testid=stFileUploaderDropzoneInput]"
POINTS = ((0.0, 0.0), (1.0, 0.5), (-0.9, 0.8))
PATIENCE = 180_000  # ms


def dropped(page: Page, fixture: foreign.Fixture, file: Path) -> str:
    """Drop a model and its data; return "found", or "refused" with the line to type."""
    page.goto(f"{page.context.app}/open")  # type: ignore[attr-defined]
    page.locator(DROP.format("data")).set_input_files(file)
    page.locator(".st-key-open_zone").get_by_text("images").first.wait_for()
    files = [path for path in sorted(fixture.path.iterdir()) if path.is_file() and path.suffix in SUFFIXES]
    page.locator(DROP.format("model")).set_input_files(files)
    page.locator(".st-key-open_model_open button, .st-key-open_model_refused").first.wait_for()
    settle(page)
    refused = page.locator(".st-key-open_model_refused")
    if refused.count():
        return "refused, with the line to type" if "--allow-code" in refused.inner_text() else refused.inner_text()
    return "found"


def pictures(page: Page, move: Callable[[float, float], None], seen: Callable[[], str]) -> str:
    """Return how many pictures the decoder draws at three points: all differ unless the model has collapsed."""
    found = set()
    for x, y in POINTS:
        move(x, y)
        page.wait_for_timeout(300)
        settle(page)
        page.wait_for_timeout(700)
        found.add(seen())
    return f"{len(found)} pictures at {len(POINTS)} points"


def on_disk(page: Page, file: Path) -> str:
    """Open the page without a server and move over its map."""
    page.goto(file.as_uri())
    page.wait_for_selector("html[data-ready=yes]")

    def move(x: float, y: float) -> None:
        page.mouse.move(*page.locator(".plane").evaluate("(node, [x, y]) => node.project(x, y)", [x, y]), steps=3)

    card = page.locator("#card canvas").first
    return pictures(page, move, lambda: card.evaluate("canvas => canvas.toDataURL()"))


def row(page: Page, name: str, files: dict[str, Path], out: Path) -> str:
    """Return the row of one model."""
    fixture = foreign.load(name)
    said = dropped(page, fixture, files[data_of(fixture.facts)])
    if said != "found":
        return f"| {name} | {said} | – | – | – | – |"
    begun = time.monotonic()
    page.locator(".st-key-open_model_open button").click()
    page.wait_for_selector(CHART)
    took = time.monotonic() - begun
    settle(page)
    hover = pictures(page, lambda x, y: page.mouse.move(*pixel(page, x, y), steps=5), lambda: picture(page))
    with page.expect_download() as started:
        page.locator(".st-key-download_page button").first.click()
    saved = out / f"{name}.html"
    started.value.save_as(saved)
    model = page.evaluate("() => new URLSearchParams(location.search).get('model')")
    page.goto(f"{page.context.app}/diagnose?model={model}")  # type: ignore[attr-defined]
    cards = page.locator("[class*='st-key-card_']")
    cards.first.wait_for()
    page.wait_for_function("() => !document.body.innerText.includes('parts computed')", timeout=PATIENCE)
    settle(page)
    return f"| {name} | opened | {took:.0f} s | {hover} | {cards.count()} cards | {on_disk(page, saved)} |"


def main(names: list[str]) -> None:
    """Open the models in Chromium and write their rows."""
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        root = Path(place)
        files = write_data(root)
        (root / "app").mkdir()
        running = start(root / "app")
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox", "--disable-gpu"])
        try:
            for name in names:
                context: Any = browser.new_context(viewport={"width": 1280, "height": 720})
                context.app = running.url
                page = context.new_page()
                page.set_default_timeout(PATIENCE)
                try:
                    made = row(page, name, files, root)
                except Error as error:
                    made = f"| {name} | **{str(error).splitlines()[0][:90]}** | – | – | – | – |"
                print(made, flush=True)
                merge(TITLE, HEAD, {name: made})
                context.close()
        finally:
            browser.close()
            stop(running.process)


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main(sys.argv[1:] or foreign.names())
