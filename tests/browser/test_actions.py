"""What a press changes is seen in the picture, and not only in the address."""

import re

import numpy as np
import pytest
from harness import CHART, card, in_view, pixel, settle, until
from maps import lasso, number
from playwright.sync_api import expect

MAPS = ".st-key-comparing .comparing"
# the share of a canvas's pixels that are not empty
INK = """canvas => {
    const { data } = canvas.getContext("2d", { willReadFrequently: true })
        .getImageData(0, 0, canvas.width, canvas.height);
    let seen = 0;
    for (let t = 3; t < data.length; t += 4) seen += data[t] > 0;
    return seen / (data.length / 4);
}"""


def test_an_unhealthy_example_changes_the_whole_page(open_page):
    page = open_page("/diagnose?model=digits-vae-2d", wait=".st-key-card_rates .js-plotly-plot")
    page.locator(".st-key-diagnosis_examples").get_by_role("button", name="β = 0").first.click()
    expect(page.locator(".st-key-header")).to_contain_text("β = 0")
    expect(page.locator(".st-key-diagnosis")).to_contain_text("Under-regularised")
    expect(page.locator(".st-key-diagnosis_examples").get_by_role("button", name="β = 0").first).to_be_disabled()
    page.go_back()
    expect(page.locator(".st-key-header")).to_contain_text("digits-vae-2d")
    expect(page.locator(".st-key-diagnosis")).not_to_contain_text("Under-regularised")


def test_aligned_maps_are_drawn(open_page):
    """Align turns the second map onto the first, and both stay visible."""
    page = open_page("/compare?models=mnist-autoencoder-2d,mnist-vae-2d", wait=f"{MAPS}[data-ready]")
    axes = page.locator(f"{MAPS} .plane canvas.axes:nth-of-type(2)")

    def drawn():
        return [axes.nth(k).evaluate(INK) for k in (0, 1)], [axes.nth(k).evaluate("c => c.toDataURL()") for k in (0, 1)]

    ink, before = drawn()
    assert min(ink) > 0.005
    page.get_by_text("Align", exact=True).click()
    expect(page.locator(f"{MAPS} .plane").nth(1)).to_be_visible()
    page.wait_for_function("([node, old]) => document.querySelector(node)?.querySelectorAll('.plane')[1]"
                           ".querySelectorAll('canvas')[1].toDataURL() !== old", arg=[MAPS, before[1]])  # fmt: skip
    settle(page)
    ink, after = drawn()
    assert min(ink) > 0.005
    assert after[0] == before[0] and after[1] != before[1]


def test_a_clicked_map_has_the_keys(open_page):
    """After a click on the map the arrow keys move the point that is decoded, and Escape unpins."""
    page = open_page("/?model=digits-vae-2d")
    page.mouse.click(*pixel(page, 0.3, 0.2))
    expect(page.locator(".st-key-chip_image")).to_contain_text("pinned z = (0.3")
    where = card(page).locator("dl.numbers dd").first
    before = np.array([float(v.replace("−", "-")) for v in where.inner_text().strip("()").split(",")])
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowUp")
    moved = before + [0.1, 0.5]
    expect(where).to_have_text("({:.2f}, {:.2f})".format(*moved).replace("-", "−"))
    page.keyboard.press("Escape")
    expect(page.locator(".st-key-chip_image")).to_contain_text("test #")
    assert page.locator(CHART).evaluate("node => node === node.getRootNode().activeElement")


def test_a_new_training_shows_nothing_of_the_film_before(open_page):
    """From the moment in which the film is the new run's, no number of the old one is on the page."""
    page = open_page("/train?run=mnist-vae-2d", wait=".st-key-film [data-frames='41']")
    page.locator(".st-key-film [data-run]").evaluate("""node => {
        const words = () => [node.dataset.run, node.dataset.frames, node.innerText];
        window.seen = [words()];
        new MutationObserver(() => window.seen.push(words())).observe(node, {
            attributes: true, childList: true, subtree: true, characterData: true,
        });
    }""")
    page.get_by_role("button", name="Train", exact=True).click()
    page.wait_for_function("() => window.seen.some(([run, frames]) => run !== 'mnist-vae-2d' && Number(frames) > 0)")
    page.get_by_test_id("stMain").get_by_role("button", name="Stop").click()
    seen = page.evaluate("window.seen")
    assert "of 51,600" in seen[0][2]
    later = [(int(frames), text) for run, frames, text in seen if run != "mnist-vae-2d"]
    assert not [text for _, text in later if "51,600" in text]
    assert not [text for frames, text in later if not frames and re.search(r"(ELBO|distortion|rate)\s+[\d−]", text)]


def test_selection_and_zoom_come_back_with_the_link(open_page):
    """A lasso, one more with shift, and a zoom are in the address: the same codes and view after a reload."""
    page = open_page("/?model=digits-vae-2d")
    lasso(page, [(-1, -1), (0, -1), (0, 1), (-1, 1)])
    page.wait_for_url("**lasso=n**")
    first = number(page)
    page.keyboard.down("Shift")
    lasso(page, [(0.2, -1), (1, -1), (1, 1), (0.2, 1)])
    page.keyboard.up("Shift")
    page.wait_for_function("() => new URLSearchParams(location.search).get('lasso')?.includes(';a')")
    until(page, lambda: number(page) > first)
    both = number(page)
    page.locator(CHART).press("+")
    written = "() => (new URLSearchParams(location.search).get('seen') ?? '').split(',').map(Number)"
    until(page, lambda: page.evaluate(written) == pytest.approx(in_view(page), abs=0.001))
    settle(page)
    seen = np.reshape(in_view(page), (2, 2))
    page.reload()
    page.wait_for_selector(CHART)
    settle(page)
    until(page, lambda: number(page) == both)
    again = np.reshape(in_view(page), (2, 2))
    assert again.mean(1) == pytest.approx(seen.mean(1), abs=0.001)
    # all that was seen, and no more than fits where a scroll bar has come or gone: units are as long across as up
    grown = np.ptp(again, axis=1) / np.ptp(seen, axis=1)
    assert ((grown > 0.985) & (grown < 1.015)).all()


def test_what_is_large_is_fetched_once_and_kept(open_page):
    """Codes, images and weights come by address, and a reload takes them from the browser's cache."""
    received = []

    def watch(page):
        page.on("websocket", lambda ws: ws.on("framereceived", lambda frame: received.append(len(frame))))

    page = open_page("/?model=mnist-vae-2d", watch=watch)
    page.mouse.move(*pixel(page, 0.0, 2.0))
    fetched = (
        "() => performance.getEntriesByType('resource').filter(e => e.name.includes('/parcel/'))"
        ".map(e => [e.transferSize, e.decodedBodySize])"
    )
    until(page, lambda: page.evaluate(fetched))
    first = page.evaluate(fetched)
    assert sum(size for _, size in first) > 300_000 > 0
    assert sum(received) < 500_000
    expect(card(page).locator("dl.numbers").first).to_contain_text("log p(z)")
    received.clear()
    page.reload()
    page.wait_for_selector(CHART)
    settle(page)
    expect(card(page).locator("dl.numbers").first).to_contain_text("log p(z)")
    again = page.evaluate(fetched)
    assert sorted(size for _, size in again) == sorted(size for _, size in first)
    assert sum(sent for sent, _ in again) == 0 and sum(received) < 500_000


def test_selections_go_into_a_file_and_come_back(open_page, tmp_path):
    """What was saved as a file is a selection of another visitor's page again, with the same points."""
    page = open_page("/?model=digits-vae-2d")
    lasso(page, [(-1, -1), (0, -1), (0, 1), (-1, 1)])
    page.wait_for_url("**lasso=n**")
    some = number(page)
    page.get_by_test_id("stPopoverButton").filter(has_text="Selections").click()
    page.get_by_role("textbox", name="Name").fill("left")
    page.keyboard.press("Enter")
    page.locator(".st-key-selection_save button").click()
    with page.expect_download() as started:
        page.locator(".st-key-selections_download button").click()
    started.value.save_as(tmp_path / "selections.json")

    other = open_page("/?model=digits-vae-2d")
    assert number(other) == 0
    other.get_by_test_id("stPopoverButton").filter(has_text="Selections").click()
    other.locator(".st-key-selections_upload input[type=file]").set_input_files(tmp_path / "selections.json")
    other.locator(".st-key-selection_restore_0 button").filter(has_text=f"left · {some}").first.click()
    until(other, lambda: number(other) == some)


def test_a_plane_is_chosen_and_drawn(open_page):
    """Principal axes and pairs of dimensions turn the codes on the map."""
    page = open_page("/?model=ten-dimensions")
    shown = [picture_of(page)]
    for key, choice in (("plane_kind", "PCA"), ("plane_kind", "Pair")):
        page.locator(f".st-key-{key}").get_by_text(choice, exact=True).click()
        until(page, lambda: picture_of(page) != shown[-1])
        settle(page)
        shown.append(picture_of(page))
    page.locator(".st-key-plane_x").get_by_role("combobox").click()
    page.get_by_role("option", name="z₅").click()
    until(page, lambda: "plane=5" in page.url)
    until(page, lambda: picture_of(page) not in shown)


def picture_of(page):
    """Return what the map draws of its codes and axes."""
    drawn = page.locator(".st-key-map .plane canvas")
    return drawn.evaluate_all("canvases => canvases.map((canvas) => canvas.toDataURL()).join()")
