"""Start the real app and a real browser for a benchmark."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

sys.path.append(str(Path(__file__).resolve().parents[2] / "tests" / "browser"))

from harness import chromium, start, stop


@contextmanager
def real_app(data: Path, **environment: str) -> Iterator[tuple[Browser, str]]:
    """Yield a browser and the address of a new app with the data folder `data`; both end with the block."""
    server = start(data, **environment)
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox", "--disable-gpu"])
            yield browser, server.url
            browser.close()
    finally:
        stop(server.process)
