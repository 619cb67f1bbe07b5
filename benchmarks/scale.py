"""Latency of the Explore page with ten thousand, a hundred thousand and a million codes, in the app and a browser.

    python benchmarks/scale.py [--sizes 10000,100000,1000000] [--moves 100]

Prints a Markdown table, and fails where a limit is broken. The codes are synthetic, in ten clusters on two latents. The
first paint is counted from the page (its model chip is there) to the first frame that shows codes: once with a server
that has never read the run and an empty browser, once after a reload. Bytes are what the web socket brought until the
page was at rest; then those of a pin, which runs the whole page. Frame times are the intervals between animation frames
while a drag moves the map, and while the wheel zooms to single points and back. Hovering is as in hover.py. The lasso
runs from the button's release to the count under the map, over all codes. Recolouring runs from the choice of a
quantity whose numbers are kept (made up, one for each code) to the painted map; images are panned as the map is. The
machine's load ends the table.
"""

import argparse
import math
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Browser, Page

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "helpers"), str(ROOT / "tests" / "browser"), str(ROOT / "benchmarks")]

from fake_runs import make_run  # noqa: E402
from harness import CHART, settle  # noqa: E402
from hover import AREA, hover  # noqa: E402
from shared.real_app import real_app  # noqa: E402
from shared.timing import finish, median_and_p95  # noqa: E402

from vae.runs import pointwise  # noqa: E402

SMALL = {"data": "digits", "shape": (1, 8, 8), "encoder": {"kind": "mlp", "widths": [32]}}
FRAME = 1000 / 60  # ms; a frame at 60 per second, and the tolerance of a timer
SLACK = 1.0
# a measure's limit at a size: (row, n) -> at most
LIMITS = {
    ("first paint after the page, first visit", 100_000): 1000.0,
    ("first paint after the page, first visit", 1_000_000): 4000.0,
    ("hover: input → painted, median", 100_000): FRAME + SLACK,
    ("pan: frame time, median", 1_000_000): 1000 / 30,
}
WATCH = """() => {
    const times = window.__times = { frames: null };
    let last = null;
    const look = (now) => {
        if (document.querySelector(".st-key-header button")) times.page ??= performance.now();
        const painted = window.__latentMap?.painted ?? null;
        if (painted !== null) times.painted ??= painted;
        if (times.frames && last !== null) times.frames.push(now - last);
        last = now;
        const strip = document.querySelector(".st-key-strip")?.innerText;
        if (times.released && strip && strip !== times.strip) times.counted ??= performance.now();
        requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
}"""


def frames(page: Page, gesture: Callable[[], None]) -> list[float]:
    """Return the times in ms between animation frames during a gesture."""
    page.evaluate("() => { window.__times.frames = []; }")
    gesture()
    return page.evaluate("() => { const f = window.__times.frames; window.__times.frames = null; return f; }")


def lasso(page: Page, left: float, top: float, width: float, height: float) -> float:
    """Draw a lasso of half the map's width; return the ms from the release to the statistics."""
    page.evaluate("""() => {
        window.__times.strip = document.querySelector(".st-key-strip").innerText;
        const once = { capture: true, once: true };
        const released = () => { window.__times.released ??= performance.now(); };
        for (const type of ["pointerup", "mouseup"]) window.addEventListener(type, released, once);
    }""")
    place = lambda t: (left + width * (0.5 + 0.25 * math.cos(t)), top + height * (0.5 + 0.35 * math.sin(t)))  # noqa: E731
    page.mouse.move(*place(0))
    page.mouse.down()
    for k in range(1, 41):
        page.mouse.move(*place(2 * math.pi * k / 40))
    page.mouse.up()
    page.wait_for_function("() => window.__times.counted", timeout=60_000)
    return page.evaluate("() => window.__times.counted - window.__times.released")


def recolour(page: Page) -> float:
    """Choose the tightness as colour; return the ms from the click to the painted map."""
    page.locator(".st-key-map_dress button").first.click()
    page.get_by_role("combobox", name="Colour").click()
    option = page.get_by_role("option", name="Gap log p(x) − ELBO")
    option.wait_for()
    page.evaluate("""() => {
        const clicked = () => { window.__times.clicked = performance.now(); };
        window.addEventListener("click", clicked, { capture: true, once: true });
        window.__latentLayer.painted = null;
    }""")
    option.click()
    page.get_by_role("img", name="Codes coloured by Gap").wait_for()
    page.wait_for_function("() => window.__latentLayer.painted")
    return page.evaluate("() => window.__latentLayer.painted - window.__times.clicked")


def measure(browser: Browser, url: str, n: int, moves: int) -> dict[str, float]:
    """Return one size's column of the table."""
    page = browser.new_context(viewport={"width": 1280, "height": 720}).new_page()
    page.set_default_timeout(120_000)
    page.add_init_script(f"({WATCH})()")
    received = [0]
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")

    def count_bytes(event: dict[str, Any]) -> None:
        # binary data come as base64
        response = event["response"]
        received[0] += (
            len(response["payloadData"]) * 3 // 4 if response["opcode"] == 2 else len(response["payloadData"])
        )

    session.on("Network.webSocketFrameReceived", count_bytes)
    column: dict[str, float] = {}
    for visit in ("first visit", "reload"):
        if visit == "reload":
            page.reload()
        else:
            page.goto(f"{url}/?model=codes-{n}")
        page.wait_for_selector(CHART)
        page.wait_for_function("() => window.__times.painted && window.__latent?.decodes")
        settle(page, 1500)
        times = page.evaluate("() => window.__times")
        column[f"first paint after the page, {visit}"] = times["painted"] - times["page"]
        column[f"bytes, {visit}"] = float(received[0])
        received[0] = 0
    left, top, width, height = page.evaluate(AREA)
    middle = left + width / 2, top + height / 2

    def pan() -> None:
        page.mouse.move(*middle)
        page.mouse.down()
        for k in range(moves):
            t = 2 * math.pi * k / 60
            page.mouse.move(middle[0] + 60 * math.sin(t), middle[1] + 40 * math.sin(2 * t))
        page.mouse.up()

    def zoom() -> None:
        page.mouse.move(*middle)
        for direction in (-1, 1):
            for _ in range(moves // 2):
                page.mouse.wheel(0, 3000 * direction / (moves // 2))
                page.wait_for_timeout(5)

    for name, gesture in (("pan", pan), ("zoom", zoom)):
        between = frames(page, gesture)
        column[f"{name}: frame time, median"], column[f"{name}: frame time, p95"] = median_and_p95(between)
    latencies, _ = hover(page, moves, True, (left, top, width, height))
    column["hover: input → painted, median"], column["hover: input → painted, p95"] = median_and_p95(latencies)
    received[0] = 0
    page.mouse.click(*middle)
    page.wait_for_function("() => new URL(location.href).searchParams.get('z')")
    settle(page, 1000)
    column["bytes, pin"] = float(received[0])
    page.locator(".st-key-map .bigmap").get_by_role("button", name="Lasso").click()
    column["lasso → statistics over all codes"] = lasso(page, left, top, width, height)
    column["choice of a quantity → recoloured"] = recolour(page)
    page.goto(f"{url}/?model=codes-{n}&marks=images")
    page.wait_for_selector(CHART)
    page.wait_for_function("() => window.__latentLayer?.images && !window.__latentLayer.waiting")
    settle(page, 1500)
    between = frames(page, pan)
    column["images, pan: frame time, median"], column["images, pan: frame time, p95"] = median_and_p95(between)
    page.context.close()
    return column


def shown(row: str, value: float) -> str:
    """Return a value with its unit."""
    if row.startswith("bytes"):
        return f"{value / 1e6:.2f} MB" if value >= 1e5 else f"{value / 1e3:.1f} kB"
    return f"{value:,.0f} ms" if value >= 100 else f"{value:.1f} ms"


def table(columns: dict[int, dict[str, float]]) -> bool:
    """Print the sizes side by side, with the growth from each to the next; return whether the limits are kept."""
    sizes = list(columns)
    growth = [f"× from {a:,}" for a in sizes[:-1]]
    heads = [cell for k, n in enumerate(sizes) for cell in ([f"{n:,}"] if k == 0 else [f"{n:,}", growth[k - 1]])]
    print(f"| | {' | '.join(heads)} | limit |\n|{'---|' * (len(heads) + 2)}")
    good = True
    for row in columns[sizes[0]]:
        cells, verdicts = [], []
        for k, n in enumerate(sizes):
            value = columns[n][row]
            cells.append(shown(row, value))
            if k:
                cells.append(f"{value / max(columns[sizes[k - 1]][row], 1e-9):.1f}")
            if (row, n) in LIMITS:
                met = value <= LIMITS[row, n]
                good &= met
                verdicts.append(f"{n:,}: ≤ {LIMITS[row, n]:,.0f} ms {'met' if met else '**missed**'}")
        print(f"| {row} | {' | '.join(cells)} | {'; '.join(verdicts)} |")
    return good


def main() -> None:
    """Print the table; exit with 1 where a limit is broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="10000,100000,1000000")
    parser.add_argument("--moves", type=int, default=100)
    options = parser.parse_args()
    sizes = [int(text) for text in options.sizes.split(",")]
    with tempfile.TemporaryDirectory() as folder:
        os.environ["LATENT_DATA"] = folder
        for n in sizes:
            run = make_run(Path(folder) / "runs", f"codes-{n}", n=n, **SMALL)
            values = np.linalg.norm(run.codes.means, axis=1).astype(np.float32)
            pointwise.keep(run, pointwise.TIGHTNESS, pointwise.Pointwise({"gap": values}, "Made up"))
        columns = {}
        with real_app(Path(folder)) as (browser, url):
            for n in sizes:
                columns[n] = measure(browser, url, n, options.moves)
                print(f"{n:,} codes measured", file=sys.stderr, flush=True)
    good = table(columns)
    finish(good)


if __name__ == "__main__":
    main()
