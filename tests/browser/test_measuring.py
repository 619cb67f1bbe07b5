"""Measuring a model again, in a real browser: a number with its error, and a killed process that is only a message."""

import os
import signal

import psutil
from harness import settle, start, stop
from playwright.sync_api import expect

STREAMLIT = "google/_upb"  # protobuf's library, which a process has as soon as it imports Streamlit


def workers(server) -> list[psutil.Process]:
    """Return the pool's processes of a server."""
    children = psutil.Process(server.process.pid).children(recursive=True)
    return [child for child in children if any("popen_loky" in word for word in child.cmdline())]


def maps(process: psutil.Process) -> str:
    """Return the paths of the files that a process has mapped."""
    return " ".join(mapped.path for mapped in process.memory_maps())


def choose(page, k: str, n: str) -> None:
    page.locator(".st-key-measure_k").get_by_text(k, exact=True).click()
    settle(page)
    page.locator(".st-key-measure_n_360").get_by_text(n, exact=True).click()
    settle(page)


def test_press_and_see_a_number_with_its_error(open_page):
    page = open_page("/models?model=digits-vae-2d&mode=expert", wait=".st-key-measure button")
    choose(page, "100", "100")
    page.locator(".st-key-measure button").click()
    page.get_by_text("Evaluated now").wait_for()
    text = page.locator(".st-key-measuring").inner_text()
    assert "±" in text
    assert "nats" in text
    expect(page.locator(".st-key-measuring .katex")).to_have_count(1)


def test_killed_process_is_a_message(open_page, server):
    """A process killed meanwhile is a message and the page lives."""
    page = open_page("/models?model=digits-vae-2d&mode=expert", wait=".st-key-measure button")
    choose(page, "5,000", "all 360")
    page.locator(".st-key-measure button").click()
    page.get_by_text("of 360 images").wait_for()
    for worker in workers(server):
        os.kill(worker.pid, signal.SIGKILL)
    page.get_by_text("Nothing is lost: ask again").wait_for()
    settle(page)
    page.locator(".st-key-measure_k").get_by_text("100", exact=True).click()
    settle(page)
    page.locator(".st-key-measure button").click()
    page.get_by_text("Evaluated now").wait_for()


def test_stop_ends_it(open_page):
    page = open_page("/models?model=digits-vae-2d&mode=expert", wait=".st-key-measure button", width=390, height=844)
    choose(page, "5,000", "all 360")
    page.locator(".st-key-measure button").click()
    page.locator(".st-key-measure_stop button").click()
    page.locator(".st-key-measure_stop").wait_for(state="detached")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_processes_run_no_page_and_end_with_a_killed_app(browser, tmp_path):
    server = start(tmp_path)
    try:
        page = browser.new_page()
        page.goto(f"{server.url}/models?model=digits-vae-2d&mode=expert")
        page.wait_for_selector(".st-key-measure button")
        settle(page)
        page.locator(".st-key-measure button").click()
        page.get_by_text("Evaluated now").wait_for()
        page.close()
        (worker, *_) = workers(server)
        assert STREAMLIT in maps(psutil.Process(server.process.pid))
        assert STREAMLIT not in maps(worker), "a page's script has been executed in a worker"
        children = psutil.Process(server.process.pid).children(recursive=True)
        server.process.kill()
        server.process.wait()
        _, alive = psutil.wait_procs(children, timeout=60)
        assert not alive
    finally:
        stop(server.process)
