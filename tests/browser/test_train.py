"""The Train page: models are born while one watches, obey, survive reloads and restarts, and belong to somebody."""

import hashlib
import io
import json
import re
import signal
import zipfile
from contextlib import suppress

import psutil
import pytest
from harness import Server, settle, slow_down, start, stop, until
from playwright.sync_api import Page, expect
from trained import SMALL

from ui.state import visitor
from vae import runs
from vae.runs import Run, status
from vae.runs.manage import create
from vae.spec import preset

HEADLINE, TRAIN = ".st-key-train_headline", ".st-key-train button"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """An app of its own that trains one run at once."""
    data = tmp_path_factory.mktemp("training")
    running = start(data, LATENT_SLOTS="1")
    yield running
    stop(running.process)
    end_trainers(data)


@pytest.fixture(autouse=True)
def alone(server):
    """Leave no run in training behind: the next test shall find the slot free."""
    yield
    end_trainers(server.data)


def end_trainers(data) -> None:
    """Stop every run of a data folder and wait until its process has gone."""
    from vae.jobs.embedded import Embedded

    executor = Embedded(data)
    for job in executor.queue.jobs():
        executor.queue.drop(job.run)
    for path in data.glob("runs/*/"):
        now = status.read(path)
        if now is not None and status.held(path) and now.pid is not None:
            with suppress(psutil.NoSuchProcess):  # it may end by itself in this moment
                process = psutil.Process(now.pid)
                process.kill()
                process.wait(60)


def set_epochs(page: Page, epochs: int) -> None:
    field = page.get_by_role("spinbutton", name="Epochs").first
    field.fill(str(epochs))
    field.press("Enter")
    settle(page)


def press_train(page: Page, epochs: int) -> Run:
    """Train the form's model for so many epochs and return its run."""
    set_epochs(page, epochs)
    page.locator(TRAIN).click()
    page.wait_for_function("() => location.search.includes('run=vae-digits')")
    return named(page)


def named(page: Page) -> Run:
    return Run(page.context.data / "runs" / re.search(r"run=([\w.-]+)", page.url)[1])


@pytest.fixture
def open_train(open_page, server):
    def open_one(path: str = "/train?mode=expert", **more) -> Page:
        page = open_page(path, wait=TRAIN, **more)
        page.context.data = server.data
        return page

    return open_one


def shows(page: Page, text: str | re.Pattern) -> None:
    expect(page.locator(HEADLINE)).to_contain_text(text)


def wait_for_step(page: Page, run: Run, step: int) -> None:
    until(page, lambda: (now := status.read(run.path)) is not None and now.step >= step)


def film(page: Page):
    return page.locator(".st-key-film [data-run]")


def button(page: Page, name: str):
    """Return a button of the left side by its key."""
    key = {"Resume": "go_on"}.get(name, name.lower().replace(" ", "_"))
    return page.locator(f".st-key-{key} button").first


def test_the_first_screen_shows_a_recorded_training(open_train):
    page = open_train()
    shows(page, "Recorded")
    expect(film(page)).to_have_attribute("data-run", "mnist-vae-2d")
    assert int(film(page).get_attribute("data-frames")) > 30
    expect(button(page, "Pause")).to_have_count(0)


def test_model_trains_live_and_every_page_can_use_it(open_train):
    """A model trains live to a better bound and every page can use it."""
    page = open_train()
    run = press_train(page, 40)
    shows(page, "Training")
    expect(film(page)).to_have_attribute("data-frames", re.compile(r"^([3-9]|\d\d+)$"))
    shows(page, "Done")
    held = [r["valid"]["objective"] for r in Run(run.path).history if "valid" in r]
    assert held[-1] > held[0] + 2
    elbo = Run(run.path).metrics["elbo"]
    page.get_by_role("link", name="Models").click()
    page.locator(f".st-key-card_{run.name} button").click()
    settle(page)
    expect(page.locator("[data-testid=stMain]")).to_contain_text(f"ELBO −{-elbo['value']:.2f}")
    page.get_by_role("link", name="Explore", exact=True).click()
    page.wait_for_selector(".st-key-map .bigmap[data-ready]")


def test_place_of_the_film_is_in_the_address(open_page):
    """A link opens the film at its step, a reload too; the address follows the hand; another run begins anew."""
    page = open_page("/train?run=mnist-vae-2d&film=2000", wait=".st-key-film [data-step]")
    settle(page)
    first = int(film(page).get_attribute("data-step"))
    assert 0 < first <= 2000, "the last frame that is not later"
    assert page.locator(".st-key-film .film [aria-label='Play the recording']").count() == 1, "it stands there"
    page.locator(".st-key-film .plane").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("() => new URL(location.href).searchParams.get('film') !== '2000'")
    there = page.evaluate("() => new URL(location.href).searchParams.get('film')")
    assert int(there) > first and int(there) == int(film(page).get_attribute("data-step"))
    page.reload()
    expect(film(page)).to_have_attribute("data-step", there)
    settle(page)
    page.get_by_role("link", name="Models").first.click()
    page.wait_for_selector(".st-key-curves .js-plotly-plot")
    page.get_by_role("link", name="Train").first.click()
    expect(film(page)).to_have_attribute("data-step", there)
    page.wait_for_function("step => new URL(location.href).searchParams.get('film') === step", arg=there)
    page.locator(".st-key-film .plane").focus()
    page.keyboard.press("End")
    page.wait_for_function("() => !location.search.includes('film=')")


def test_pause_step_go_on_and_stop(open_train):
    page = open_train()
    run = press_train(page, 50_000)
    shows(page, "Training")
    wait_for_step(page, run, 30)
    button(page, "Pause").click()
    shows(page, "Paused")
    here = status.read(run.path).step
    button(page, "Step").click()
    shows(page, f"step {here + 1:,} of")
    shows(page, "Paused")
    button(page, "Epoch").click()
    following = (here + 1) // 21 * 21 + 21
    shows(page, f"step {following:,} of")
    shows(page, "Paused")
    button(page, "Resume").click()
    wait_for_step(page, run, following + 20)
    button(page, "Stop").click()
    shows(page, "Stopped")
    assert Run(run.path).metrics["elbo"]["n"] == 360 and len(Run(run.path).codes) == 360


def test_the_buttons_stay_where_they_are_while_a_training_begins(open_train):
    """A button that moves between the press and the release of a mouse is not pressed."""
    page = open_train()
    page.evaluate(
        """() => {
            window.places = new Set();
            const look = () => {
                const button = document.querySelector(".st-key-pause button");
                if (button) places.add(Math.round(button.getBoundingClientRect().top));
                requestAnimationFrame(look);
            };
            look();
        }"""
    )
    run = press_train(page, 50_000)
    expect(film(page)).to_have_attribute("data-run", run.name)
    expect(film(page)).to_have_attribute("data-frames", re.compile(r"^([3-9]|\d\d+)$"))
    assert len(page.evaluate("[...places]")) == 1


def test_tick_keeps_what_the_server_wrote_into_a_widget(open_train):
    """The first ticks of the page know the chooser as it was, and would choose the former run again."""
    often = """(() => {
        const { setInterval } = window;
        window.setInterval = (f, ms, ...rest) => setInterval(f, ms / 20, ...rest);
    })()"""
    page = open_train(own=True, watch=lambda page: page.add_init_script(often))
    slow_down(page, 3)
    run = press_train(page, 50_000)
    shows(page, "Training")
    page.wait_for_timeout(1000)
    assert f"run={run.name}" in page.url
    assert page.get_by_role("combobox", name="Run").input_value() == run.title


def test_a_press_that_a_timer_overtakes_counts_once(open_train):
    """The page's timer sends every value it knows, a press on its way among them, and then the press is sent itself."""
    page = open_train()
    run = press_train(page, 50_000)
    wait_for_step(page, run, 30)
    button(page, "Pause").click()
    shows(page, "Paused")
    here = status.read(run.path).step
    page.evaluate(
        """() => {
            const { setTimeout } = window; // Streamlit sends a press after 0 ms; the page looks every second
            window.setTimeout = (f, ms, ...rest) => setTimeout(f, ms || 1500, ...rest);
        }"""
    )
    button(page, "Step").click()
    page.wait_for_timeout(3000)
    settle(page)
    shows(page, f"step {here + 1:,} of")
    shows(page, "Paused")
    assert status.read(run.path).step == here + 1


def test_the_learning_rate_changes_while_it_trains(open_train):
    page = open_train()
    run = press_train(page, 50_000)
    wait_for_step(page, run, 30)
    page.get_by_role("button", name="Learning rate").click()
    field = page.get_by_role("spinbutton", name="Learning rate").last
    field.fill("0.0003")
    field.press("Enter")
    settle(page)
    button(page, "Use rate").click()
    until(page, lambda: status.read(run.path).learning_rate == 3e-4)


def test_a_reload_and_a_second_tab_show_the_same_run(open_train):
    page = open_train()
    run = press_train(page, 50_000)
    wait_for_step(page, run, 50)
    page.reload()
    shows(page, "Training")
    assert run.name in page.url
    second = page.context.new_page()
    second.goto(page.url)
    shows(second, "Training")
    button(second, "Pause").click()
    shows(second, "Paused")
    shows(page, "Paused")


def test_without_its_address_the_page_finds_the_run_that_goes_on(open_train, server):
    page = open_train()
    run = press_train(page, 50_000)
    wait_for_step(page, run, 10)
    page.goto(server.url + "/train")
    shows(page, "Training")
    expect(film(page)).to_have_attribute("data-run", run.name)


def test_two_visitors_have_runs_of_their_own_and_take_turns(open_train):
    one, two = open_train(), open_train()
    first = press_train(one, 50_000)
    shows(one, "Training")
    expect(film(two)).to_have_attribute("data-run", "mnist-vae-2d")
    second = press_train(two, 2)
    shows(two, "Waiting")
    shows(two, "next in the queue")
    assert Run(first.path).meta["owner"] != Run(second.path).meta["owner"]
    for page, own, other in ((one, first, second), (two, second, first)):
        page.locator(".st-key-train_run").click()
        page.get_by_role("option").first.wait_for()
        options = page.get_by_role("option").all_inner_texts()
        assert len([o for o in options if "recorded" not in o]) == 1, options
        page.keyboard.press("Escape")
        assert own.name != other.name
    two.goto(two.url.replace(second.name, first.name))
    shows(two, "Training")
    expect(button(two, "Pause")).to_have_count(0)
    button(one, "Stop").click()
    two.goto(two.url.replace(first.name, second.name))
    shows(two, "Done")


def test_a_restarted_server_goes_on_with_the_run(open_train, server, browser):
    page = open_train()
    run = press_train(page, 50_000)
    wait_for_step(page, run, 50)
    url, cookies = page.url, page.context.cookies()
    page.close()
    other = start(server.data, LATENT_SLOTS="1")  # a second server on the same folder waits for the lead
    try:
        stop_hard(server)
        here = status.read(run.path).step
        context = browser.new_context()
        context.add_cookies([{**c, "url": other.url} for c in map(bare, cookies)])
        page = context.new_page()
        page.goto(url.replace(server.url, other.url))
        shows(page, "Training")
        wait_for_step(page, run, here + 50)
        button(page, "Stop").click()
        shows(page, "Stopped")
        context.close()
    finally:
        stop(other.process)
        again = start(server.data, port=int(server.url.rsplit(":", 1)[1]), LATENT_SLOTS="1")
        server.process = again.process


def bare(cookie: dict) -> dict:
    return {k: cookie[k] for k in ("name", "value")}


def stop_hard(server: Server) -> None:
    server.process.send_signal(signal.SIGKILL)
    server.process.wait()


def test_a_divergence_says_where_and_offers_a_third_of_the_rate(open_train, server):
    page = open_train()
    run = create(preset("sigma-vae", **SMALL, epochs=50, learning_rate=8.0), owner(page))
    move(run, server)
    page.goto(f"{server.url}/train?run={run.name}")
    button(page, "Resume").click()
    expect(page.get_by_text("Training stopped at step")).to_be_visible()
    page.get_by_role("button", name="Resume at learning rate 2.7").click()
    until(page, lambda: status.read(server.data / "runs" / run.name).attempt == 2)


def owner(page: Page) -> str:
    """Return the visitor's name, as the runs of this browser have it."""
    (cookie,) = [c["value"] for c in page.context.cookies() if c["name"] == visitor.COOKIE]
    return hashlib.sha256(cookie.encode()).hexdigest()[:16]


def move(run: Run, server: Server) -> None:
    (server.data / "runs").mkdir(exist_ok=True)
    run.path.rename(server.data / "runs" / run.name)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """What a test makes by itself is made apart from the server's folder."""
    monkeypatch.setenv("LATENT_DATA", str(tmp_path))


def test_a_branch_goes_on_from_a_paused_run(open_train):
    page = open_train()
    run = press_train(page, 50_000)
    wait_for_step(page, run, 40)
    button(page, "Branch").click()
    expect(page.get_by_text("Train a branch")).to_be_visible()
    page.locator(TRAIN).click()
    page.wait_for_function(f"() => location.search.includes('run=') && !location.search.includes('{run.name}')")
    made = named(page)
    assert made.meta["parent"]["run"] == run.name and made.meta["parent"]["step"] >= 40
    assert status.current(run.path).state == "paused"


def test_name_download_delete_and_undo(open_train, server):
    page = open_train()
    run = press_train(page, 2)
    shows(page, "Done")
    page.get_by_role("button", name="More").click()
    page.locator(f".st-key-run_title_{run.name} input").fill("A *fine* model")
    page.locator(f".st-key-run_note_{run.name} textarea").fill("kept")
    button(page, "Save run").click()
    shows(page, "A *fine* model")
    assert json.loads((run.path / "meta.json").read_text())["note"] == "kept"
    page.keyboard.press("Escape")
    page.get_by_role("button", name="More").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download as zip").click()
    with zipfile.ZipFile(io.BytesIO(download.value.path().read_bytes())) as bundle:
        assert f"{run.name}/model.safetensors" in bundle.namelist()
    button(page, "Delete run").click()
    expect(page.get_by_text("Deleted A *fine* model.")).to_be_visible()
    assert not run.path.exists()
    button(page, "Undo delete").click()
    expect(page.get_by_text("is back")).to_be_visible()
    assert run.path.exists()


def test_a_run_deleted_while_open_is_said(open_train, server):
    page = open_train()
    run = press_train(page, 50_000)
    wait_for_step(page, run, 10)
    end_trainers(server.data)
    runs.write(run.path / "status.json", status.Status("paused", 5, total=10).to_json())
    page.reload()
    shows(page, "Interrupted")
    run.path.rename(server.data / "gone")
    expect(page.get_by_text("This run was deleted")).to_be_visible()


def test_impossible_numbers_are_refused_before_the_run(open_train):
    page = open_train()
    set_epochs(page, 999_999_999)
    expect(page.locator(TRAIN)).to_be_disabled()
    set_epochs(page, 3)
    expect(page.locator(TRAIN)).to_be_enabled()
