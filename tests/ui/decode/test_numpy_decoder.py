"""The server's own forward pass against torch, for each likelihood and for conv and mlp decoders."""

import numpy as np
import pytest
import torch

from ui.decode import numpy_decoder
from vae.model import build
from vae.model.networks import build as build_network
from vae.spec import layers as networks
from vae.spec import preset


@pytest.mark.parametrize("activation", networks.ACTIVATIONS)
@pytest.mark.parametrize("kind", ["mlp", "conv"])
def test_raw_output_is_torchs(kind, activation):
    shape = (2, 14, 13) if kind == "conv" else (1, 8, 8)
    options = {"channels": [8, 6], "hidden": 20} if kind == "conv" else {"widths": [20, 15]}
    spec = preset("vae", shape=shape, latent=3, encoder={"kind": kind, "activation": activation, **options})
    layers = spec.decoder_layers()
    torch.manual_seed(0)
    net = build_network(layers)
    z = torch.randn(5, 3) * 2
    with torch.no_grad():
        expected = net(z).numpy()
    found = numpy_decoder.raw(layers, {k: v.numpy() for k, v in net.state_dict().items()}, z.numpy())
    np.testing.assert_allclose(found, expected, atol=2e-5)


@pytest.mark.parametrize("likelihood", ["bernoulli", "continuous_bernoulli", "normal"])
def test_mean_is_the_models(likelihood):
    spec = preset("vae", shape=(1, 6, 5), encoder={"kind": "mlp", "widths": [9]}, likelihood={"kind": likelihood})
    model = build.model(spec)
    z = torch.randn(4, 2, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        expected = model.decode(z).mean.clamp(0, 1).numpy()
    weights = {
        k.removeprefix("decoder.net."): v.numpy() for k, v in model.state_dict().items() if k.startswith("decoder.net.")
    }
    found = numpy_decoder.mean(spec, spec.decoder_layers(), weights, z.numpy())
    np.testing.assert_allclose(found, expected, atol=2e-5)


def test_means_of_vectors_have_no_limits():
    """Rows and series are no pixels: their means lie anywhere."""
    spec = preset("vae", shape=(7,), encoder={"kind": "mlp", "widths": [9]}, likelihood={"kind": "normal"})
    model = build.model(spec)
    z = 30 * torch.randn(50, 2, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        expected = model.decode(z).mean.numpy()
    names = {k: v.numpy() for k, v in model.state_dict().items()}
    weights = {k.removeprefix("decoder.net."): v for k, v in names.items() if k.startswith("decoder.net.")}
    assert expected.min() < -0.5 and expected.max() > 1.5
    np.testing.assert_allclose(numpy_decoder.mean(spec, spec.decoder_layers(), weights, z.numpy()), expected, atol=2e-5)


def test_continuous_bernoulli_mean_is_smooth_near_one_half():
    """The continuous Bernoulli's mean is smooth where its formula is not."""
    spec = preset(
        "vae", shape=(1, 1, 1), latent=1, encoder={"kind": "linear"}, likelihood={"kind": "continuous_bernoulli"}
    )
    layers = spec.decoder_layers()
    weights = {f"{i}.weight": np.ones((1, 1)) for i in range(3)} | {f"{i}.bias": np.zeros(1) for i in range(3)}
    z = np.linspace(-0.05, 0.05, 2001)[:, None]
    means = numpy_decoder.mean(spec, layers, weights, z).ravel()
    assert abs(means[1000] - 0.5) < 1e-12
    np.testing.assert_allclose(np.diff(means), 0.05 / 1000 / 12, rtol=1e-2)
