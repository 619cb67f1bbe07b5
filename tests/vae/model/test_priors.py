"""Priors: joint densities by brute force, samples from what they say, and the VampPrior that is the aggregate."""

import copy
import math

import numpy as np
import pytest
import torch
from ppca import as_vae, data_of, random_ppca
from scipy import stats
from torch.distributions import Categorical, MixtureSameFamily

from vae import data
from vae.data.batches import prepare
from vae.evaluation import bounds
from vae.model import LatentModel, build, draw
from vae.model.families import sample
from vae.model.priors import Vamp, mixture, normal
from vae.spec import Spec, SpecError, preset
from vae.training.loop import State, fit

pytestmark = pytest.mark.usefixtures("double")

MLP = {"kind": "mlp", "widths": [8]}


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def model_of(prior, **changes) -> LatentModel:
    return build.model(Spec(shape=(1, 4, 4), encoder=MLP, prior=prior, **changes))


def shaken(model: LatentModel, size: float = 0.2) -> LatentModel:
    with torch.no_grad():
        for weight in model.prior.parameters():
            weight.normal_(std=size, generator=generator())
    return model


PRIORS = {
    "standard_normal": {"kind": "standard_normal"},
    "mixture": {"kind": "mixture", "components": 4},
    "vamp": {"kind": "vamp", "inputs": 5},
    "flow": {"kind": "flow", "layers": 3, "hidden": 8},
}


@pytest.mark.parametrize("kind", sorted(PRIORS))
def test_every_prior_integrates_to_one(kind):
    with torch.no_grad():
        prior = shaken(model_of(PRIORS[kind])).prior()
        axis = torch.linspace(-16, 16, 501)
        total = prior.log_prob(torch.cartesian_prod(axis, axis)).logsumexp(0).exp() * (axis[1] - axis[0]) ** 2
    assert total.item() == pytest.approx(1, abs=1e-8)


@pytest.mark.parametrize("kind", sorted(PRIORS))
def test_every_priors_samples_are_its_own(kind):
    """Each marginal's distribution function, by quadrature, against the samples: Kolmogorov and Smirnov."""
    with torch.no_grad():
        prior = shaken(model_of(PRIORS[kind])).prior()
        z = sample(prior, 20_000, generator(3))
        axis = torch.linspace(-16, 16, 501)
        grid = prior.log_prob(torch.cartesian_prod(axis, axis)).exp().reshape(501, 501) * (axis[1] - axis[0]) ** 2
    assert z.shape == (20_000, 2)
    for i in range(2):
        weight = grid.sum(1 - i)
        cdf = weight.cumsum(0) - weight / 2
        assert stats.kstest(z[:, i].numpy(), lambda v, cdf=cdf: np.interp(v, axis, cdf)).pvalue > 1e-3


def test_mixture_sums_over_whole_components():
    """Defect elsewhere: logsumexp per dimension, which is a product of marginal mixtures."""
    model = shaken(model_of({"kind": "mixture", "components": 3}, latent=2), 1.0)
    prior, parts = model.prior(), model.prior
    z = torch.randn(6, 2, generator=generator(1))
    weights, scales = parts.logits.softmax(0), parts.log_sigma.exp()
    joint = torch.zeros(6)
    product = torch.ones(6)
    for i in range(6):
        for c in range(3):
            term = weights[c].clone()
            for j in range(2):
                term = term * math.exp(stats.norm(parts.mean[c, j].item(), scales[c, j].item()).logpdf(z[i, j].item()))
            joint[i] += term.detach()
        for j in range(2):
            product[i] *= sum(
                weights[c].item() * stats.norm(parts.mean[c, j].item(), scales[c, j].item()).pdf(z[i, j].item())
                for c in range(3)
            )
    assert torch.allclose(prior.log_prob(z).detach(), joint.log(), atol=1e-12)
    assert (prior.log_prob(z).detach() - product.log()).abs().max() > 0.1


def test_mixture_of_normals_equals_torchs():
    """A mixture of normals is torch's also where it is narrow and far."""
    torch.set_default_dtype(torch.float32)
    scales = torch.logspace(-3, 1, 40).expand(7, 40).contiguous().requires_grad_()
    means = (20 * torch.randn(7, 40, generator=generator())).requires_grad_()
    logits = torch.randn(7, generator=generator())
    z = (means[:3] + scales[:3] * torch.randn(3, 40, generator=generator())).detach().requires_grad_()
    found = mixture(logits, normal(means, scales)).log_prob(z)
    plain = MixtureSameFamily(Categorical(logits=logits.double()), normal(means.double(), scales.double()))
    expected = plain.log_prob(z.double())
    assert found.dtype == torch.float32
    torch.testing.assert_close(found.double(), expected, rtol=1e-5, atol=1e-5)
    wanted = (means, scales, z)
    for a, b in zip(*(torch.autograd.grad(v.sum(), wanted) for v in (found, expected)), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-4)


def test_vamp_is_the_mean_of_the_posteriors_at_its_pseudo_inputs():
    model = model_of({"kind": "vamp", "inputs": 5}, latent=3)
    inputs = model.prior.inputs()
    assert inputs.shape == (5, 1, 4, 4) and inputs.min() >= 0 and inputs.max() <= 1 and inputs.std() > 0.05
    z = torch.randn(4, 3, generator=generator())
    each = torch.stack([model.encode(u[None]).log_prob(z) for u in inputs])
    assert torch.allclose(model.prior().log_prob(z), each.logsumexp(0) - math.log(5), atol=1e-12)
    gradient = torch.autograd.grad(model.prior().log_prob(z).sum(), list(model.parameters()), allow_unused=True)
    used = {name for (name, _), g in zip(model.named_parameters(), gradient, strict=True) if g is not None}
    assert any(n.startswith("encoder") for n in used) and any(n.startswith("prior") for n in used)


def test_training_begins_with_pseudo_inputs_that_are_examples():
    spec = preset(
        "vamp-vae", data="digits", shape=(1, 8, 8), encoder={"kind": "mlp", "widths": [8]}, binarisation="static",
        prior={"kind": "vamp", "inputs": 6},
    )  # fmt: skip
    train = prepare(data.load("digits", "train", n=50), spec)
    state, other = State.fresh(spec), State.fresh(spec)
    next(fit(state, spec, train))
    next(fit(other, spec, train))
    assert torch.equal(state.model.prior.raw, other.model.prior.raw)
    inputs, images = state.model.prior.inputs(), train.take(slice(None))
    distance = (inputs[:, None] - images).flatten(2).abs().amax(2)  # 0.02 is what keeps it learnable, one step is small
    assert (distance.amin(1) < 0.05).all() and len(set(distance.argmin(1).tolist())) == 6
    # a run that goes on keeps what it has learned
    kept = state.model.prior.raw.detach().clone()
    next(fit(state, spec, train))
    assert (state.model.prior.raw - kept).abs().max() < 0.1


def test_a_vamp_prior_of_all_data_is_the_aggregate_posterior():
    """So KL(q(z) || p(z)) = 0, and the rate is the mutual information, at most log N."""
    n = 40
    ppca = random_ppca()
    x = torch.from_numpy(data_of(ppca, n))
    vae = as_vae(ppca)
    vae = LatentModel(Vamp(vae.encoder, 2, (7,), inputs=n), vae.decoder, vae.encoder)
    with torch.no_grad():
        vae.prior.raw.copy_(x)
        drawn = draw(vae, x, 200, generator=generator())
        aggregate = drawn.q.log_prob(drawn.z.reshape(-1, 1, 2)).logsumexp(1) - math.log(n)  # log q(z) by brute force
        assert (aggregate - drawn.log_pz.reshape(-1)).abs().max() < 1e-10  # KL(q(z) || p(z)) = 0, sample by sample
        information = (drawn.log_qz - aggregate.reshape(200, n)).mean()
        assert drawn.rate.mean().item() == pytest.approx(information.item(), abs=1e-10)
        assert (drawn.log_qz - drawn.log_pz).max() <= math.log(n) + 1e-10
        assert not drawn.rate_is_exact
        assert bounds(vae, x[:3], 50, generator()).rate.max() <= math.log(n)


def test_pseudo_inputs_are_saved_and_the_encoder_once():
    """Pseudo inputs are saved with the model and the encoder once."""
    model = model_of({"kind": "vamp", "inputs": 5})
    names = set(model.state_dict())
    assert "prior.raw" in names and not any(n.startswith("prior.encoder") for n in names)
    twin = copy.deepcopy(model)
    with torch.no_grad():
        twin.encoder.net[1].bias.add_(1)
    z = torch.zeros(1, 2)
    assert not torch.allclose(
        twin.prior().log_prob(z), model.prior().log_prob(z)
    )  # the twin's prior has the twin's encoder


@pytest.mark.parametrize("kind", sorted(PRIORS))
def test_every_priors_bound_lies_below_the_exact_log_px(kind):
    """d = 2: quadrature of p(x|z) p(z) against importance sampling with any prior."""
    from vae.evaluation import log_px_grid

    model = shaken(model_of(PRIORS[kind]))
    x = (torch.rand(4, 1, 4, 4, generator=generator()) > 0.5).to(torch.float64)
    with torch.no_grad():
        exact = log_px_grid(model, x, 18.0, 500)
        found = bounds(model, x, 20_000, generator(), chunk=5000)
    error = (1 / found.ess - 1 / 20_000).sqrt()
    assert ((found.log_px - exact).abs() < 5 * error + 1e-9).all()
    assert (found.elbo < exact + 0.05).all()


def test_impossible_priors_are_refused():
    for prior, message in (
        ({"kind": "mixture", "components": 0}, "Components"),
        ({"kind": "vamp", "inputs": 0}, "Pseudo-inputs"),
        ({"kind": "flow", "layers": 0}, "Couplings"),
        ({"kind": "cauchy"}, "Prior .* there is no"),
        ({"kind": "mixture", "clusters": 3}, "clusters"),
    ):
        with pytest.raises(SpecError, match=message):
            model_of(prior)
    with pytest.raises(SpecError, match="density"):
        model_of({"kind": "vamp"}, posterior={"kind": "delta"})
