"""The browser's decoder against PyTorch, in real Chromium, on random z: with WebAssembly and without."""

import base64
import json

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from ui import decoder
from vae import finish, runs
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
        expected = finish.load(run).decode(torch.from_numpy(z)).mean.numpy()
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
    from vae import networks

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
