"""What browser tests and screenshots share: a server that ends, the browser's path, and where a point of the map is."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
from playwright.sync_api import Locator, Page

ROOT = Path(__file__).resolve().parent.parent.parent
PASSWORD = "known to the teacher"  # of the page that not everybody has
CHART = ".st-key-map .bigmap[data-ready] .plane"
# what the app may not need: a proxy at which nobody listens stands for a machine without a network
STACKS = ROOT / "tests" / "helpers" / "stacks"
NO_NETWORK = {
    "http_proxy": "http://127.0.0.1:9",
    "https_proxy": "http://127.0.0.1:9",
    "no_proxy": "127.0.0.1,localhost",
}


def chromium() -> str | None:
    """Return the browser's path: $CHROMIUM, or one on the path; None leaves it to Playwright's own."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return os.environ.get("CHROMIUM") or next((found for n in names if (found := shutil.which(n))), None)


@dataclass
class Server:
    """A running app."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path
    data: Path


def start(data: Path, port: int = 0, options: Sequence[str] = (), root: Path = ROOT, **environment: str) -> Server:
    """Start the app on a port (0: a free one), with its data and runs in `data`, further options of Streamlit, and
    its program in `root`, and wait until it is healthy."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = port or probe.getsockname()[1]
    # a file, since a pipe that nobody reads fills up and stalls the server
    log = Path(tempfile.mkstemp(prefix="server-", suffix=".log", dir=data)[1])
    arguments = ["--server.port", str(port), "--server.headless", "true", "--server.address", "127.0.0.1"]
    arguments += options
    paths = os.pathsep.join([str(STACKS), *filter(None, [os.environ.get("PYTHONPATH")])])
    process = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", "app.py", *arguments],
        cwd=root,
        env={**os.environ, **NO_NETWORK, "PYTHONPATH": paths, "LATENT_DATA": str(data), **environment},
        stdout=log.open("wb"),
        stderr=subprocess.STDOUT,
    )
    url = f"http://127.0.0.1:{port}"
    for _ in range(240):
        try:
            urllib.request.urlopen(f"{url}/_stcore/health", timeout=1).read()
            return Server(url, process, log, data)
        except OSError:
            if process.poll() is not None:
                break
            time.sleep(0.25)
    stop(process)
    raise RuntimeError(f"the server did not start:\n{log.read_text()}")


def stop(process: subprocess.Popen[bytes]) -> None:
    """End the server by its handle."""
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def told(server: Server, last: int = 40_000) -> str:
    """Return the end of what the server and its processes have printed, with where each of their threads is now."""
    with suppress(psutil.Error):
        running = psutil.Process(server.process.pid)
        for process in (running, *running.children(recursive=True)):
            if str(STACKS) in process.environ().get("PYTHONPATH", ""):
                process.send_signal(signal.SIGUSR1)
        time.sleep(1)  # until they have printed it
    return server.log.read_text(errors="replace")[-last:]


def settle(page: Page, quiet: int = 500) -> None:
    """Wait until no script has run for a moment, which is as many looks as a page at ease gives in `quiet` ms.

    Looks and not time, since a page on a busy machine stands still for a moment and then goes on.
    """
    page.wait_for_timeout(150)
    page.evaluate(
        """async looks => {
            const running = "[data-testid=stStatusWidget], [data-test-script-state=running]";
            const end = performance.now() + 60_000;
            for (let calm = 0; calm < looks; ) {
                await new Promise((done) => setTimeout(done, 25));
                calm = document.querySelector(running) ? 0 : calm + 1;
                if (performance.now() > end) throw new Error("a script runs and does not end");
            }
        }""",
        quiet // 25,
    )


def slow_down(page: Page, times: float) -> None:
    """Let a page's scripts take so many times as long."""
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": times})


def until(page: Page, true: Callable[[], object]) -> None:
    """Wait until something is true that only Python can tell; fail where it never is."""
    from waiting import until as wait  # here, since benchmarks use this file without the tests' helpers

    wait(true, pause=lambda seconds: page.wait_for_timeout(1000 * seconds))


def pixel(page: Page, x: float, y: float, chart: str = "map") -> tuple[float, float]:
    """Return the page position of a point of the map, or of the map of another name."""
    place = page.evaluate("([name, x, y]) => window.__latentMaps.get(name).node.project(x, y)", [chart, x, y])
    return place[0], place[1]


def in_view(page: Page, chart: str = "map") -> list[float]:
    """Return the part of the map that is seen: x0, x1, y0, y1."""
    return list(page.evaluate("name => window.__latentMaps.get(name).node.seen()", chart))


def card(page: Page) -> Locator:
    """Return the component's part of the page."""
    return page.locator(".st-key-explorer")


def picture(page: Page, k: int = 0) -> str:
    """Return the pixels of the component's canvas number k, as a data URL."""
    return card(page).locator("canvas").nth(k).evaluate("canvas => canvas.toDataURL()")
