"""The browser's decoder against PyTorch, in real Chromium, on random z: with WebAssembly and without."""

import base64
import json

import numpy as np
import pytest
import torch
from fake_runs import make_run
from harness import card, picture, pixel, settle
from playwright.sync_api import expect
from safetensors.torch import save_file

from ui.decode import decoder
from ui.explore import explorer
from vae import runs
from vae.geometry import plane
from vae.runs.load import load_model
from vae.spec import Spec, preset

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


def untrained(path, **changes):
    """Return a run with random weights, large enough for its activations to bend."""
    spec: Spec = preset("vae", binarisation="none", **changes)
    run = runs.create(path, spec)
    model = spec.build()
    with torch.no_grad():
        for name, weight in model.named_parameters():
            weight.mul_(2.0 if name.endswith("weight") else 1.0)
    save_file(model.state_dict(), run.path / "model.safetensors")
    return run


def compare(page, run, wasm=True, count=COUNT):
    z = np.random.default_rng(0).normal(size=(count, run.spec.latent)).astype(np.float32) * 1.5
    with torch.no_grad():
        expected = load_model(run).decode(torch.from_numpy(z)).mean.numpy()
    simd, found = in_browser(page, run, z, wasm)
    assert simd == wasm
    assert expected.std() > 1e-3
    return np.abs(found - expected).max()


@pytest.mark.parametrize("name", ["mnist-vae-2d", "mnist-autoencoder-2d", "digits-vae-2d", "sprites-beta-vae-10d"])
def test_shipped_models_decode_as_in_pytorch(blank, name):
    assert compare(blank, runs.find(name, [runs.shipped()])) < 1e-3


@pytest.mark.parametrize("name", ["mnist-vae-2d", "sprites-beta-vae-10d"])
def test_the_plain_fallback_decodes_the_same(blank, name):
    assert compare(blank, runs.find(name, [runs.shipped()]), wasm=False, count=100) < 1e-3


@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "elu", "silu", "gelu", "softplus", "tanh", "sigmoid"])
def test_every_activation(blank, tmp_path, activation):
    run = untrained(
        tmp_path / "run", shape=(1, 5, 7), encoder={"kind": "mlp", "widths": [9, 6], "activation": activation}
    )
    assert compare(blank, run, count=200) < 1e-5


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32), (2, 17, 23), (1, 9, 64)])
def test_transposed_convolutions_of_any_shape(blank, tmp_path, shape):
    run = untrained(
        tmp_path / "run", shape=shape, latent=3, encoder={"kind": "conv", "channels": [5, 6, 7], "hidden": 11}
    )
    assert compare(blank, run, count=100) < 1e-5


@pytest.mark.parametrize(
    "likelihood",
    [{"kind": "continuous_bernoulli"}, {"kind": "normal", "sigma": "each"}, {"kind": "normal", "sigma": "shared"}],
)
def test_the_mean_of_every_likelihood(blank, tmp_path, likelihood):
    encoder = {"kind": "mlp", "widths": [8]}
    run = untrained(tmp_path / "run", shape=(2, 6, 5), likelihood=likelihood, encoder=encoder)
    assert compare(blank, run, count=300) < 1e-4


def test_convolution_and_upsampling_layers(blank):
    """Layers that no network of this package makes yet, against torch's own."""
    layers = [
        {"kind": "linear", "in": 2, "out": 60},
        {"kind": "unflatten", "shape": [3, 4, 5]},
        {"kind": "upsample", "scale": 2},
        {"kind": "conv2d", "in": 3, "out": 4, "kernel": 3, "stride": 1, "padding": 1},
        {"kind": "tanh"},
        {"kind": "conv2d", "in": 4, "out": 2, "kernel": 4, "stride": 2, "padding": 1},
    ]
    from vae.spec import layers as networks

    torch.manual_seed(0)
    net = networks.build(layers)
    weights, tensors, offset = [], {}, 0
    for name, value in net.state_dict().items():
        tensors[name] = [offset, value.numel()]
        weights.append(value.numpy().reshape(-1))
        offset += value.numel()
    header = {"layers": layers, "mean": "identity", "shape": [2, 4, 5], "latent": 2, "tensors": tensors}
    z = np.random.default_rng(0).normal(size=(50, 2)).astype(np.float32)
    texts = [base64.b64encode(a.astype("<f4").tobytes()).decode() for a in (np.concatenate(weights), z)]
    _, answer = blank.evaluate(PROGRAM, [decoder.SOURCE, header, *texts, True])
    found = np.frombuffer(base64.b64decode(answer), "<f4").reshape(50, 2, 4, 5)
    with torch.no_grad():
        assert np.abs(found - net(torch.from_numpy(z)).numpy()).max() < 1e-5


# the 801 bytes of WebAssembly against the same product in float64, for every remainder of the blocks of four rows
MATMUL = """async (source) => {
    const { MATMUL_WASM } = await import(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
    const code = Uint8Array.from(atob(MATMUL_WASM), (c) => c.charCodeAt(0));
    if (!WebAssembly.validate(code)) return "invalid";
    const { memory, matmul } = new WebAssembly.Instance(new WebAssembly.Module(code)).exports;
    const f = new Float32Array(memory.buffer);
    let worst = 0;
    for (let m = 1; m <= 9; m++) {
        const [k, n] = [2 * m + 1, 8 * (1 + (m % 3))], b = m * k, c = b + k * n;
        for (let t = 0; t < c; t++) f[t] = Math.sin(t * 1.7 + m);
        f[c + m * n] = 12345; // just behind the result, and to be left alone
        matmul(0, 4 * b, 4 * c, m, k, n);
        if (f[c + m * n] !== 12345) return "wrote too far";
        for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) {
            let sum = 0;
            for (let p = 0; p < k; p++) sum += f[i * k + p] * f[b + p * n + j];
            worst = Math.max(worst, Math.abs(sum - f[c + i * n + j]));
        }
    }
    return worst;
}"""


def test_the_matrix_product_in_webassembly(blank):
    assert blank.evaluate(MATMUL, decoder.SOURCE) < 1e-5


LOOK = """async ([source, payload, points]) => {
    const { Space, unpack } = await import(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
    const bytes = Uint8Array.from(atob(payload), (c) => c.charCodeAt(0));
    await new Promise((done) => {
        const content = unpack(bytes);
        window.space = new Space(content, done);
        if (!content.header.sections.images && !content.header.sections.tiles) done();
    });
    const answers = points.map((z) => ({ ...space.look(z), ...space.verdict(space.look(z)) }));
    const u = points.map((z) => space.toPlane(z));
    const blends = space.header.atlas ? u.map((p) => space.blend(p) && Array.from(space.blend(p))) : null;
    const image = space.real(3);
    const back = u.map((p) => space.toLatent(p));
    return { answers, calibration: space.calibration, u, back, blends, image: image && Array.from(image) };
}"""


def look(page, run, points, images=None):
    """Return what the card's arithmetic says of the points."""
    content = explorer.payload(run, run.codes, plane.default(run.codes), images, "map")
    return page.evaluate(LOOK, [explorer.SOURCE, base64.b64encode(content).decode(), np.asarray(points).tolist()])


def log_ratio(codes, z, skip=None):
    """Return log q(z) - log p(z) and the distance to the nearest code, by the book, in float64."""
    keep = np.arange(len(codes)) != skip
    means, scales = codes.means[keep].astype(float), codes.scales[keep].astype(float)
    each = torch.distributions.Normal(torch.from_numpy(means), torch.from_numpy(scales)).log_prob(torch.from_numpy(z))
    log_q = torch.logsumexp(each.sum(1), 0) - np.log(len(means))
    log_p = torch.distributions.Normal(0.0, 1.0).log_prob(torch.from_numpy(z)).sum()
    return float(log_q - log_p), float(np.linalg.norm(means - z, axis=1).min()), float(log_p)


@pytest.mark.parametrize("name", ["mnist-vae-2d", "sprites-beta-vae-10d"])
def test_the_cards_densities_are_exact_and_check_themselves(blank, name):
    run = runs.find(name, [runs.shipped()])
    codes = run.codes
    z = np.random.default_rng(0).normal(size=(20, run.spec.latent)) * 1.5
    found = look(blank, run, z)
    for answer, point in zip(found["answers"], z, strict=True):
        ratio, distance, log_p = log_ratio(codes, point)
        assert answer["logQ"] - answer["logP"] == pytest.approx(ratio, abs=1e-4)
        assert answer["logP"] == pytest.approx(log_p, abs=1e-6)
        assert answer["distance"] == pytest.approx(distance, abs=1e-6)
    chosen = [k * len(codes) // 200 for k in range(200)]
    left_out = [log_ratio(codes, codes.means[i].astype(float), i) for i in chosen]
    assert found["calibration"]["strays"] == pytest.approx(np.mean([r[0] < -2 for r in left_out]))
    assert found["calibration"]["spacing"] == pytest.approx(np.sort([r[1] for r in left_out])[100], abs=1e-6)
    # 4,096 codes in ten dimensions leave half of the data in "holes": the card then does not say so of anything
    assert found["calibration"]["trusted"] == (name == "mnist-vae-2d")
    words = {answer["text"] for answer in found["answers"]}
    assert words <= ({"in the data", "in a hole"} if name == "mnist-vae-2d" else {"near the data", "far from the data"})


def test_an_autoencoder_has_no_densities(blank):
    run = runs.find("mnist-autoencoder-2d", [runs.shipped()])
    found = look(blank, run, [[0, 0], [500, 500]])
    assert "logP" not in found["answers"][0] and "logQ" not in found["answers"][0]
    assert [a["text"] for a in found["answers"]] == ["near the data", "far from the data"]


def test_planes_and_images_arrive_as_they_were_sent(blank, tmp_path):
    run = make_run(tmp_path, "ten", latent=10, shape=(3, 8, 8), encoder={"kind": "mlp", "widths": [8]})
    images = np.random.default_rng(0).integers(0, 256, (len(run.codes), 3, 8, 8), dtype=np.uint8)
    u = np.random.default_rng(1).normal(size=(5, 2))
    ground = plane.default(run.codes)
    found = look(blank, run, ground.to_latent(u), images)
    np.testing.assert_allclose(found["u"], u, atol=1e-6)
    np.testing.assert_allclose(found["back"], ground.to_latent(u), atol=1e-6)
    np.testing.assert_allclose(found["image"], images[3].reshape(-1) / 255, atol=1e-6)


def test_an_atlas_is_blended_between_its_tiles_and_ends_at_its_edge(blank, tmp_path):
    run = make_run(tmp_path, "mish", shape=(1, 2, 2), encoder={"kind": "mlp", "widths": [4], "activation": "mish"})
    tiles = np.random.default_rng(0).integers(0, 256, (4, 4, 1, 2, 2), dtype=np.uint8)
    np.savez(run.path / "atlas.npz", tiles=tiles, extent=np.array([-2, 1, 0, 6], np.float32))
    # tiles lie at x = -2, -1, 0, 1 and y = 0, 2, 4, 6
    points = [[-2, 0], [1, 6], [-1, 4], [-0.75, 3.0], [1.1, 3.0], [0, -0.1]]
    found = look(blank, run, points)["blends"]
    at = lambda row, column: tiles[row, column].reshape(-1) / 255  # noqa: E731
    between = 0.5 * (0.75 * at(1, 1) + 0.25 * at(1, 2)) + 0.5 * (0.75 * at(2, 1) + 0.25 * at(2, 2))
    for blend, expected in zip(found, [at(0, 0), at(3, 3), at(2, 1), between, None, None], strict=True):
        if expected is None:
            assert blend is None
        else:
            np.testing.assert_allclose(blend, expected, atol=1e-5)


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


def test_on_a_phone_the_map_itself_shows_what_is_decoded_and_a_tap_pins(open_page):
    page = open_page("/", width=390, height=844, has_touch=True)
    preview = page.locator("[data-latent-preview]")
    expect(preview).to_be_visible()
    before = preview.evaluate("canvas => canvas.toDataURL()")
    page.touchscreen.tap(*pixel(page, 0.9, -0.5))
    page.wait_for_function("() => location.search.includes('z=')")
    settle(page)
    assert preview.evaluate("canvas => canvas.toDataURL()") != before
    card(page).locator("canvas").first.scroll_into_view_if_needed()
    expect(preview).to_be_hidden()


def test_marks_return_to_a_chart_that_was_emptied(open_page):
    page = open_page("/?z=0.500,0.500")
    mark = page.locator("[data-latent-marker=pin]")
    expect(mark).to_be_visible()
    mark.evaluate("node => node.remove()")
    expect(mark).to_be_visible()
