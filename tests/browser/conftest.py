"""A real server and a real browser; without a browser these tests fail, since a skip would hide that they never ran."""

import os
from collections.abc import Callable, Iterator

import pytest
from harness import CHART, Server, chromium, settle, slow_down, start, stop
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from vae import runs

PATIENCE = 120_000  # ms; a machine that tests may be busy with other things
SLOWNESS = float(os.environ.get("SLOW_BROWSER", "1"))  # how many times slower pages run: what a slow machine would find
expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="session")
def server(tmp_path_factory) -> Iterator[Server]:
    """The app as it is shipped, on a machine without data, beside one run of ten dimensions on the embedded digits."""
    from fake_runs import make_run

    data = tmp_path_factory.mktemp("data")
    small = {"data": "digits", "shape": (1, 8, 8), "encoder": {"kind": "mlp", "widths": [32]}}
    make_run(data / "runs", "ten-dimensions", latent=10, **small)
    for name, changes in (("mnist-vae-2d", {}), ("digits-vae-2d", small)):
        # until the shipped model is there, a run with random weights stands in for it
        if not (runs.shipped() / name / "codes.npz").is_file():
            make_run(data / "runs", name, **changes)
    running = start(data)
    yield running
    stop(running.process)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium."""
    with sync_playwright() as playwright:
        arguments = ["--disable-gpu", *(["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else [])]
        try:
            opened = playwright.chromium.launch(executable_path=chromium(), args=arguments)
        except Exception as error:
            pytest.fail(f"no browser starts; install Chromium, or set CHROMIUM to its path: {error}")
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def usual(browser) -> Iterator[BrowserContext]:
    """A context whose cache keeps Streamlit's scripts, so that only a worker's first page waits for them."""
    context = browser.new_context()
    yield context
    context.close()


@pytest.fixture
def open_page(browser, usual, server):
    """Open pages by path; at the end no page may have raised, logged an error, or asked anyone else for anything.

    A test's first page has no cookies; each further one, and one with options of a context's own, is another visitor's.
    """
    contexts, problems = [], []

    def open_one(
        path: str = "/",
        *,
        width: int = 1280,
        height: int = 720,
        scheme: str = "light",
        wait: str | None = CHART,
        watch: Callable[[Page], object] = lambda page: None,
        **more,
    ):
        viewport = {"width": width, "height": height}
        context = browser.new_context(viewport=viewport, **more) if more or contexts else usual
        contexts.append(context)
        page = context.new_page()
        page.set_viewport_size(viewport)
        page.emulate_media(color_scheme=scheme)
        page.set_default_timeout(PATIENCE)
        if SLOWNESS > 1:
            slow_down(page, SLOWNESS)

        def console(message):
            if message.type == "error":
                problems.append(f"console: {message.text} ({message.location.get('url')})")

        page.on("console", console)
        page.on("pageerror", lambda error: problems.append(f"page error: {error}"))
        page.on(
            "request",
            lambda r: (
                None
                if r.url.startswith((server.url, "data:", "blob:"))
                else problems.append(f"asked elsewhere: {r.url}")
            ),
        )
        watch(page)
        page.goto(server.url + path)
        if wait:
            page.wait_for_selector(wait)
        settle(page)
        return page

    yield open_one
    for context in contexts:
        if context is not usual:
            context.close()
    for page in usual.pages:
        page.close()
    usual.clear_cookies()
    assert not problems, "\n".join(problems)


@pytest.fixture
def blank(browser):
    """An empty page for JavaScript that needs no app; a page error fails the test."""
    context = browser.new_context()
    page = context.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert not errors, errors
