"""Startup time and memory of the app: medians of real starts in a real browser.

    python benchmarks/startup.py [--runs 5]

Prints a Markdown table with the targets. Nothing is cached between the starts but what the system caches of files; the
browser is one process throughout, its pages are new contexts, so their caches are empty unless a line says reload.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
from playwright.sync_api import Page, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "browser"))

from harness import CHART, ROOT, chromium, pixel, settle, start, stop

TEXT = "[data-testid=stMain] [data-testid=stMarkdownContainer]"


def interactive(page: Page) -> None:
    """Wait until the map has been drawn and answers."""
    page.wait_for_selector(CHART)


def once(browser, folder: Path) -> dict[str, float]:
    """Start, load, reload and explore once; seconds and MB."""
    began = time.perf_counter()
    server = start(folder)
    try:
        found = {"server ready": time.perf_counter() - began}
        context = browser.new_context(viewport={"width": 1280, "height": 720})
        page = context.new_page()
        page.goto(server.url, wait_until="commit")
        page.wait_for_selector(TEXT)
        found["server start → first paint"] = time.perf_counter() - began
        interactive(page)
        found["server start → interactive map"] = time.perf_counter() - began
        settle(page)
        began = time.perf_counter()
        page.reload(wait_until="commit")
        page.wait_for_selector(TEXT)
        found["reload → first paint"] = time.perf_counter() - began
        interactive(page)
        found["reload → interactive map"] = time.perf_counter() - began
        settle(page)
        for k in range(5):
            page.mouse.click(*pixel(page, 0.4 * k - 0.8, 0.3 * k - 0.6))
            settle(page, 200)
        page.keyboard.press("a")
        settle(page)
        # the first visit also loads what only that page needs, the target is of a warm one
        page.get_by_role("link", name="Models").click()
        page.wait_for_selector(".st-key-curves .js-plotly-plot")
        page.get_by_role("link", name="Explore", exact=True).click()
        interactive(page)
        settle(page)
        began = time.perf_counter()
        page.get_by_role("link", name="Models").click()
        page.wait_for_selector("[class*=st-key-card_]")
        found["warm page switch → cards"] = time.perf_counter() - began
        settle(page)
        found["memory after exploring"] = psutil.Process(server.process.pid).memory_info().rss / 1e6
        context.close()
        return found
    finally:
        stop(server.process)


def import_seconds() -> float:
    """Return how long `import vae` takes in a new process, which has nothing but Python."""
    code = "from time import perf_counter as now; began = now(); import vae; print(now() - began)"
    return float(subprocess.check_output([sys.executable, "-c", code], cwd=ROOT))


TARGETS = {
    "import vae": "0.1 s",
    "server start → first paint": "2.6 s",
    "reload → interactive map": "3 s",
    "warm page switch → cards": "0.3 s",
    "memory after exploring": "110 MB",
}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox", "--disable-gpu"])
        results = [{"import vae": import_seconds()} | once(browser, Path(folder)) for _ in range(runs)]
        browser.close()
    print(f"| interaction ({runs} starts) | median | min | max | target |\n|---|---|---|---|---|")
    for name in results[0]:
        values = [result[name] for result in results]
        unit, digits = ("MB", 0) if name.startswith("memory") else ("s", 2)
        cells = [f"{f(values):.{digits}f} {unit}" for f in (statistics.median, min, max)]
        print(f"| {name} | {' | '.join(cells)} | {TARGETS.get(name, '')} |")


if __name__ == "__main__":
    main()
