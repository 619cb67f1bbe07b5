"""The exact oracles: every number against a closed form or a quadrature, never against itself."""

import math

import numpy as np
import pytest
import torch
from ppca import as_vae, data_of, random_ppca
from scipy import integrate, stats

from vae.evaluation import bounds, log_px_grid
from vae.evaluation.linear import PPCA, log_normal, normal_kl
from vae.model import draw
from vae.model.families import BernoulliLogits, ContinuousBernoulliLogits, Normal, sample, soft_bound
from vae.model.objectives import elbo, iwae

pytestmark = pytest.mark.usefixtures("double")


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_ppca_log_px_is_scipys_multivariate_normal():
    model = random_ppca()
    x = data_of(model, 50)
    covariance = model.weight @ model.weight.T + model.sigma**2 * np.eye(7)
    expected = stats.multivariate_normal(model.bias, covariance).logpdf(x)
    assert np.abs(model.log_px(x) - expected).max() < 1e-11


def test_ppca_posterior_by_conditioning_the_joint_gaussian():
    model = random_ppca(rotated=True)
    x = data_of(model, 20)
    means, covariance = model.posterior(x)
    cross = model.weight.T @ np.linalg.inv(model.covariance)
    assert np.abs(means - (x - model.bias) @ cross.T).max() < 1e-13
    assert np.abs(covariance - (np.eye(2) - cross @ model.weight)).max() < 1e-13


def test_bounds_equal_log_px_under_the_exact_posterior():
    """With the exact posterior every bound is log p(x) for every sample."""
    model = random_ppca()
    x = data_of(model, 30)
    expected = model.log_px(x)
    vae = as_vae(model)
    sample = draw(vae, torch.from_numpy(x), 5, generator=generator())
    assert np.abs(sample.log_w.detach().numpy() - expected).max() < 1e-12  # zero variance
    assert np.abs(iwae(sample).detach().numpy() - expected).max() < 1e-12
    monte_carlo = (sample.log_px + sample.log_pz - sample.log_qz).mean(0).detach().numpy()
    assert np.abs(monte_carlo - expected).max() < 1e-12


def test_elbo_is_log_px_minus_the_gap_in_expectation():
    """ELBO with closed form rate is log p(x) minus the gap in expectation."""
    model = random_ppca(rotated=True)
    x = data_of(model, 4)
    vae = as_vae(model)
    means, covariance = model.posterior(x)
    scales = 1 / np.sqrt(np.diag(np.linalg.inv(covariance)))
    expected = model.elbo(x, means, np.diag(scales**2))
    sample = draw(vae, torch.from_numpy(x), 200_000, generator=generator())
    values = -sample.distortion - sample.rate
    error = sample.log_px.std(0) / math.sqrt(200_000)
    assert ((values - torch.from_numpy(expected)).abs() < 4 * error).all()
    assert torch.allclose(elbo(sample), values)


def test_gap_of_the_rotated_model_is_the_closed_form_kl():
    model = random_ppca(rotated=True)
    x = data_of(model, 10)
    means, covariance = model.posterior(x)
    d = np.diag(1 / np.diag(np.linalg.inv(covariance)))
    s = covariance
    gap = 0.5 * (np.trace(np.linalg.inv(s) @ d) - 2 - np.log(np.linalg.det(d) / np.linalg.det(s)))
    assert gap > 1e-3
    assert np.abs(model.log_px(x) - model.elbo(x, means, d) - gap).max() < 1e-12
    assert abs(normal_kl(d, s) - gap) < 1e-12


def test_gap_of_a_q_made_c_times_too_wide():
    c, k = 1.5, 2
    model = random_ppca()
    x = torch.from_numpy(data_of(model, 3))
    result = bounds(as_vae(model, widen=c), x, 100_000, generator(), chunk=10_000)
    gap = k * (-math.log(c) + (c**2 - 1) / 2)
    assert gap == pytest.approx(0.4391, abs=1e-4)
    assert (torch.from_numpy(model.log_px(x.numpy())) - result.elbo - gap).abs().max() < 0.02
    assert (result.log_px - torch.from_numpy(model.log_px(x.numpy()))).abs().max() < 0.01
    # ESS/K -> 1 / E_q[(p/q)^2] = ((2c^2 - 1) / c^4)^(k/2)... of c times too wide normals
    expected = (math.sqrt(2 * c**2 - 1) / c**2) ** k
    assert torch.allclose(result.ess / 100_000, torch.full((3,), expected), atol=0.01)


def test_bounds_are_ordered_and_equal_in_chunks():
    """Bounds are ordered and streaming in chunks changes nothing."""
    model = random_ppca(rotated=True)
    x = torch.from_numpy(data_of(model, 200))
    vae = as_vae(model, widen=1.5)
    means = [bounds(vae, x, k, generator()).log_px.mean().item() for k in (1, 5, 50, 500)]
    assert means == sorted(means)
    assert means[-1] < model.log_px(x.numpy()).mean() + 0.01
    whole = bounds(vae, x, 60, generator(3), chunk=60)
    log_w = draw(vae, x, 60, generator=generator(3)).log_w
    assert torch.allclose(whole.log_px, log_w.logsumexp(0) - math.log(60), atol=1e-12)
    assert torch.allclose(
        whole.elbo, (log_w * 0 + draw(vae, x, 60, generator=generator(3)).log_px).mean(0) - whole.rate
    )


def test_grid_quadrature_in_2d_is_exact_log_px():
    model = random_ppca(rotated=True)
    x = data_of(model, 5)
    found = log_px_grid(as_vae(model), torch.from_numpy(x), 9.0, 300)
    assert np.abs(found.detach().numpy() - model.log_px(x)).max() < 2e-13


def test_grid_quadrature_agrees_with_importance_sampling():
    """Grid quadrature agrees with importance sampling on a nonlinear decoder."""
    from vae.model import build
    from vae.spec import Spec

    vae = build.model(Spec(shape=(1, 4, 4), encoder={"kind": "mlp", "widths": [16], "activation": "tanh"}))
    with torch.no_grad():
        vae.decoder.net[0].weight.mul_(3)
        vae.decoder.net[2].weight.mul_(4)
    x = (torch.rand(6, 1, 4, 4, generator=generator()) > 0.5).to(torch.float64)
    exact = log_px_grid(vae, x, 9.0, 600)
    finer = log_px_grid(vae, x, 9.0, 900)
    assert (exact - finer).abs().max() < 1e-10
    estimate = bounds(vae, x, 200_000, generator(), chunk=20_000)
    error = (1 / estimate.ess - 1 / 200_000).sqrt()
    assert ((estimate.log_px - exact).abs() < 5 * error + 1e-9).all()


def test_grid_refuses_small_windows_and_many_latents():
    """Grid refuses a window that cuts the posterior and more than two latents."""
    model = random_ppca()
    far = torch.from_numpy(model.bias + 30 * model.weight[:, 0])[None]
    with pytest.raises(ValueError, match="widen"):
        log_px_grid(as_vae(model), far, 2.0, 100)
    with pytest.raises(ValueError, match="two latents"):
        log_px_grid(as_vae(random_ppca(k=3)), torch.zeros(1, 7))


def test_maximum_likelihood_ppca():
    x = data_of(random_ppca(), 4000)
    fitted = PPCA.fit(x, 2)
    values = np.linalg.eigvalsh(np.cov(x.T, bias=True))[::-1]
    assert fitted.sigma**2 == pytest.approx(values[2:].mean(), rel=1e-12)
    assert np.abs(np.linalg.eigvalsh(fitted.covariance)[::-1][:2] - values[:2]).max() < 1e-12
    best = fitted.log_px(x).mean()
    rng = np.random.default_rng(0)
    for _ in range(20):  # no neighbour is better
        other = PPCA(fitted.weight + 1e-2 * rng.normal(size=fitted.weight.shape), fitted.bias, fitted.sigma)
        assert other.log_px(x).mean() < best


def test_training_the_linear_vae_reaches_maximum_likelihood_ppca():
    from vae.data.batches import Batches
    from vae.spec import preset
    from vae.training.loop import State, fit

    x = data_of(random_ppca(dim=5), 512)
    best = PPCA.fit(x, 2).log_px(x).mean()
    steps = 600
    decay = {"schedule": "cosine", "start": 0.05, "stop": 0.0, "steps": steps}
    spec = preset(
        "linear-vae", data="linear-gaussian", shape=(5,), batch=512, epochs=steps, learning_rate=decay, samples=16
    )
    state = State.fresh(spec)
    examples = torch.from_numpy(x)
    for _ in fit(state, spec, Batches(examples, 1, False)):
        pass
    weight = state.model.decoder.net[0].weight.detach().numpy()
    sigma = soft_bound(state.model.decoder.family.log_sigma).exp().item()
    trained = PPCA(weight, state.model.decoder.net[0].bias.detach().numpy(), sigma).log_px(x).mean()
    assert best - 5e-3 < trained <= best + 1e-9
    found = bounds(state.model, examples, 200, generator()).elbo.mean().item()
    assert best - 0.03 < found < best + 0.01


# every likelihood is normalised

LOGITS = [-40.0, -5.0, -0.11, -0.09, -1e-3, 0.0, 1e-6, 0.05, 0.0999, 0.1001, 2.0, 30.0]


@pytest.mark.parametrize("logit", LOGITS)
def test_continuous_bernoulli_integrates_to_one_and_has_its_mean(logit):
    family = ContinuousBernoulliLogits(torch.tensor(logit))
    density = lambda x: math.exp(family.log_prob(torch.tensor(x)).item())  # noqa: E731
    knots = [0.01, 0.05, 0.2, 0.8, 0.95, 0.99]
    total = integrate.quad(density, 0, 1, points=knots, epsabs=1e-12)[0]
    mean = integrate.quad(lambda x: x * density(x), 0, 1, points=knots, epsabs=1e-12)[0]
    assert total == pytest.approx(1, abs=1e-10)
    assert family.mean.item() == pytest.approx(mean, abs=1e-10)


@pytest.mark.parametrize("logit", LOGITS)
def test_continuous_bernoulli_gradient_near_half_is_exact(logit):
    """Continuous Bernoulli gradient near one half is x minus mean."""
    raw = torch.tensor(logit, requires_grad=True)
    family = ContinuousBernoulliLogits(raw)
    (gradient,) = torch.autograd.grad(family.log_prob(torch.tensor(0.3)), raw)
    assert gradient.item() == pytest.approx(0.3 - family.mean.item(), abs=1e-10)


def test_continuous_bernoulli_gradient_stays_finite_in_float32():
    raw = torch.linspace(-0.2, 0.2, 2001, dtype=torch.float32, requires_grad=True)
    ContinuousBernoulliLogits(raw).log_prob(torch.full_like(raw, 0.7)).sum().backward()
    expected = 0.7 - ContinuousBernoulliLogits(raw.detach().double()).mean
    assert (raw.grad.double() - expected).abs().max() < 1e-5


@pytest.mark.parametrize("logit", LOGITS)
def test_continuous_bernoulli_quantiles_invert_its_cdf(logit):
    """Continuous Bernoulli quantiles invert the distribution function."""
    family = ContinuousBernoulliLogits(torch.tensor(logit))
    density = lambda x: math.exp(family.log_prob(torch.tensor(x)).item())  # noqa: E731
    for u in (0.1, 0.5, 0.9):
        x = family.icdf(torch.tensor(u)).item()
        assert integrate.quad(density, 0, x, points=[x * 0.9], epsabs=1e-12)[0] == pytest.approx(u, abs=1e-8)


def test_bernoulli_sums_to_one_and_matches_torch():
    logits = torch.linspace(-30, 30, 61)
    ours = BernoulliLogits(logits)
    total = ours.log_prob(torch.tensor(0.0)).exp() + ours.log_prob(torch.tensor(1.0)).exp()
    assert (total - 1).abs().max() < 1e-12
    theirs = torch.distributions.Bernoulli(logits=logits)
    assert torch.allclose(ours.log_prob(torch.tensor(1.0)), theirs.log_prob(torch.tensor(1.0)), atol=1e-12)


@pytest.mark.parametrize("sigma", [0.3, "shared", "each"])
def test_normal_integrates_to_one(sigma):
    family = Normal((1,), sigma)
    raw = torch.tensor([0.4, -0.7]) if sigma == "each" else torch.tensor([0.4])
    distribution = family(raw)
    density = lambda x: math.exp(distribution.log_prob(torch.tensor([x])).item())  # noqa: E731
    total = integrate.quad(density, -12, 12, points=[0.4], epsabs=1e-12)[0]
    assert total == pytest.approx(1, abs=1e-8)


def test_log_sigma_bound_is_identity_inside_and_smooth():
    """Log sigma bound is the identity inside and smooth outside."""
    inside = torch.linspace(-9, 9, 100)
    assert torch.equal(soft_bound(inside), inside)
    x = torch.tensor([-1e6, -9.0, -9.0 - 1e-9, 9.0 + 1e-9, 1e6], requires_grad=True)
    y = soft_bound(x)
    assert y.min() >= -10 and y.max() <= 10
    (gradient,) = torch.autograd.grad(y.sum(), x)
    assert torch.allclose(gradient[1:4], torch.ones(3), atol=1e-12) and gradient[[0, 4]].abs().max() < 1e-12


@pytest.mark.parametrize("logit", [-3.0, 0.0, 0.05, 4.0])
def test_continuous_bernoulli_samples_have_its_mean(logit):
    family = ContinuousBernoulliLogits(torch.tensor([logit]))
    x = sample(family, 100_000, generator())
    z = (x.mean() - family.mean.item()) / (x.std() / math.sqrt(len(x)))
    assert abs(z.item()) < 4


def test_rate_in_closed_form_equals_monte_carlo():
    vae = as_vae(random_ppca(), widen=1.3)
    x = torch.from_numpy(data_of(random_ppca(), 5))
    drawn = draw(vae, x, 200_000, generator=generator())
    assert drawn.rate_is_exact
    log_ratio = drawn.log_qz - drawn.log_pz
    z = (log_ratio.mean(0) - drawn.rate) / (log_ratio.std(0) / math.sqrt(200_000))
    assert z.abs().max() < 4


def test_log_normal_is_scipys():
    rng = np.random.default_rng(0)
    a = rng.normal(size=(4, 4))
    s = a @ a.T + np.eye(4)
    x = rng.normal(size=(6, 4))
    assert np.abs(log_normal(x, x[0], s) - stats.multivariate_normal(x[0], s).logpdf(x)).max() < 1e-12


@pytest.mark.parametrize("k", [1, 3])
def test_the_linear_model_is_scikit_learns_probabilistic_pca(k):
    """scikit-learn divides the covariance by n - 1 and we by n, as the maximum of the likelihood does: n is large."""
    from sklearn.decomposition import PCA

    x = data_of(random_ppca(dim=6, k=3), 4000)
    ours, theirs = PPCA.fit(x, k), PCA(k, svd_solver="full").fit(x)
    shrunk = (len(x) - 1) / len(x)
    assert ours.sigma**2 == pytest.approx(theirs.noise_variance_ * shrunk, rel=1e-12)
    np.testing.assert_allclose(ours.covariance, theirs.get_covariance() * shrunk, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(ours.log_px(x), theirs.score_samples(x), atol=5e-3)
    axes = ours.weight / np.linalg.norm(ours.weight, axis=0)
    np.testing.assert_allclose(np.abs(theirs.components_ @ axes), np.eye(k), atol=1e-8)
