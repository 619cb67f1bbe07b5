"""The real app and a real browser, for as long as a benchmark needs them."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

sys.path.append(str(Path(__file__).resolve().parents[2] / "tests" / "browser"))

from harness import chromium, start, stop


@contextmanager
def real_app(data: Path, **environment: str) -> Iterator[tuple[Browser, str]]:
    """Give a browser and the address of an app of its own, whose data folder is `data`; both end with the block."""
    server = start(data, **environment)
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox", "--disable-gpu"])
            yield browser, server.url
            browser.close()
    finally:
        stop(server.process)
