"""The truth about one image against pPCA's closed forms and against the adaptive quadrature."""

import math

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from ppca import as_vae, data_of, random_ppca

from vae.evaluation import exact, split
from vae.evaluation.derivation import FittedPrior, FixedPosterior, refine_from, with_posterior, with_prior
from vae.evaluation.linear import PPCA
from vae.evaluation.quadrature import first
from vae.evaluation.truth import AGREE, SEEN, Lattices, elbo, truth
from vae.model import LatentModel, build
from vae.spec import preset

pytestmark = pytest.mark.usefixtures("double")


@pytest.fixture
def rotated():
    return random_ppca(rotated=True)


def decoding_by(net):
    """A model of two latents and p(x|z) = N(x; net(z), I), x in R^2."""
    spec = preset(
        "vae", data="linear-gaussian", shape=(2,), latent=2, binarisation="none", encoder={"kind": "linear"},
        likelihood={"kind": "normal", "sigma": 1.0},
    )  # fmt: skip
    model = build.model(spec).double()
    model.decoder.net = net
    return model


def test_every_term_is_the_closed_form(rotated):
    vae = as_vae(rotated, widen=1.3)
    x = data_of(rotated, 5)
    lattices = Lattices.of(vae)
    for i in range(5):
        one = torch.from_numpy(x[i : i + 1])
        found = truth(vae, one, lattices=lattices)
        mean, covariance = rotated.posterior(x[i : i + 1])
        q = vae.encode(one)
        bound = rotated.elbo(x[i : i + 1], q.mean.detach().numpy(), np.diag(q.variance[0].detach().numpy()))[0]
        log_px = rotated.log_px(x[i : i + 1])[0]
        assert found.log_px == pytest.approx(log_px, abs=1e-7)
        assert found.elbo == pytest.approx(bound, abs=1e-7)
        assert found.kl == pytest.approx(log_px - bound, abs=1e-7)
        assert abs(found.residual) < 1e-7 and found.residual != 0
        np.testing.assert_allclose(found.mean, mean[0], atol=1e-5)
        np.testing.assert_allclose(found.covariance, covariance, atol=1e-4)


def linear(seed, d, dim, sigma, spread, away):
    """A random linear model, an image of it, and a q at a distance from its posterior: loc and scale [1, d]."""
    rng = np.random.default_rng(seed)
    model = PPCA(rng.normal(size=(dim, d)), rng.normal(size=dim), sigma)
    x = data_of(model, 1, seed)
    loc = model.posterior(x)[0] + away * rng.normal(size=(1, d))
    return model, x, loc, spread * rng.uniform(0.5, 1.0, (1, d))


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 2**31), d=st.integers(1, 2), dim=st.integers(2, 9), sigma=st.floats(0.02, 2.0),
    spread=st.floats(0.05, 3.0), away=st.floats(0, 3),
)  # fmt: skip
@example(seed=0, d=2, dim=7, sigma=0.1, spread=1.0, away=0.0)
@example(seed=0, d=2, dim=7, sigma=0.03, spread=1.0, away=0.0)
def test_errors_bound_the_truth_of_random_linear_models(seed, d, dim, sigma, spread, away):
    model, x, loc, scale = linear(seed, d, dim, sigma, spread, away)
    vae = as_vae(model)
    q = FixedPosterior(torch.from_numpy(loc), torch.from_numpy(scale))
    found = truth(LatentModel(vae.prior, vae.decoder, q), torch.from_numpy(x))
    log_px, bound = model.log_px(x)[0], model.elbo(x, loc, np.diag(scale[0] ** 2))[0]
    assert abs(found.elbo - bound) <= found.elbo_error
    assert abs(found.log_px - log_px) <= found.log_px_error
    assert abs(found.kl - (log_px - bound)) <= found.kl_error
    assert abs(found.residual) <= found.kl_error
    # bounds that are worth printing
    assert found.elbo_error <= 1e-7 * (1 + abs(bound)) and found.log_px_error < SEEN


def test_single_precision_meets_a_posterior_much_narrower_than_the_first_lattice():
    model, x, loc, scale = linear(2, 2, 3, 0.03125, 3.0, 0.0)
    vae = as_vae(model).float()
    q = FixedPosterior(*(torch.from_numpy(v).float() for v in (loc, scale)))
    found = truth(LatentModel(vae.prior, vae.decoder, q), torch.from_numpy(x).float())
    assert found.log_px == pytest.approx(model.log_px(x)[0], abs=1e-4)


def test_the_picture_integrates_to_one_and_is_the_density(rotated):
    vae, x = as_vae(rotated), data_of(rotated, 1)
    found = truth(vae, torch.from_numpy(x))
    area = abs(np.linalg.det(found.basis.numpy()))
    assert found.inside == pytest.approx(1, abs=1e-5)
    assert found.log_density.exp().sum().item() * area == pytest.approx(found.inside)
    mean, covariance = rotated.posterior(x)
    i, j = 10, 25
    z = (found.corner + i * found.basis[0] + j * found.basis[1]).numpy()
    away = z - mean[0]
    expected = -0.5 * away @ np.linalg.inv(covariance) @ away - math.log(2 * math.pi)
    expected -= 0.5 * np.linalg.slogdet(covariance)[1]
    assert found.log_density[i, j].item() == pytest.approx(expected, abs=1e-6)


def test_a_first_lattice_at_hand_changes_no_digit(rotated):
    vae, x = as_vae(rotated), torch.from_numpy(data_of(rotated, 6))
    for shift in (0.0, 0.37):
        kept = exact(vae, x, shift=shift, first=first(vae, shift))
        np.testing.assert_allclose(
            exact(vae, x, shift=shift, half_width=first(vae, shift).half_width).log_px, kept.log_px, rtol=1e-14
        )
    with pytest.raises(ValueError, match="shifted by 0 of its step, not by 0.37"):
        exact(vae, x, shift=0.37, first=first(vae))


def test_several_modes_are_all_counted():
    # a decoder of |z_1| has two modes, which no single lattice in the posterior's coordinates resolves
    class Folded(torch.nn.Module):
        def forward(self, z):
            return torch.cat([10 * z[:, :1].abs(), z[:, 1:]], 1)

    model = decoding_by(Folded())
    x = torch.tensor([[10.0, 0.3]])
    q = FixedPosterior(torch.tensor([[0.9, 0.2]]), torch.tensor([[0.2, 0.5]]))
    found = truth(LatentModel(model.prior, model.decoder, q), x)
    # each mode is a Normal of precision 101 in z_1, and z_2's evidence is N(0.3; 0, 2)
    by_mode = -0.5 * 10**2 / 101 - 0.5 * math.log(101) - 0.5 * math.log(2 * math.pi)
    other = -0.25 * 0.3**2 - 0.5 * math.log(4 * math.pi)
    assert found.adaptive
    assert found.log_px == pytest.approx(math.log(2) + by_mode + other, abs=1e-3)
    assert abs(found.residual) < 1e-3
    assert found.inside == pytest.approx(1, abs=0.01)


def test_a_small_mode_beyond_the_picture_is_not_missed():
    # two bumps eight of the large one's sigmas apart, the far one with a fiftieth of the mass
    class Bumps(torch.nn.Module):
        def forward(self, z):
            near, far = (((z - torch.tensor([[c, 0.0]])) / 0.1).square().sum(1) for c in (0.0, 1.4))
            height = torch.logaddexp(-0.5 * near, -0.5 * far - 3.2)
            return torch.stack([(-2 * height).clamp_min(0).sqrt(), 0 * height], 1)

    model = decoding_by(Bumps())
    q = FixedPosterior(torch.zeros(1, 2), torch.full((1, 2), 0.1))
    whole = LatentModel(model.prior, model.decoder, q)
    x = torch.zeros(1, 2)
    found = truth(whole, x)
    assert found.log_px == pytest.approx(exact(whole, x, tolerance=1e-5, tail=1e-8).log_px.item(), abs=AGREE)
    assert found.adaptive and abs(found.residual) < 1e-3


def test_it_agrees_with_the_slow_split_of_a_network():
    model = build.model(preset("vae", data="digits", shape=(1, 8, 8), encoder={"kind": "mlp", "widths": [16]})).double()
    x = (torch.rand(2, 1, 8, 8, generator=torch.Generator().manual_seed(0)) > 0.5).double()
    slow = split(model, x, steps=5)
    for i in range(2):
        found = truth(model, x[i : i + 1])
        assert found.log_px == pytest.approx(slow.log_px[i].item(), abs=1e-3)
        assert found.elbo == pytest.approx(slow.elbo[i].item(), abs=1e-3)


def test_an_autoencoder_is_given_a_prior_and_a_q():
    spec = preset("autoencoder", data="digits", shape=(1, 8, 8), latent=2, encoder={"kind": "mlp", "widths": [16]})
    model = build.model(spec).double()
    codes = torch.randn(200, 2, generator=torch.Generator().manual_seed(1)) * torch.tensor([2.0, 0.5]) + 1
    prior = FittedPrior(codes)()
    torch.testing.assert_close(prior.mean, codes.mean(0))
    torch.testing.assert_close(prior.stddev, codes.std(0))
    latent = with_prior(model, codes)
    x = torch.ones(1, 1, 8, 8)
    code = model.encode(x).mean
    path = refine_from(latent, x, code.detach(), 0.05 * torch.ones_like(code))
    assert (path.elbo.diff(dim=0) >= 0).all()
    found = truth(with_posterior(latent, path.q), x, path.q)
    assert abs(found.residual) < 1e-3 and 0 <= found.kl < found.log_px - path.elbo[0, 0].item()
    assert -sum(elbo(latent, x, path.q)) == pytest.approx(found.elbo, abs=AGREE)
