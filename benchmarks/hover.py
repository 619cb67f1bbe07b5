"""From pointer to painted picture: real moves of a real pointer over the map of the real app, in a real browser.

    python benchmarks/hover.py [--models mnist-vae-2d,sprites-beta-vae-10d] [--moves 400]

Prints a Markdown table, and fails where a limit is broken. A latency runs from the pointer event's own time stamp to the
first task after the animation frame in which the card was drawn (see `timing` in ui/explorer.js). The difference is the
largest one between the browser's means and PyTorch's over 1,000 random z.
"""

import argparse
import math
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "browser")]

from harness import CHART, chromium, settle, start, stop  # noqa: E402
from test_decoder import DECODE_TIMES, compare, send  # noqa: E402

from vae import runs  # noqa: E402

MEDIAN, P95, DIFFERENCE = 16.0, 33.0, 1e-3  # the limits: ms, ms, and in units of a pixel from 0 to 1
AREA = """selector => {
    const gd = document.querySelector(selector), box = gd.getBoundingClientRect(), { xaxis, yaxis } = gd._fullLayout;
    return [box.left + xaxis._offset, box.top + yaxis._offset, xaxis._length, yaxis._length];
}"""


def hover(page: Page, moves: int) -> dict[str, Any]:
    """Move the pointer along a curve that visits the whole map; return latencies in ms and frames a second."""
    left, top, width, height = page.evaluate(AREA, CHART)
    page.evaluate("() => { window.__latent.latencies.length = 0; window.__began = performance.now(); }")
    for k in range(moves):
        t = 2 * math.pi * k / moves
        page.mouse.move(
            left + width * (0.5 + 0.42 * math.sin(3 * t)), top + height * (0.5 + 0.42 * math.sin(4 * t + 1))
        )
    seconds = page.evaluate("() => (performance.now() - window.__began) / 1000")
    page.wait_for_timeout(200)
    latencies = page.evaluate("() => window.__latent.latencies")
    return {
        "latencies": latencies,
        "rate": len(latencies) / seconds,
        "simd": page.evaluate("() => window.__latent.simd"),
    }


def measure(browser: Browser, url: str, name: str, moves: int) -> list[Any]:
    """Return one model's numbers: frames, median, 95th percentile, frames a second, decode alone, difference."""
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    page.goto(f"{url}/?model={name}")
    page.wait_for_selector(f"{CHART} .nsewdrag")
    settle(page, 2000)
    found = hover(page, moves)
    page.close()
    latencies = sorted(found["latencies"])
    blank = browser.new_page()
    run = runs.find(name)
    alone = statistics.median(send(blank, run, DECODE_TIMES))
    difference = compare(blank, run, wasm=found["simd"])
    blank.close()
    median, p95 = statistics.median(latencies), latencies[math.ceil(0.95 * len(latencies)) - 1]
    return [len(latencies), median, p95, found["rate"], alone, difference]


def main() -> None:
    """Print the table; exit with 1 where a limit is broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", default="mnist-vae-2d,sprites-beta-vae-10d")
    parser.add_argument("--moves", type=int, default=400)
    options = parser.parse_args()
    broken = False
    print("| model | frames | input → painted, median | p95 | frames/s | decode alone | JS − PyTorch, max |")
    print(f"|---|---|---|---|---|---|---|\n| *limit* | | {MEDIAN:.0f} ms | {P95:.0f} ms | | | {DIFFERENCE:g} |")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = start(Path(folder))
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox", "--disable-gpu"])
        try:
            for name in options.models.split(","):
                count, median, p95, rate, alone, difference = measure(browser, server.url, name, options.moves)
                broken |= median > MEDIAN or p95 > P95 or not difference < DIFFERENCE
                numbers = f"{median:.1f} ms | {p95:.1f} ms | {rate:.0f} | {alone:.2f} ms | {difference:.1e}"
                print(f"| {name} | {count} | {numbers} |", flush=True)
        finally:
            browser.close()
            stop(server.process)
    sys.exit(int(broken))


if __name__ == "__main__":
    main()
