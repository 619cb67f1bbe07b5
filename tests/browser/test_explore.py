"""Exploring by hand: hover, pin, lasso, keyboard, links and themes, on the shipped models without data."""

import re

import numpy as np
from harness import CHART, card, picture, pixel, settle, until
from maps import decoded_on_the_way, kept, lasso, mark, number
from playwright.sync_api import expect

from vae import runs


def pinned(page):
    """Return the pinned point, as the address has it."""
    page.wait_for_function("() => new URL(location.href).searchParams.get('z')")
    return page.evaluate("() => new URL(location.href).searchParams.get('z').split(',').map(Number)")


def test_hover_decodes_and_follows_the_pointer(open_page):
    page = open_page("/?model=digits-vae-2d")
    assert page.title() == "Explore · Latent Space Explorer" and page.locator("h1").count() == 1
    meant = page.locator(".st-key-explorer dt", has_text="log p(z)").first.get_attribute("title")
    assert meant and "prior" in meant
    assert len(set(decoded_on_the_way(page))) == 3


def test_click_pins_a_point_and_keeps_the_chart(open_page):
    """A click pins the point under the pointer and mounts no chart again."""
    page = open_page("/?model=digits-vae-2d")
    mark(page)
    page.mouse.click(*pixel(page, 0.8, -0.4))
    np.testing.assert_allclose(pinned(page), [0.8, -0.4], atol=0.03)
    settle(page)
    expect(page.locator(".st-key-chip_image")).to_contain_text("pinned z = (0.8")
    assert kept(page)
    page.mouse.click(*pixel(page, -0.5, 0.5))
    page.wait_for_function("() => new URL(location.href).searchParams.get('z').startsWith('-0.')")
    settle(page)
    assert kept(page)


def test_the_pin_can_be_taken_away(open_page):
    page = open_page("/?model=digits-vae-2d&z=0.5,0.5")
    card(page).get_by_role("button", name="Unpin").click()
    page.wait_for_function("() => !new URL(location.href).searchParams.get('z')")
    settle(page)
    expect(page.locator(".st-key-chip_image")).to_contain_text("test #")
    page.mouse.click(*pixel(page, 0.8, -0.4))
    np.testing.assert_allclose(pinned(page), [0.8, -0.4], atol=0.03)


def test_a_lasso_counts_what_lies_inside_and_leaves_the_chart(open_page):
    page = open_page("/?model=digits-vae-2d")
    mark(page)
    lasso(page, [(-1, -1), (1, -1), (1, 1), (-1, 1)])
    page.wait_for_selector(".st-key-selection_csv")
    settle(page)
    n = number(page)
    means = runs.find("digits-vae-2d", [runs.shipped()]).codes.means if shipped("digits-vae-2d") else None
    if means is not None:
        inside = int((np.abs(means) < 1).all(1).sum())
        assert abs(n - inside) <= 0.03 * len(means) + 2
    counts = page.locator("[data-testid=stHtml] div span:nth-child(3n)").all_inner_texts()
    assert sum(int(c.replace(",", "")) for c in counts) == n > 0
    expect(page.get_by_text(re.compile(r"^Mean of \d"))).to_have_count(1)
    assert "z=" not in page.url, "a lasso is no click, even where it ends where it began"
    assert "z=" not in page.url  # a lasso that ends where it began pins nothing
    assert kept(page)


def shipped(name):
    return (runs.shipped() / name / "codes.npz").is_file()


def test_the_selection_downloads(open_page):
    page = open_page("/?model=digits-vae-2d")
    page.keyboard.press("a")
    page.wait_for_selector(".st-key-selection_csv")
    settle(page)
    n = number(page)
    with page.expect_download() as started:
        page.locator(".st-key-selection_csv button").click()
    with open(started.value.path()) as file:
        assert len(file.read().splitlines()) == n + 1
    with page.expect_download() as started:
        page.locator(".st-key-selection_npz button").click()
    with np.load(started.value.path(), allow_pickle=False) as file:
        assert len(file["index"]) == n


def test_the_keyboard_moves_and_pins(open_page):
    page = open_page("/?model=digits-vae-2d&z=0.000,0.000")
    before = picture(page)
    card(page).locator("[tabindex='0']").first.focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowUp")
    until(page, lambda: picture(page) != before)
    page.keyboard.press("Enter")
    page.wait_for_function("() => !new URL(location.href).searchParams.get('z').startsWith('0.000')")
    np.testing.assert_allclose(pinned(page), [0.5, 0.5], atol=0.01)


def test_a_link_reproduces_the_screen(open_page):
    page = open_page("/?model=ten-dimensions&plane=3,7&z=0.5,0,0,0,0,0,1,0,0,0")
    expect(page.locator(".st-key-header")).to_contain_text("ten-dimensions")
    expect(page.locator(".st-key-chip_image")).to_contain_text("pinned z")
    assert page.locator(".st-key-map .axis").all_text_contents() == ["z₃ →", "↑ z₇"]
    page.reload()
    page.wait_for_selector(CHART)
    settle(page)
    expect(page.locator(".st-key-chip_image")).to_contain_text("pinned z")
    np.testing.assert_allclose(pinned(page), [0.5, 0, 0, 0, 0, 0, 1, 0, 0, 0])


def test_the_model_and_the_pin_survive_a_change_of_page(open_page):
    page = open_page("/?model=digits-vae-2d&z=0.250,0.250")
    page.get_by_role("link", name="Models").click()
    page.wait_for_selector(".st-key-curves, .st-key-card_digits-vae-2d")
    settle(page)
    expect(page.locator(".st-key-chip_image")).to_contain_text("pinned z")
    assert "z=" in page.url
    page.get_by_role("link", name="Explore", exact=True).click()
    page.wait_for_selector(CHART)
    settle(page)
    np.testing.assert_allclose(pinned(page), [0.25, 0.25])


def test_rubbish_in_the_address_is_answered_and_the_map_is_there(open_page):
    page = open_page("/?model=missing&z=abc&plane=99,1")
    assert page.get_by_text("no model").count() >= 1
    expect(page.locator(".st-key-header")).to_contain_text("mnist-vae-2d")


def test_other_planes_of_a_larger_latent_space(open_page):
    page = open_page("/?model=ten-dimensions")
    page.get_by_text("PCA", exact=True).click()
    page.wait_for_function("() => new URL(location.href).searchParams.get('plane') === 'pca'")
    settle(page)
    assert "PC 1" in page.locator(".st-key-map .axis.across").text_content()


def test_chart_follows_the_colours_of_the_theme(open_page):
    """Dark and light are the theme's colours and the chart follows."""
    for scheme, paper, ink in (("light", "rgb(251, 250, 247)", 0), ("dark", "rgb(14, 17, 23)", 255)):
        page = open_page("/?model=digits-vae-2d", scheme=scheme)
        assert page.evaluate("getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor") == paper
        shown = page.locator(".st-key-map .axis").first.evaluate("e => getComputedStyle(e).color")
        shade = np.mean([int(v) for v in shown.removeprefix("rgb(").rstrip(")").split(",")[:3]])
        assert abs(shade - ink) < 100


def test_download_without_a_network_fails_in_words(open_page):
    """Absent data are told and a download without a network fails in words."""
    page = open_page("/?model=mnist-vae-2d")
    page.get_by_text("MNIST is not on this machine. Showing its saved codes and reconstructions.").wait_for()
    page.locator(".st-key-download_data button").click()
    page.get_by_text("The download of mnist failed").wait_for()
    assert "Traceback" not in page.locator("[data-testid=stMain]").inner_text()
    settle(page)
    page.locator(".st-key-use_digits button").click()
    page.wait_for_function("() => location.search.includes('digits-vae-2d')")
    settle(page)
    expect(page.get_by_text("is not on this machine")).to_have_count(0)


def test_explore_fits_a_phone(open_page):
    page = open_page("/", width=390, height=844, has_touch=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    box = page.locator(CHART).bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390


def test_the_first_screen_fits_a_projector(open_page):
    page = open_page("/")
    box = page.locator(CHART).bounding_box()
    assert box["y"] + box["height"] <= 720
