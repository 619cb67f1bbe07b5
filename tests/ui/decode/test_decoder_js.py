"""The browser's decoder against PyTorch on random z, in node: with WebAssembly and without."""

import base64

import decoded
import foreign
import numpy as np
import pytest
import torch
from node import evaluate

from ui.decode import decoder, numpy_decoder
from vae import runs
from vae.model.networks import build as build_network
from vae.opened import opening
from vae.spec import layers as networks

PROGRAM = """async ([header, weights, points, wasm]) => {
    const module = await use("decode/decoder.js");
    const model = module.makeDecoder(header, floats(weights), { wasm });
    const z = floats(points), d = header.latent, n = z.length / d;
    const pixels = header.shape.reduce((a, b) => a * b, 1), out = new Float32Array(n * pixels);
    for (let i = 0; i < n; i++) out.set(model.decode(z.subarray(i * d, (i + 1) * d)), i * pixels);
    let text = "";
    const raw = new Uint8Array(out.buffer);
    for (let i = 0; i < raw.length; i += 32768) text += String.fromCharCode(...raw.subarray(i, i + 32768));
    return [model.simd, btoa(text)];
}"""


def decode(run, z, wasm=True):
    """Return whether SIMD was used, and the means [N, C, H, W] of z [N, d]."""
    header, weights = decoder.pack(run)
    texts = [base64.b64encode(a.astype("<f4").tobytes()).decode() for a in (weights, z)]
    simd, answer = evaluate(PROGRAM, [header, *texts, wasm])
    return simd, np.frombuffer(base64.b64decode(answer), "<f4").reshape(len(z), *run.spec.shape)


def compare(run, wasm=True, count=1000):
    z, expected = decoded.means(run, count)
    simd, found = decode(run, z, wasm)
    assert simd == wasm
    return np.abs(found - expected).max()


@pytest.mark.parametrize("name", ["mnist-vae-2d", "mnist-autoencoder-2d", "digits-vae-2d", "sprites-beta-vae-10d"])
def test_shipped_models_decode_as_in_pytorch(name):
    assert compare(runs.find(name, [runs.shipped()])) < 1e-3


@pytest.mark.parametrize("name", ["mnist-vae-2d", "sprites-beta-vae-10d"])
def test_the_plain_fallback_decodes_the_same(name):
    assert compare(runs.find(name, [runs.shipped()]), wasm=False, count=100) < 1e-3


@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "elu", "silu", "gelu", "softplus", "tanh", "sigmoid"])
def test_every_activation(tmp_path, activation):
    run = decoded.untrained(
        tmp_path / "run", shape=(1, 5, 7), encoder={"kind": "mlp", "widths": [9, 6], "activation": activation}
    )
    assert compare(run, count=200) < 1e-5


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32), (2, 17, 23), (1, 9, 64)])
def test_transposed_convolutions_of_any_shape(tmp_path, shape):
    run = decoded.untrained(
        tmp_path / "run", shape=shape, latent=3, encoder={"kind": "conv", "channels": [5, 6, 7], "hidden": 11}
    )
    assert compare(run, count=100) < 1e-5


@pytest.mark.parametrize(
    "likelihood",
    [{"kind": "continuous_bernoulli"}, {"kind": "normal", "sigma": "each"}, {"kind": "normal", "sigma": "shared"}],
)
def test_the_mean_of_every_likelihood(tmp_path, likelihood):
    encoder = {"kind": "mlp", "widths": [8]}
    run = decoded.untrained(tmp_path / "run", shape=(2, 6, 5), likelihood=likelihood, encoder=encoder)
    assert compare(run, count=300) < 1e-4


# layers that no network of this package makes, and models of other libraries bring
LAYERS = {
    "convolution and upsampling": [
        {"kind": "linear", "in": 2, "out": 60},
        {"kind": "unflatten", "shape": [3, 4, 5]},
        {"kind": "upsample", "scale": 2},
        {"kind": "conv2d", "in": 3, "out": 4, "kernel": 3, "stride": 1, "padding": 1},
        {"kind": "tanh"},
        {"kind": "conv2d", "in": 4, "out": 2, "kernel": 4, "stride": 2, "padding": 1},
    ],
    "moves": [
        {"kind": "linear", "in": 2, "out": 60},
        {"kind": "unflatten", "shape": [3, 4, 5]},
        {"kind": "permute", "axes": [2, 0, 1]},
        {"kind": "pad", "pads": [1, 2, 0, 3]},
        {"kind": "conv_transpose2d", "in": 5, "out": 2, "kernel": 3, "stride": 2, "padding": 0,
         "output_padding": [0, 0]},
        {"kind": "pad", "pads": [0, 0, -1, -1]},
        {"kind": "flatten"},
        {"kind": "unflatten", "shape": [2, 4, 2, 9, 2]},
        {"kind": "permute", "axes": [1, 4, 0, 2, 3]},
        {"kind": "flatten"},
        {"kind": "unflatten", "shape": [8, 2, 18]},
    ],
    "numbers": [
        {"kind": "affine", "in": 1, "out": 1},
        {"kind": "linear", "in": 2, "out": 24},
        {"kind": "leaky_relu", "slope": 0.2},
        {"kind": "unflatten", "shape": [4, 2, 3]},
        {"kind": "affine", "in": 4, "out": 4},
        {"kind": "elu", "alpha": 1.5},
        {"kind": "clamp", "low": -1.1, "high": None},
        {"kind": "sigmoid"},
        {"kind": "logit"},
        {"kind": "clamp", "low": None, "high": 0.9},
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", LAYERS)
def test_foreign_layers_are_torchs(name):
    """In the browser and on the server, against torch's own."""
    layers = LAYERS[name]
    torch.manual_seed(0)
    net = build_network(layers)
    weights, tensors, offset = {}, {}, 0
    for key, value in net.state_dict().items():
        value = value + 0.1 * torch.randn(value.shape)  # not the ones and zeros that layers begin with
        weights[key] = value.numpy()
        tensors[key] = [offset, value.numel()]
        offset += value.numel()
    net.load_state_dict({key: torch.from_numpy(value) for key, value in weights.items()})
    z = np.random.default_rng(0).normal(size=(50, 2)).astype(np.float32)
    with torch.no_grad():
        expected = net(torch.from_numpy(z)).numpy()
    header = {"layers": layers, "mean": "identity", "shape": list(expected.shape[1:]), "latent": 2, "tensors": tensors}
    flat = np.concatenate([value.reshape(-1) for value in weights.values()])
    texts = [base64.b64encode(a.astype("<f4").tobytes()).decode() for a in (flat, z)]
    _, answer = evaluate(PROGRAM, [header, *texts, True])
    found = np.frombuffer(base64.b64decode(answer), "<f4").reshape(expected.shape)
    assert np.abs(found - expected).max() < 1e-5
    assert np.abs(numpy_decoder.raw(layers, weights, z) - expected).max() < 1e-5


@pytest.mark.parametrize("name", [n for n in foreign.names() if n not in foreign.CODE + foreign.GRAPHS])
def test_foreign_decoders_are_their_librarys(name):
    """A decoder of another library decodes in the browser and on the server as in its own."""
    fixture = foreign.load(name)
    made = opening.read(fixture.path).decoder
    assert made.in_browser
    tensors, offset = {}, 0
    for key, value in made.weights.items():
        tensors[key] = [offset, value.size]
        offset += value.size
    header = {"mean": "identity", "shape": list(made.out_shape), "latent": made.in_shape[0], "tensors": tensors}
    flat = np.concatenate([value.reshape(-1) for value in made.weights.values()])
    z = fixture.reference["z"].reshape(len(fixture.reference["z"]), -1)
    texts = [base64.b64encode(a.astype("<f4").tobytes()).decode() for a in (flat, z)]
    _, answer = evaluate(PROGRAM, [{**header, "layers": made.layers}, *texts, True])
    found = np.frombuffer(base64.b64decode(answer), "<f4")
    expected = fixture.reference["decoded"]
    assert foreign.distance(found, expected) < 2e-6
    assert foreign.distance(numpy_decoder.raw(made.layers, made.weights, z), expected) < 2e-6


KINDS = """async (layers) => {
    const { makeDecoder } = await use("decode/decoder.js");
    return layers.map((layer) => {
        try {
            makeDecoder({ layers: [layer], mean: "identity", shape: [1, 2, 2], latent: 4, tensors: {} }, null);
            return "";
        } catch (error) {
            return error.message;
        }
    });
}"""


def test_the_browser_knows_the_kinds_that_the_core_says():
    sizes = {"in": 1, "out": 1, "kernel": 1, "stride": 1, "padding": 0, "output_padding": [0, 0], "scale": 1}
    sizes |= {"axes": [0], "pads": [0, 0, 0, 0], "low": 0, "high": None}
    kinds = sorted(networks.IN_BROWSER | set(networks.ACTIVATIONS))
    refusals = evaluate(KINDS, [{"kind": kind, "shape": [1, 2, 2], **sizes} for kind in kinds])
    assert {kind for kind, refusal in zip(kinds, refusals, strict=True) if not refusal} == networks.IN_BROWSER
    assert {refusal for refusal in refusals if refusal} == {"the browser knows no layer of kind mish"}


# the 801 bytes of WebAssembly against the same product in float64, for every remainder of the blocks of four rows
MATMUL = """async () => {
    const { MATMUL_WASM } = await use("decode/decoder.js");
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


def test_the_matrix_product_in_webassembly():
    assert evaluate(MATMUL) < 1e-5
