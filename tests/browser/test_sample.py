"""Sampling by hand: temperature, a box, sessions of their own, the manifold under the pointer, and sliders."""

import re

import numpy as np
import pytest
from fake_runs import complete, make_run
from harness import settle, until
from playwright.sync_api import expect

from ui.shared import library
from vae import runs
from vae.answers import sample
from vae.runs.load import load_model
from vae.training import finish

THERE = ".samples .panel.left[data-state=there]"
BOTH = f"{THERE} ~ .panel.right[data-state=there]"
MISH = {"data": "digits", "shape": (1, 8, 8), "encoder": {"kind": "mlp", "widths": [16], "activation": "mish"}}
# the pool's first answer loads torch

# counts the messages that the page sends to its server
WATCH = """() => {
    window.sent = 0;
    const { send } = WebSocket.prototype;
    WebSocket.prototype.send = function (data) {
        window.sent++;
        return send.call(this, data);
    };
}"""


@pytest.fixture
def sampled(open_page):
    """Open the page and wait for its grids, manifold or rows."""

    def open_it(path="/sample?model=digits-vae-2d", ready=BOTH, **more):
        page = open_page(path, wait=None, **more)
        page.wait_for_selector(ready)
        settle(page)
        return page

    return open_it


def grid(page, side):
    """Return the pixels of a grid, as a data URL."""
    canvas = page.locator(f".panel.{side} .sheet canvas").first
    return canvas.evaluate("canvas => canvas.toDataURL()")


def drag(page, slider, start, end, steps=12, release=True):
    """Drag a slider between two shares of its width, slowly enough for a frame a step."""
    box = slider.bounding_box()
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + start * box["width"], y)
    page.mouse.down()
    for k in range(1, steps + 1):
        page.mouse.move(box["x"] + (start + (end - start) * k / steps) * box["width"], y)
        page.wait_for_timeout(25)
    if release:
        page.mouse.up()


def test_page_opens_with_prior_and_aggregate_posterior(sampled):
    """With no click there is the prior beside the aggregate posterior."""
    page = sampled("/sample")
    sources = page.locator(".panel select").evaluate_all("all => all.map(s => s.value)")
    assert sources == ["prior", "aggregate"]
    assert grid(page, "left") != grid(page, "right")
    text = page.locator(".samples").inner_text()
    assert "near the codes of real images" in text and "means of p(x|z)" in text
    assert "MNIST is not on this machine" in text
    assert page.locator(".samples output").all_inner_texts() == ["1.00", "1.00"]


def test_temperature_is_drawn_again_when_released(sampled):
    """Temperature follows the hand and is drawn again when it lets go."""
    page = sampled()
    before, right = grid(page, "left"), grid(page, "right")
    updates = page.evaluate("__latentSamples.updates")
    slider = page.locator(".panel.left input[type=range]")
    drag(page, slider, 0.32, 0.8, release=False)
    until(page, lambda: page.evaluate("__latentSamples.decodes") > 36 and grid(page, "left") != before)
    settle(page, 250)
    held = grid(page, "left")
    assert page.evaluate("__latentSamples.updates") == updates, "a hand on the slider needs no server"
    page.mouse.up()
    page.wait_for_function("() => new URL(location.href).searchParams.get('left')")
    page.wait_for_function("n => __latentSamples.updates > n", arg=updates)
    page.wait_for_selector(THERE)
    settle(page)
    assert "left=prior" in page.url
    # what the browser moved along its line is what the server then draws
    assert difference(held, grid(page, "left"), page) <= 2
    assert grid(page, "right") == right
    drag(page, slider, 0.8, 0.0)
    page.wait_for_function("() => new URL(location.href).searchParams.get('left').includes(',0.05,')")


def difference(a, b, page):
    """Return by how many grey levels two pictures differ at most."""
    return page.evaluate(
        """async ([a, b]) => {
            const pixels = async (url) => {
                const image = new Image();
                image.src = url;
                await image.decode();
                const canvas = new OffscreenCanvas(image.width, image.height), context = canvas.getContext("2d");
                context.drawImage(image, 0, 0);
                return context.getImageData(0, 0, image.width, image.height).data;
            };
            const [x, y] = [await pixels(a), await pixels(b)];
            return x.length === y.length ? x.reduce((most, v, i) => Math.max(most, Math.abs(v - y[i])), 0) : 999;
        }""",
        [a, b],
    )


def test_two_browsers_show_models_of_their_own(sampled):
    """Two browsers with different models do not see each other."""
    one, two = sampled("/sample?model=digits-vae-2d"), sampled("/sample?model=mnist-vae-2d")
    mine = grid(one, "left")
    drag(two, two.locator(".panel.left input[type=range]"), 0.32, 0.9)
    two.get_by_role("button", name="Draw again").click()
    two.wait_for_function("() => new URL(location.href).searchParams.get('seed') === '1'")
    settle(two, 1500)
    assert grid(one, "left") == mine and "seed" not in one.url and "left" not in one.url
    expect(one.locator(".st-key-header")).to_contain_text("digits-vae-2d")
    expect(two.locator(".st-key-header")).to_contain_text("mnist-vae-2d")
    one.reload()
    one.wait_for_selector(BOTH)
    settle(one)
    assert grid(one, "left") == mine
    assert one.evaluate("__latentSharedModel.header.run") == "digits-vae-2d"
    assert two.evaluate("__latentSharedModel.header.run") == "mnist-vae-2d"


def test_a_link_reproduces_the_samples(sampled):
    path = "/sample?model=digits-vae-2d&left=aggregate,0.5,sample&right=mixture,1.5,mean&seed=7"
    one, two = sampled(path), sampled(path)
    assert grid(one, "left") == grid(two, "left") and grid(one, "right") == grid(two, "right")
    text = one.locator(".samples").inner_text()
    assert "samples of p(x|z), z from q(z)" in text and "means of p(x|z), z from mixture" in text


def test_a_box_drawn_on_the_map_confines_the_samples(sampled):
    page = sampled()
    page.wait_for_function("() => window.__latentSharedModel")
    corners = page.locator(".ground").evaluate("g => [g.project(-1.5, 1.2), g.project(0, 0)]")
    page.mouse.move(*corners[0])
    page.mouse.down()
    page.mouse.move(*corners[1], steps=6)
    page.mouse.up()
    page.wait_for_function("() => new URL(location.href).searchParams.get('box')")
    page.get_by_text("Both grids: samples from the box only").wait_for()
    box = [float(v) for v in page.evaluate("() => new URL(location.href).searchParams.get('box')").split(",")]
    np.testing.assert_allclose(box, [-1.5, 0, 0, 1.2], atol=0.06)
    page.get_by_role("button", name="Clear the box").click()
    page.wait_for_function("() => !new URL(location.href).searchParams.get('box')")


def test_a_hopeless_box_says_so_and_can_be_cleared(sampled):
    page = sampled("/sample?model=digits-vae-2d&box=60,61,60,61", ready=".panel.left[data-state=failed]")
    expect(page.locator(".panel.left .state")).to_contain_text("larger region")
    page.get_by_role("button", name="Clear the box").click()
    page.wait_for_selector(BOTH)


def test_a_click_on_a_sample_pins_it_and_its_neighbour_is_told(sampled):
    page = sampled("/sample?model=digits-vae-2d&mode=expert")
    page.get_by_text(re.compile("^(Not a|Possible) copy")).wait_for()
    page.locator(".panel.right .sheet").click(position={"x": 90, "y": 30})
    expect(page.locator(".st-key-chip_image")).to_contain_text("pinned z")
    settle(page)
    z = page.evaluate("() => new URL(location.href).searchParams.get('z').split(',').map(Number)")
    samples = sample.draw(runs.find("digits-vae-2d", [runs.shipped()]).path, "aggregate")
    assert np.abs(samples.z - z).max(1).min() < 1e-3
    text = page.locator(".samples .card").inner_text()
    assert "held-out" in text and "log q(z) − log p(z)" in text and "training #" in text


def test_densities_come_and_go_with_the_mode(sampled):
    """The switch adds and removes the densities of samples; the grids stay mounted and their images the same."""
    page = sampled()
    page.get_by_text(re.compile("^(Not a|Possible) copy")).wait_for()
    shown = page.locator(".samples .card .numbers")
    strips = page.locator(".samples canvas.ratios")
    grid = page.locator(".panel.left canvas").first
    drawn = grid.evaluate("canvas => { window.__grid = canvas; return canvas.toDataURL(); }")
    before = shown.inner_text()
    assert "log p(z)" not in before and strips.locator("visible=true").count() == 0
    page.locator(".st-key-mode").get_by_text("Expert").click()
    expect(shown).to_contain_text("log q(z) − log p(z)")
    expect(strips.first).to_be_visible()
    page.locator(".st-key-mode").get_by_text("Simple").click()
    expect(shown).not_to_contain_text("log p(z)")
    assert shown.inner_text() == before, "what stays is the same"
    assert grid.evaluate("canvas => canvas === window.__grid && canvas.toDataURL()") == drawn


def test_autoencoder_says_that_it_has_no_prior(sampled):
    """An autoencoder is sampled from its codes and says that it has no prior."""
    page = sampled("/sample?model=mnist-autoencoder-2d&mode=expert")
    expect(page.get_by_text("An autoencoder has no prior to sample from")).to_have_count(1)
    assert page.locator(".panel select").evaluate_all("all => all.map(s => s.value)") == ["aggregate", "mixture"]
    assert page.locator(".panel.left input[type=range]").is_disabled()
    text = page.locator(".samples").inner_text()
    assert "log p(z)" not in text.replace("No log q(z) − log p(z)", "") and "near a code" in text
    page.locator(".panel.right select").select_option("standard")
    page.get_by_text("This model has no prior. N(0, I) shows").wait_for()


def told(page):
    """Return the z that stands beside the manifold; nothing where none does yet."""
    texts = page.locator(".manifold .numbers dd").all_inner_texts()[:2]
    return [float(text.replace("−", "-")) if text.strip("–") else np.nan for text in texts] or [np.nan, np.nan]


@pytest.mark.parametrize("spacing", ["linear", "quantile"])
def test_manifold_cell_is_what_the_pointer_decodes_to(sampled, spacing):
    """The manifold's cell under the pointer is what the pointer decodes to."""
    name = "digits-vae-2d"
    page = sampled(f"/sample?model={name}&show=manifold&side=10&spacing={spacing}", ".manifold[data-state=there]")
    page.wait_for_function("() => window.__latentSharedModel?.decoder")
    canvas = page.locator(".manifold .sheet canvas").first
    box = canvas.bounding_box()
    run = runs.find(name, [runs.shipped()])
    plane = np.zeros(2), np.eye(2)
    expected = sample.grid(run.path, 10, spacing == "quantile", *plane)
    for row, column in ((1, 2), (8, 5), (0, 9)):
        page.mouse.move(box["x"] + (column + 0.5) / 10 * box["width"], box["y"] + (row + 0.5) / 10 * box["height"])
        until(page, lambda z=expected.z[row, column]: np.allclose(told(page), z, atol=0.04))
        decoded = np.array(page.evaluate("() => Array.from(__latentManifold.pixels)")) / 255
        # the cell, drawn by the server, is the image that the browser decodes there, but for a pointer's whole pixels
        np.testing.assert_allclose(decoded, expected.images[row, column].ravel(), atol=0.06)
        np.testing.assert_allclose(decoded, library.decode(run, expected.z[row, column][None])[0].ravel(), atol=0.06)


def test_traversal_slider_decodes_and_pins_when_released(sampled):
    """A traversal's slider decodes in the browser and pins when it is let go."""
    page = sampled("/sample?model=digits-vae-2d&show=traverse", ".traverse[data-rows=there]")
    settle(page)
    slider = page.locator(".traverse input[type=range]").first
    page.evaluate(WATCH)
    before = page.evaluate("() => __latentTraverse.decodes")
    shown = page.evaluate("() => Array.from(__latentTraverse.pixels)")
    drag(page, slider, 0.5, 0.9, steps=20, release=False)
    until(page, lambda: page.evaluate("() => __latentTraverse.decodes") > before)
    until(page, lambda: page.evaluate("() => Array.from(__latentTraverse.pixels)") != shown)
    assert page.evaluate("() => __latentTraverse.sent") == 0 and "z=" not in page.url
    assert page.evaluate("() => window.sent") == 0, "a hand on the slider needs no server"
    page.mouse.up()
    expect(page.locator(".st-key-chip_image")).to_contain_text("pinned z")
    settle(page)
    pinned = page.evaluate("() => new URL(location.href).searchParams.get('z').split(',').map(Number)")
    row = int(page.locator(".traverse .row").first.get_attribute("data-dimension"))
    assert pinned[row] == pytest.approx(2.4, abs=0.25)


def test_dimensions_are_ordered_by_kl_and_dead_ones_are_grey(sampled):
    """Many dimensions come in the order of their KL with the dead ones greyed."""
    page = sampled("/sample?model=sprites-beta-vae-10d&show=traverse", ".traverse[data-rows=there]")
    rates = [float(t.split()[0]) for t in page.locator(".traverse .name span").all_inner_texts()]
    assert len(rates) == 10 and rates == sorted(rates, reverse=True)
    expect(page.locator(".traverse .row.dead")).to_have_count(3)
    expect(page.locator(".traverse .why").first).to_contain_text("hardly changes between images")
    page.get_by_role("button", name="any image").click()
    page.wait_for_function("() => new URL(location.href).searchParams.get('z')")
    settle(page)
    expect(page.locator(".st-key-chip_image")).to_contain_text("#")


def test_server_decodes_what_the_browser_cannot_and_says_so(sampled, server):
    """A decoder that the browser cannot run is run by the server and says so."""
    run = complete(make_run(server.data / "runs", "mish", **MISH))
    finish.encode(run, load_model(run))
    page = sampled("/sample?model=mish&show=traverse", ".traverse .badge:not([hidden])")
    canvas = page.locator(".traverse canvas").first
    before = canvas.evaluate("canvas => canvas.toDataURL()")
    drag(page, page.locator(".traverse input[type=range]").first, 0.5, 0.95)
    expect(page.locator(".st-key-chip_image")).to_contain_text("pinned z")
    until(page, lambda: canvas.evaluate("canvas => canvas.toDataURL()") != before)
    settle(page)
    page.get_by_text("Samples", exact=True).click()
    page.wait_for_selector(BOTH)
    page.get_by_text("Manifold", exact=True).click()
    page.wait_for_selector(".manifold .badge:not([hidden])")


@pytest.mark.parametrize("show", ["samples", "manifold", "traverse"])
def test_on_a_phone_nothing_sticks_out(sampled, show):
    ready = {"samples": BOTH, "manifold": ".manifold[data-state=there]", "traverse": ".traverse[data-rows=there]"}
    page = sampled(f"/sample?model=digits-vae-2d&show={show}", ready[show], width=390, height=844)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
