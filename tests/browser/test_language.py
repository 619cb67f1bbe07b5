"""The language in a real browser: its own at first, another one by a choice that keeps the view and is remembered."""

import re
from urllib.parse import parse_qs, urlsplit

from harness import CHART, card, pixel, settle
from playwright.sync_api import expect

from ui.words.languages import ASKED

PAGE = "/?model=digits-vae-2d"


def spoken(page):
    return page.evaluate("document.documentElement.lang")


def query(page):
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def test_a_browsers_language_and_another_one_by_choice(open_page, server):
    """A German browser gets German texts from Python and JavaScript; the keyboard chooses English."""
    page = open_page(PAGE, locale="de-DE")
    title = page.get_by_role("heading", level=1)
    assert spoken(page) == "de"
    expect(title).to_contain_text("Eine Karte erkunden")
    expect(page.get_by_role("link", name="Trainieren")).to_be_visible()
    expect(card(page).locator("[aria-label='Decodiertes Bild']").first).to_be_attached()

    page.mouse.click(*pixel(page, 0.9, -0.55))
    expect(page).to_have_url(re.compile(r"[?&]z="))
    settle(page)
    before = query(page)
    page.get_by_role("button", name="Sprache: Deutsch").press("Enter")
    english = page.get_by_role("link", name="English")
    page.keyboard.press("Tab")
    expect(english).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(f"[?&]{ASKED}=en"))
    page.wait_for_selector(CHART)
    settle(page)
    assert spoken(page) == "en" and query(page) == {**before, ASKED: "en"}
    expect(title).to_contain_text("Explore a map")
    expect(page.locator(".st-key-chip_image")).to_contain_text("pinned z = (0.9")

    page.goto(server.url + PAGE)
    expect(title).to_contain_text("Explore a map")
    settle(page)
    assert spoken(page) == "en" and ASKED not in query(page)
