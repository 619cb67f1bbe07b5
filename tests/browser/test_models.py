"""The library and a model's detail, in a real browser."""

import shutil

from harness import settle
from playwright.sync_api import expect


def test_a_card_changes_the_model_everywhere(open_page):
    page = open_page("/models", wait=".st-key-curves .js-plotly-plot")
    page.locator(".st-key-show_digits-vae-2d button").click()
    page.get_by_role("heading", name="digits-vae-2d").wait_for()
    settle(page)
    assert "model=digits-vae-2d" in page.url
    expect(page.locator(".st-key-header")).to_contain_text("digits-vae-2d")
    page.get_by_role("link", name="Explore this model").click()
    page.wait_for_selector(".st-key-map .bigmap[data-ready]")
    settle(page)
    expect(page.locator(".st-key-header")).to_contain_text("digits-vae-2d")
    assert "model=digits-vae-2d" in page.url, "the address must still name the model after a change of page"


def test_the_detail_shows_curves_numbers_and_command(open_page):
    page = open_page("/models?model=mnist-vae-2d&mode=expert", wait=".st-key-curves .js-plotly-plot")
    text = page.locator("[data-testid=stMain]").inner_text()
    assert "±" in text
    assert "nats" in text
    assert page.locator("[data-testid=stCode]").count() >= 1
    assert page.locator(".katex-display").count() >= 1


def test_a_deep_link_opens_the_models_page_in_the_dark(open_page):
    page = open_page("/models", wait=".st-key-curves .js-plotly-plot", scheme="dark")
    assert (
        page.evaluate("getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor")
        == "rgb(14, 17, 23)"
    )


def test_a_broken_run_is_told_of_and_harms_nothing(open_page, server):
    broken = server.data / "runs" / "broken-run"
    broken.mkdir()
    try:
        (broken / "spec.json").write_text("{nope")
        page = open_page("/models", wait=".st-key-curves .js-plotly-plot")
        page.get_by_text("cannot be read").wait_for()
    finally:  # other tests read the same library
        shutil.rmtree(broken)


def test_the_models_page_fits_a_phone(open_page):
    page = open_page("/models", wait=".st-key-curves .js-plotly-plot", width=390, height=844)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
