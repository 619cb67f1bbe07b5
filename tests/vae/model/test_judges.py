"""Bounds and flows against other people's code: pyro's ELBOs with the same noise, zuko's coupling."""

import pyro
import pyro.distributions as dist
import pytest
import torch
import zuko
from pyro.infer import RenyiELBO, Trace_ELBO, TraceMeanField_ELBO
from torch.distributions import AffineTransform, Independent, Normal, TransformedDistribution

from vae.model import build, draw
from vae.model.estimators import Path
from vae.model.families import Flow
from vae.model.objectives import elbo, iwae
from vae.spec import preset

pytestmark = pytest.mark.usefixtures("double")

K, B, D = 6, 4, 2
CASES = {
    "ELBO, sampled rate": (Trace_ELBO, lambda drawn: drawn.mean(drawn.log_w), False, B),
    "ELBO, rate in closed form": (TraceMeanField_ELBO, elbo, True, B),
    # pyro's weights are of the whole batch, so of one image
    "importance-weighted bound": (lambda **given: RenyiELBO(alpha=0, **given), iwae, False, 1),
}


@pytest.fixture
def model():
    spec = preset("vae", data="digits", shape=(1, 8, 8), latent=D, encoder={"kind": "mlp", "widths": [16]})
    return build.model(spec).double()


def gradients(model):
    return {name: weight.grad.clone() for name, weight in model.named_parameters()}


def ours(model, x, noise, objective, closed):
    """Value, summed over the batch, and gradients of our bound with this noise [K, B, d]."""
    path = Path(sample=lambda q, k, source: q.base_dist.loc + q.base_dist.scale * noise, closed=closed)
    model.zero_grad()
    value = objective(draw(model, x, K, path)).sum()
    value.backward()
    return value.item(), gradients(model)


def pyros(model, x, noise, estimator, monkeypatch):
    """The same of pyro's estimator, whose Normals draw this noise."""
    monkeypatch.setattr("torch.distributions.normal._standard_normal", lambda *_, **__: noise)
    pyro.clear_param_store()
    flat = x.flatten(1)

    def generative(_):
        pyro.module("decoder", model.decoder.net)
        with pyro.plate("images", len(x)):
            z = pyro.sample("z", dist.Normal(torch.zeros(D), torch.ones(D)).expand([len(x), D]).to_event(1))
            logits = model.decoder.net(z.reshape(-1, D)).reshape(*z.shape[:-1], -1)
            pyro.sample("x", dist.Bernoulli(logits=logits).to_event(1), obs=flat)

    def guide(_):
        pyro.module("encoder", model.encoder.net)
        with pyro.plate("images", len(x)):
            q = model.encode(x).base_dist
            pyro.sample("z", dist.Normal(q.loc, q.scale).to_event(1))

    model.zero_grad()
    kind = estimator(num_particles=K, vectorize_particles=True, max_plate_nesting=1)
    loss = kind.loss_and_grads(generative, guide, x)
    return -loss, {name: -grad for name, grad in gradients(model).items()}


@pytest.mark.parametrize("name", CASES)
def test_value_and_gradient_are_pyros(model, monkeypatch, name):
    estimator, objective, closed, rows = CASES[name]
    generator = torch.Generator().manual_seed(3)
    x = (torch.rand(rows, 1, 8, 8, generator=generator) > 0.5).double()
    noise = torch.randn(K, rows, D, generator=generator)
    value, own = ours(model, x, noise, objective, closed)
    expected, theirs = pyros(model, x, noise, estimator, monkeypatch)
    assert value == pytest.approx(expected, abs=1e-10)
    assert any(gradient.abs().max() > 1e-3 for gradient in own.values())
    for weight, gradient in own.items():
        torch.testing.assert_close(gradient, theirs[weight], rtol=0, atol=1e-11)


def test_a_flows_density_and_inverse_are_zukos():
    d, context = 3, 2
    flow = Flow((d,), layers=4, hidden=8, context=context).double()
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for weight in flow.parameters():
            weight.normal_(std=0.3, generator=generator)
    raw = torch.randn(1, 2 * d + context, generator=generator)
    q = flow(raw)

    def coupling(layer):
        def affine(kept):
            z = torch.zeros(*kept.shape[:-1], d)
            z[..., layer.mask.bool()] = kept
            log_scale, shift = layer(z, raw[0, 2 * d :])
            free = ~layer.mask.bool()
            return zuko.transforms.DependentTransform(AffineTransform(shift[..., free], log_scale[..., free].exp()), 1)

        return zuko.transforms.CouplingTransform(affine, layer.mask.bool())

    base = Independent(Normal(q.normal.loc[0], q.normal.scale[0]), 1)
    judge = TransformedDistribution(base, [coupling(layer) for layer in flow.layers])
    z = torch.randn(50, d, generator=generator)
    torch.testing.assert_close(q.log_prob(z.unsqueeze(1))[:, 0], judge.log_prob(z), rtol=0, atol=1e-11)
