"""The browser's decoder against PyTorch, in real Chromium, on random z: with WebAssembly and without."""

import base64
import json

import decoded
import numpy as np
import pytest
from harness import card, picture, pixel, settle
from playwright.sync_api import expect

from ui.decode import decoder
from vae import runs

COUNT = 1000

PROGRAM = """async ([source, header, weights, points, wasm]) => {
    const module = await import(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
    const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    const model = module.makeDecoder(header, new Float32Array(bytes(weights).buffer), { wasm });
    const z = new Float32Array(bytes(points).buffer), d = header.latent, n = z.length / d;
    const pixels = header.shape.reduce((a, b) => a * b, 1), out = new Float32Array(n * pixels);
    for (let i = 0; i < n; i++) out.set(model.decode(z.subarray(i * d, (i + 1) * d)), i * pixels);
    let text = "";
    const raw = new Uint8Array(out.buffer);
    for (let i = 0; i < raw.length; i += 32768) text += String.fromCharCode(...raw.subarray(i, i + 32768));
    return [model.simd, btoa(text)];
}"""


# milliseconds of each of 200 decodes, after as many to warm up; `now` is coarse, so ten make one measurement
DECODE_TIMES = """async ([source, header, weights]) => {
    const module = await import(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
    const bytes = Uint8Array.from(atob(weights), (c) => c.charCodeAt(0));
    const model = module.makeDecoder(header, new Float32Array(bytes.buffer));
    const times = [];
    for (let k = 0; k < 40; k++) {
        const began = performance.now();
        for (let i = 0; i < 10; i++) model.decode(new Array(header.latent).fill(Math.sin(k + i)));
        times.push((performance.now() - began) / 10);
    }
    return times.slice(20);
}"""


def send(page, run, program):
    """Run a program of the decoder's source, header and weights in the page, and return its answer."""
    header, weights = decoder.pack(run)
    return page.evaluate(program, [decoder.SOURCE, header, base64.b64encode(weights.tobytes()).decode()])


def in_browser(page, run, z, wasm=True):
    """Return whether SIMD was used, and the browser's means [N, C, H, W]."""
    header, weights = decoder.pack(run)
    texts = [base64.b64encode(a.astype("<f4").tobytes()).decode() for a in (weights, z)]
    simd, answer = page.evaluate(PROGRAM, [decoder.SOURCE, json.loads(json.dumps(header)), *texts, wasm])
    return simd, np.frombuffer(base64.b64decode(answer), "<f4").reshape(len(z), *run.spec.shape)


def compare(page, run, count=COUNT):
    z, expected = decoded.means(run, count)
    simd, found = in_browser(page, run, z)
    assert simd
    return np.abs(found - expected).max()


@pytest.mark.parametrize("name", ["mnist-vae-2d", "sprites-beta-vae-10d"])
def test_shipped_models_decode_as_in_pytorch(blank, name):
    assert compare(blank, runs.find(name, [runs.shipped()])) < 1e-3


def test_another_plane_keeps_the_decoder(open_page):
    page = open_page("/?model=ten-dimensions")
    assert page.evaluate("window.__latent.models") == 1
    page.mouse.move(*pixel(page, 1, 1), steps=3)
    page.wait_for_timeout(300)
    before = picture(page)
    page.get_by_text("PCA", exact=True).click()
    page.wait_for_function("() => location.search.includes('plane=pca')")
    settle(page)
    page.mouse.move(*pixel(page, 1, 1), steps=3)
    page.wait_for_timeout(300)
    expect(card(page).locator(".numbers").first).to_contain_text("PC 1")
    assert picture(page) != before
    assert page.evaluate("window.__latent.models") == 1


def test_tap_on_a_phone_pins_and_the_map_shows_the_image(open_page):
    """On a phone, where the card is out of sight, the map itself shows what is decoded; a tap pins."""
    page = open_page("/?model=digits-vae-2d", width=390, height=844, has_touch=True)
    preview = page.locator("[data-latent-preview]")
    page.touchscreen.tap(*pixel(page, 0.2, 0.3))  # takes the invitation away
    expect(preview).to_be_visible()
    before = preview.evaluate("canvas => canvas.toDataURL()")
    page.touchscreen.tap(*pixel(page, 0.9, -0.5))
    page.wait_for_function("() => location.search.includes('z=0.9')")
    settle(page)
    assert preview.evaluate("canvas => canvas.toDataURL()") != before
    card(page).locator("canvas").first.scroll_into_view_if_needed()
    expect(preview).to_be_hidden()


def test_marks_return_to_a_chart_that_was_emptied(open_page):
    page = open_page("/?model=digits-vae-2d&z=0.500,0.500")
    mark = page.locator("[data-latent-marker=pin]")
    expect(mark).to_be_visible()
    mark.evaluate("node => node.remove()")
    expect(mark).to_be_visible()
