"""A real server and a real browser; without a browser these tests fail, since a skip would hide that they never ran."""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from harness import CHART, PASSWORD, Server, chromium, settle, slow_down, start, stop, told
from playwright.sync_api import Browser, BrowserContext, Error, Page, Playwright, expect, sync_playwright

from vae import runs

PATIENCE = 120_000  # ms; a machine that tests may be busy with other things
SLOWNESS = float(os.environ.get("SLOW_BROWSER", "1"))  # how many times slower pages run: what a slow machine would find
expect.set_options(timeout=PATIENCE)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Add to a failed test what its pages show, and what its server does: it may not fail again for weeks."""
    report = yield
    if report.failed and call.when == "call":
        for name, made in item.funcargs.items():
            if isinstance(made, Server):
                report.sections.append((f"{name}: the server", told(made)))
            for page in made.context.pages if isinstance(made, Tab) else ():
                report.sections.append((f"page {page.url}", _shown(page)))
    return report


def _shown(page: Page) -> str:
    """Return a page's state and text, or why it gives none."""
    try:
        # not `evaluate`, which waits for ever where a page hangs
        return page.wait_for_function(
            """() => {
                const app = document.querySelector("[data-test-script-state]");
                const waiting = [...document.querySelectorAll("[data-state]")];
                return [
                    `script: ${app?.dataset.testScriptState}`,
                    `components: ${waiting.map((e) => `${e.className} ${e.dataset.state}`).join(", ")}`,
                    document.body.innerText,
                ].join("\\n");
            }""",
            timeout=10_000,
        ).json_value()
    except Error as error:
        return f"no answer: {error}"


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
    running = start(data, LATENT_TEACHER=PASSWORD)
    yield running
    stop(running.process)


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """What starts browsers; a thread can have one of them."""
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def browser(playwright) -> Iterator[Browser]:
    """Chromium."""
    arguments = ["--disable-gpu", *(["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else [])]
    try:
        opened = playwright.chromium.launch(executable_path=chromium(), args=arguments)
    except Exception as error:
        pytest.fail(f"no browser starts; install Chromium, or set CHROMIUM to its path: {error}")
    yield opened
    opened.close()


class Tab:
    """A tab that every test finds as if it were new, though its process stays.

    A new process reads Streamlit's and Plotly's scripts again, which takes longer than most tests.
    """

    def __init__(self, context: BrowserContext):
        self.context = context
        self.page: Page | None = None

    def fresh(self) -> Page:
        """Return the empty tab."""
        if self.page is None or self.page.is_closed():
            self.page = self.context.new_page()
        self.page.emulate_media(media="null", color_scheme="light", reduced_motion="null")
        self.page.set_viewport_size({"width": 1280, "height": 720})
        return self.page

    def leave(self) -> None:
        """Take away what a test left in the tab, and every other tab."""
        for page in self.context.pages:
            if page is not self.page:
                page.close()
        if self.page is not None and not self.page.is_closed():
            with suppress(Error):  # a page without an origin has none
                self.page.evaluate("sessionStorage.clear()")
            self.page.goto("about:blank")
            self.page.mouse.up()
            self.page.mouse.move(-1, -1)
        self.context.clear_cookies()


@pytest.fixture(scope="session")
def tab(browser) -> Iterator[Tab]:
    """The tab of all tests that ask for no context of their own."""
    context = browser.new_context()
    yield Tab(context)
    context.close()


@pytest.fixture
def open_page(browser, tab, server):
    """Open pages by path; at the end no page may have raised, logged an error, or asked anyone else for anything.

    A test's first page has no cookies; each further one, and one with options of a context's own, is another visitor's.
    The first is the tab that all tests share, unless the test wants its `own`, for what no tab gets rid of.
    """
    contexts, problems, heard = [], [], []

    def listen(page: Page, event: str, hear: Callable[[Any], object]) -> None:
        page.on(event, hear)
        heard.append((page, event, hear))

    def open_one(
        path: str = "/",
        *,
        width: int = 1280,
        height: int = 720,
        scheme: str = "light",
        wait: str | None = CHART,
        own: bool = False,
        watch: Callable[[Page], object] = lambda page: None,
        **more,
    ):
        viewport = {"width": width, "height": height}
        context = browser.new_context(viewport=viewport, **more) if more or contexts else tab.context
        contexts.append(context)
        page = context.new_page() if own or context is not tab.context else tab.fresh()
        page.set_viewport_size(viewport)
        page.emulate_media(color_scheme=scheme)
        page.set_default_timeout(PATIENCE)
        if SLOWNESS > 1:
            slow_down(page, SLOWNESS)

        def console(message):
            if message.type == "error":
                problems.append(f"console: {message.text} ({message.location.get('url')})")

        def request(asked):
            if not asked.url.startswith((server.url, "data:", "blob:")):
                problems.append(f"asked elsewhere: {asked.url}")

        listen(page, "console", console)
        listen(page, "pageerror", lambda error: problems.append(f"page error: {error}"))
        listen(page, "request", request)
        watch(page)
        page.goto(server.url + path)
        if wait:
            page.wait_for_selector(wait)
        settle(page)
        return page

    yield open_one
    for page, event, hear in heard:
        page.remove_listener(event, hear)
    for context in contexts:
        if context is not tab.context:
            context.close()
    tab.leave()
    assert not problems, "\n".join(problems)


@pytest.fixture
def blank(tab):
    """An empty page for JavaScript that needs no app; a page error fails the test."""
    page = tab.fresh()
    errors = []

    def hear(error):
        errors.append(str(error))

    page.on("pageerror", hear)
    yield page
    page.remove_listener("pageerror", hear)
    tab.leave()
    assert not errors, errors
