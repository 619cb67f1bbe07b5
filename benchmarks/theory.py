"""Latency of the Theory page: from a button's press to the numbers, and to the refined q, in a real browser.

    python benchmarks/theory.py [--model mnist-vae-2d] [--images 40] [--walks 8]

Prints a Markdown table, and fails where a limit is broken. A new image runs from the press of a button to the first
task after the frame in which all of its numbers stand: of "next" a second after the last image; of the strip's images,
once the page has been open for five seconds; and of images anywhere, which nobody can have foreseen. A refined q runs
from the press to its first frame, the whole answer being there. The data are those of LATENT_DATA; without them the
images are reconstructions of the saved codes. The table ends with the machine's load, without which no latency means
much.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from playwright.sync_api import Page

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "helpers"), str(ROOT / "tests" / "browser")]

from harness import settle  # noqa: E402
from shared.real_app import real_app  # noqa: E402
from shared.timing import finish, median_and_p95  # noqa: E402

MEDIAN, P95, WALK = 150.0, 300.0, 1000.0  # the limits, ms
LIST = "window.__latentTheory.{}"
PAGE = LIST.format("page")


def followed(page: Page, act: Callable[[], object], name: str, pause: float) -> None:
    """Run an action, wait until its result is painted, and some ms more."""
    known = LIST.format(name)
    before = page.evaluate(f"{known}.length")
    act()
    page.wait_for_function(f"{known}.length > {before}", timeout=60_000)
    settle(page, pause)


def pressed(page: Page, buttons: list[str], name: str, pause: float, between: str = "") -> list[float]:
    """Press buttons, each some ms after the last one's answer is painted; return latencies in ms."""
    for button in buttons:
        followed(page, page.locator(button).click, name, pause)
        if between:
            followed(page, page.locator(between).click, "images", pause)
    return page.evaluate(f"{LIST.format(name)}.slice(-{len(buttons)})")


def jumped(page: Page, images: range) -> list[float]:
    """Go to images without a button, one after the other; return latencies in ms."""
    for image in images:
        followed(page, partial(page.evaluate, f"{PAGE}.go({image})"), "images", 1000)
    return page.evaluate(f"{LIST.format('images')}.slice(-{len(images)})")


def main() -> None:
    """Print the table; exit with 1 where a limit is broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="mnist-vae-2d")
    parser.add_argument("--images", type=int, default=40)
    parser.add_argument("--walks", type=int, default=8)
    options = parser.parse_args()
    data = os.environ.get("LATENT_DATA")
    given = {"LATENT_DATA": data} if data else {}
    with tempfile.TemporaryDirectory() as folder, real_app(Path(folder), **given) as (browser, url):
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        page.goto(f"{url}/theory?model={options.model}")
        page.wait_for_selector(".theory[data-ready]", timeout=180_000)
        page.wait_for_function(f"{PAGE}.lesson && {PAGE}.constants", timeout=180_000)
        settle(page, 5000)
        following = '[aria-label="Next image"]'
        strip = page.eval_on_selector_all(".strip button", "all => all.map(b => b.dataset.image)")
        shown = page.evaluate(f"{PAGE}.image")
        others = [f".strip [data-image='{i}']" for i in strip if int(i) != shown]
        at_once = pressed(page, others, "images", 300)
        page.evaluate(f"{PAGE}.slow = true")  # only likely next presses are computed ahead
        unforeseen = jumped(page, range(501, 501 + 7 * len(others), 7))
        images = pressed(page, [following] * options.images, "images", 1000)
        walks = pressed(page, ["[data-action=refine]"] * options.walks, "walks", 200, following)
    rows = (
        ("next image", images, MEDIAN, P95),
        ("an image of the strip", at_once, MEDIAN, P95),
        ("an image that nobody can foresee", unforeseen, MEDIAN, P95),
        ("refine q", walks, WALK, WALK),
    )
    print("| model | gesture | tries | median | p95 | limits |\n|---|---|---|---|---|---|")
    broken = False
    for what, values, median, high in rows:
        middle, p95 = median_and_p95(values)
        broken |= middle > median or p95 > high
        shown = f"{len(values)} | {middle:.0f} ms | {p95:.0f} ms | {median:.0f} / {high:.0f} ms"
        print(f"| {options.model} | {what} | {shown} |")
    finish(not broken)


if __name__ == "__main__":
    main()
