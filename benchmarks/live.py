"""Live training in a real browser: its cost, the frame rate, and the response time of the app.

    python benchmarks/live.py [--rounds 5] [--seconds 6]

A run (MLP 784-256-128-2 on 28×28 glyphs, batch 128, one thread) trains in turn as a bare loop, in the queue unwatched,
and in the queue while the Train page shows it. Frames are those that the film draws; a click is one that another
visitor makes on the Explore page meanwhile, from the press of All or None to the answer. Exits with 1 where a limit is
missed.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import psutil
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks"), str(ROOT / "tests" / "browser")]

from harness import chromium, settle, start, stop  # noqa: E402
from jobs import SPEC, bare, end, rate, reached, row, until  # noqa: E402

from vae import jobs  # noqa: E402
from vae.jobs import embedded  # noqa: E402
from vae.runs import (  # noqa: E402
    Run,
    machine,
    manage,
    status,
)

FRAMES, RATIO, PAUSE, FIRST, CLICK = 30.0, 0.9, 0.2, 1.0, 0.1
FILM = ".st-key-film [data-run]"
HEADLINE = ".st-key-train_headline"
BUTTON = ".st-key-selection_all_button button"


def watch(browser, url: str, path: str = "/train") -> Page:
    """Open a page in a browser context, and so as a visitor, of its own."""
    page = browser.new_context(viewport={"width": 1280, "height": 720}).new_page()
    page.goto(url + path)
    page.wait_for_selector(FILM if path.startswith("/train") else BUTTON)
    settle(page, 1500)
    return page


def frames(page: Page, seconds: float) -> float:
    """Return how many frames a second the film draws."""
    counter = page.locator(FILM)
    began, first = time.perf_counter(), int(counter.get_attribute("data-drawn") or 0)
    page.wait_for_timeout(1000 * seconds)
    return (int(counter.get_attribute("data-drawn") or 0) - first) / (time.perf_counter() - began)


def clicks(page: Page, count: int) -> list[float]:
    """Return the seconds from pressing All or None under the map to the server's answer on the page."""
    found = []
    for _ in range(count):
        took = page.evaluate(
            """selector => new Promise(resolve => {
                const label = () => document.querySelector(selector)?.innerText;
                const before = label(), began = performance.now();
                const look = () => label() && label() !== before
                    ? resolve(performance.now() - began) : requestAnimationFrame(look);
                document.querySelector(selector).click();
                look();
            })""",
            BUTTON,
        )
        found.append(took / 1000)
        page.wait_for_timeout(300)
    return found


def steer(page: Page, run: Run, rounds: int) -> tuple[list[float], list[float]]:
    """Return the seconds from a press of Pause, and of Go on, to the trainer's having done so."""
    pauses, plays = [], []
    for _ in range(rounds):
        page.wait_for_selector(".st-key-pause button")
        began = time.perf_counter()
        page.evaluate("() => document.querySelector('.st-key-pause button').click()")
        until(reached(run, "paused"))
        pauses.append(time.perf_counter() - began)
        page.wait_for_selector(".st-key-go_on button")
        began = time.perf_counter()
        page.evaluate("() => document.querySelector('.st-key-go_on button').click()")
        until(reached(run, "running"))
        plays.append(time.perf_counter() - began)
        page.wait_for_timeout(600)
    return pauses, plays


def first_points(page: Page, rounds: int) -> list[float]:
    """Return the seconds from pressing Train, with a warm worker, to the first step on the page."""
    found = []
    for _ in range(rounds):
        page.wait_for_timeout(8000)  # the next warm worker loads torch meanwhile
        took = page.evaluate(
            """([button, headline]) => new Promise(resolve => {
                const before = document.querySelector(headline).innerText, began = performance.now();
                const look = () => {
                    const text = document.querySelector(headline)?.innerText ?? "";
                    return text !== before && /step [1-9]/.test(text) ? resolve(performance.now() - began)
                        : requestAnimationFrame(look);
                };
                document.querySelector(button).click();
                look();
            })""",
            [".st-key-train button", HEADLINE],
        )
        found.append(took / 1000)
        page.wait_for_selector(".st-key-stop button:enabled")
        page.evaluate("() => document.querySelector('.st-key-stop button').click()")
        page.wait_for_function("h => /Stopped|Done/.test(document.querySelector(h)?.innerText)", arg=HEADLINE)
    return found


def main() -> None:
    """Print the table; exit with 1 where a limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=6.0)
    options = parser.parse_args()
    good = True
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        os.environ["LATENT_DATA"] = folder
        os.environ.pop(jobs.CLUSTER, None)
        server = start(Path(folder))
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox", "--disable-gpu"])
        print("| | median | min | max | unit | limit |\n|---|---|---|---|---|---|")
        bare_loop, unwatched, watched, drawn = [], [], [], []
        run = None
        for _ in range(options.rounds):
            bare_loop.append(bare(Path(folder), embedded.threads(), options.seconds))
            run = manage.create(SPEC, "local")
            jobs.play(run.path)
            until(reached(run, "running", step=50))
            unwatched.append(rate(run, options.seconds))
            page = watch(browser, server.url, f"/train?run={run.name}")
            page.wait_for_timeout(4000)  # opening a page is not watching
            began, first = time.perf_counter(), status.read(run.path)
            drawn.append(frames(page, options.seconds))
            last = status.read(run.path)
            assert first is not None and last is not None
            watched.append((last.step - first.step) / (time.perf_counter() - began))
            page.context.close()
            end(run)
        row("bare loop", bare_loop, "steps/s")
        row("in the queue", unwatched, "steps/s")
        row("in the queue, watched", watched, "steps/s")
        # the machine's speed drifts, so each round is compared with itself
        ratios = [there / here for there, here in zip(watched, bare_loop, strict=True)]
        good &= row("watched ÷ bare loop", ratios, "×", f"≥ {RATIO}", statistics.median(ratios) >= RATIO)
        good &= row("frames drawn while it trains", drawn, "fps", f"≥ {FRAMES:.0f}", statistics.median(drawn) >= FRAMES)

        other = watch(browser, server.url, "/?model=digits-vae-2d")
        idle = clicks(other, 4 * options.rounds)
        run = manage.create(SPEC, "local")
        jobs.play(run.path)
        page = watch(browser, server.url, f"/train?run={run.name}")
        row("click on another page, nothing trains", idle, "s")
        busy = clicks(other, 4 * options.rounds)
        median = statistics.median(busy)
        good &= row("click on another page, one trains and is watched", busy, "s", f"≤ {CLICK} s", median <= CLICK)
        pauses, plays = steer(page, run, options.rounds)
        good &= row("press Pause → paused", pauses, "s", f"≤ {PAUSE} s", statistics.median(pauses) <= PAUSE)
        row("press Go on → training", plays, "s")
        end(run)
        page.goto(server.url + "/train")
        page.wait_for_selector(FILM)
        firsts = first_points(page, options.rounds)
        good &= row("press Train → first step shown", firsts, "s", f"≤ {FIRST} s", statistics.median(firsts) <= FIRST)
        row("memory of the app", [psutil.Process(server.process.pid).memory_info().rss / 1e6], "MB")
        browser.close()
        stop(server.process)
    print(f"\nLoad {os.getloadavg()[0]:.1f} on {machine.cores()} cores.")
    sys.exit(int(not good))


if __name__ == "__main__":
    main()
