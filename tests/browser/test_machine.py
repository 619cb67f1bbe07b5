"""The machine that opens the Theory page: its layers are torch's, and what is dragged is what is decoded."""

import re
import shutil

import numpy as np
import pytest
import torch
from fake_runs import complete, make_run
from harness import settle
from playwright.sync_api import expect

from ui.decode import numpy_decoder
from vae import data, runs
from vae.answers import loaded, machine
from vae.spec import stages

MACHINE = "window.__latentTheory.page.machine"
SHIPPED = "digits-vae-2d"


def opened(open_page, query=f"model={SHIPPED}&image=3", **more):
    page = open_page(f"/theory?{query}", wait=None, **more)
    page.wait_for_selector(".theory[data-ready]")
    page.wait_for_function(f"{MACHINE}.encoded && {MACHINE}.decoded")
    settle(page)
    return page


def made(page):
    """The point that is decoded, and its image, in [0, 1]."""
    return page.evaluate(f"[Array.from({MACHINE}.z), Array.from({MACHINE}.decoded.mean)]")


def box(page):
    plane = page.locator(".machine .plane")
    plane.scroll_into_view_if_needed()
    return plane.bounding_box()


def test_layers_are_torchs_and_dragging_decodes(open_page):
    page = opened(open_page)
    run, _ = loaded.open_model(runs.find(SHIPPED, [runs.shipped()]).path)
    found = data.load("digits", "test")
    image = (found.images[3].astype(np.uint16) * 255 // found.levels).astype(np.uint8)
    expected = machine.encoding(run.path, image, number=3)
    for k in range(len(expected)):
        shown = page.evaluate(f"Array.from({MACHINE}.encoded.values[{k}])")
        assert np.allclose(shown, expected[f"layer{k}"], atol=1e-5)
    # the picture: cells of the encoder are drawn, in its colour
    blue = page.locator(".machine canvas.network").first.evaluate("""c => {
        const p = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
        let n = 0;
        for (let i = 0; i < p.length; i += 4) if (p[i + 3] > 100 && p[i + 2] > p[i] + 30) n++;
        return n / (c.width * c.height);
    }""")
    assert blue > 0.02
    place = box(page)
    page.mouse.move(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
    page.mouse.down()
    before = page.locator(".machine canvas.made").evaluate("c => c.toDataURL()")
    page.mouse.move(place["x"] + 0.2 * place["width"], place["y"] + 0.8 * place["height"], steps=4)
    page.mouse.up()
    z, image = made(page)
    assert page.locator(".machine canvas.made").evaluate("c => c.toDataURL()") != before
    layers, weights = run.decoder()
    assert np.allclose(image, numpy_decoder.mean(run.spec, layers, weights, np.array([z])).ravel(), atol=1e-4)
    # where the pointer is, is z
    seen = page.evaluate(f"({MACHINE}.plane.seen)")
    unit = min(place["width"], place["height"]) / 2 / seen["half"]
    assert z[0] == pytest.approx(seen["centre"][0] - 0.3 * place["width"] / unit, abs=2 / unit)
    assert z[1] == pytest.approx(seen["centre"][1] - 0.3 * place["height"] / unit, abs=2 / unit)
    # and the decoder's layers, too
    plan = stages.machine(run.spec.decoder_layers(), (run.spec.latent,))
    expected = machine.decoding(run.path, z)
    for k in range(len(plan.hidden)):
        shown = page.evaluate(f"Array.from({MACHINE}.decoded.layers[{k}])")
        assert np.allclose(shown, expected[f"layer{k}"], atol=1e-4)
    # keys move it as well, and bring it back
    page.locator(".machine .plane").press("ArrowRight")
    assert made(page)[0][0] > z[0]
    page.locator(".machine .plane").press("Home")
    assert made(page)[0] == pytest.approx(page.evaluate("Array.from(window.__latentTheory.page.now.mean)"))


def test_samples_are_qs_and_motion_can_be_unwelcome(open_page):
    page = opened(open_page, f"model={SHIPPED}&image=3", reduced_motion="reduce")
    assert page.locator(".machine .part").first.evaluate("n => getComputedStyle(n).animationName") == "none"
    samples = np.array(page.evaluate("Array.from(window.__latentTheory.page.now.z)")).reshape(-1, 2)
    for k in range(2):
        page.get_by_role("button", name="Draw another z").click()
        assert made(page)[0] == pytest.approx(samples[k].tolist())
    _, model = loaded.open_model(runs.find(SHIPPED, [runs.shipped()]).path)
    with torch.no_grad():
        mean = model.decode(torch.tensor(samples[1:2], dtype=torch.float32)).mean[0].numpy()
    assert np.allclose(made(page)[1], mean.ravel(), atol=1e-4)


def test_contents_lead_to_chapters_and_are_in_the_link(open_page):
    page = opened(open_page)
    contents = page.get_by_role("navigation", name="Contents")
    contents.get_by_role("link", name=re.compile("How tight")).click()
    expect(page).to_have_url(re.compile(r"chapter=4\b"))
    expect(contents.locator("[aria-current]")).to_contain_text("How tight")
    page = opened(open_page, f"model={SHIPPED}&chapter=5")
    expect(page.locator('[data-chapter="5"] canvas').first).to_be_in_viewport()


@pytest.mark.parametrize("model", ["sprites-beta-vae-10d", "mnist-autoencoder-2d"])
def test_more_dimensions_and_an_autoencoder_on_a_phone(open_page, model):
    page = opened(open_page, f"model={model}", width=390, height=844)
    z, image = made(page)
    text = page.locator(".machine").inner_text()
    run = runs.find(model, [runs.shipped()])
    if run.spec.probabilistic:
        assert len(z) == 10 and "of 10; the others stay" in text
    else:
        assert "a point: no cloud" in text and "there is no prior" in text
    layers, weights = run.decoder()
    assert np.allclose(image, numpy_decoder.mean(run.spec, layers, weights, np.array([z])).ravel(), atol=1e-4)
    assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
    widths = page.locator(".machine .part").evaluate_all("parts => parts.map(p => p.getBoundingClientRect().right)")
    assert max(widths) <= 390


def test_the_pool_decodes_what_the_browser_cannot(open_page, server):
    small = {"data": "digits", "shape": (1, 8, 8), "encoder": {"kind": "mlp", "widths": [16], "activation": "mish"}}
    run = complete(make_run(server.data / "runs", "mish", n=300, **small))
    try:
        page = opened(open_page, "model=mish")
        place = box(page)
        page.mouse.click(place["x"] + 0.3 * place["width"], place["y"] + 0.4 * place["height"])
        page.wait_for_function(f"!{MACHINE}.asked && {MACHINE}.made.dataset.z")
        z, image = made(page)
        layers, weights = run.decoder()
        expected = numpy_decoder.mean(run.spec, layers, weights, np.array([z])).ravel()
        assert np.allclose(image, expected, atol=1e-4)
        assert page.evaluate(f"{MACHINE}.decoded.layers[0].length") == 16
    finally:
        shutil.rmtree(run.path)
