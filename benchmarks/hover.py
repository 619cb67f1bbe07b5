"""Latency from a pointer's move to the painted image on the map of the real app, in a real browser.

    python benchmarks/hover.py [--models mnist-vae-2d,sprites-beta-vae-10d] [--moves 400]

Prints a Markdown table, and fails where a limit is broken. A latency runs from the pointer event's own time stamp to
the first task after the animation frame in which the card was drawn (see `timing` in ui/explorer.js). The difference
is the largest one between the browser's means and PyTorch's over 1,000 random z.

The limits are for moves at random moments, as a hand makes them. Moves that follow one another at once are shown too:
Playwright sends each when the frame of the last one has begun, so that each waits for a whole frame (16.7 ms) before
the page hears of it. The rows named waypoint are of the Paths page: a waypoint is dragged at random moments, and the
twelve frames of the strip follow. The table ends with the machine's load, without which no latency means much.
"""

import argparse
import math
import random
import statistics
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "helpers"), str(ROOT / "tests" / "browser")]

from harness import CHART, settle  # noqa: E402
from shared.real_app import real_app  # noqa: E402
from shared.timing import finish, median_and_p95  # noqa: E402
from test_decoder import DECODE_TIMES, compare, send  # noqa: E402

from vae import runs  # noqa: E402

MEDIAN, P95, DIFFERENCE = 16.0, 33.0, 1e-3  # the limits: ms, ms, and in units of a pixel from 0 to 1
WAYPOINT = ".st-key-paths_map [data-waypoint='1']"
REACH = 70.0  # pixels to each side, within the map
AREA = """() => {
    const box = window.__latentMaps.get("map").node.getBoundingClientRect();
    return [box.left, box.top, box.width, box.height];
}"""


def hover(
    page: Page,
    moves: int,
    at_random: bool,
    area: tuple[float, float, float, float] | None = None,
    timing: str = "__latent",
) -> tuple[list[float], float]:
    """Move the pointer along a curve that visits the whole map; return latencies in ms, and frames a second.

    `area` is left, top, width and height of the map on the page, by default those of Explore's; `timing` is the page's
    own record of its latencies.
    """
    pauses = random.Random(0)
    left, top, width, height = area or page.evaluate(AREA)
    page.evaluate(f"() => {{ {timing}.latencies.length = 0; window.__began = performance.now(); }}")
    for k in range(moves):
        t = 2 * math.pi * k / moves
        x, y = 0.5 + 0.42 * math.sin(3 * t), 0.5 + 0.42 * math.sin(4 * t + 1)
        page.mouse.move(left + width * x, top + height * y)
        if at_random:
            page.wait_for_timeout(pauses.uniform(0, 33.3))
    seconds = page.evaluate("() => (performance.now() - window.__began) / 1000")
    page.wait_for_timeout(200)
    latencies = page.evaluate(f"() => {timing}.latencies")
    return latencies, len(latencies) / seconds


def measure(browser: Browser, url: str, name: str, moves: int) -> bool:
    """Print one model's rows; return whether they keep the limits."""
    blank = browser.new_page()
    run = runs.find(name)
    alone, difference = statistics.median(send(blank, run, DECODE_TIMES)), compare(blank, run)
    blank.close()
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    page.goto(f"{url}/?model={name}")
    page.wait_for_selector(CHART)
    settle(page, 2000)
    good = bool(difference < DIFFERENCE)
    for pace in ("random", "at once"):
        latencies, rate = hover(page, moves, pace == "random")
        median, p95 = median_and_p95(latencies)
        if pace == "random":
            good &= median <= MEDIAN and p95 <= P95
        numbers = f"{median:.1f} ms | {p95:.1f} ms | {rate:.0f} | {alone:.2f} ms | {difference:.1e}"
        print(f"| {name} | {pace} | {len(latencies)} | {numbers} |", flush=True)
    page.close()
    return drag(browser, url, name, moves) and good


def drag(browser: Browser, url: str, name: str, moves: int) -> bool:
    """Print the row of a waypoint that is dragged, whose twelve frames follow; return whether it keeps the limits."""
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    page.goto(f"{url}/paths?model={name}&kinds=line")
    page.wait_for_selector(WAYPOINT)
    settle(page, 4000)
    box = page.locator(WAYPOINT).bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    latencies, rate = hover(page, moves, True, (x - REACH, y - REACH, 2 * REACH, 2 * REACH), "__latentPaths")
    page.mouse.up()
    page.close()
    median, p95 = median_and_p95(latencies)
    print(f"| {name} | waypoint | {len(latencies)} | {median:.1f} ms | {p95:.1f} ms | {rate:.0f} | | |", flush=True)
    return median <= MEDIAN and p95 <= P95


def main() -> None:
    """Print the table; exit with 1 where a limit is broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", default="mnist-vae-2d,sprites-beta-vae-10d")
    parser.add_argument("--moves", type=int, default=400)
    options = parser.parse_args()
    good = True
    print("| model | moves | frames | input → painted, median | p95 | frames/s | decode alone | JS − PyTorch, max |")
    print(f"|---|---|---|---|---|---|---|---|\n| *limit* | | | {MEDIAN:.0f} ms | {P95:.0f} ms | | | {DIFFERENCE:g} |")
    with tempfile.TemporaryDirectory() as folder, real_app(Path(folder)) as (browser, url):
        for name in options.models.split(","):
            good &= measure(browser, url, name, options.moves)
    finish(good)


if __name__ == "__main__":
    main()
