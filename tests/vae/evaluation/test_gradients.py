"""Gradient estimators from samples against autograd through vae.model.estimators, and against pPCA's closed form."""

import numpy as np
import pytest
import torch
from ppca import as_vae, data_of, random_ppca
from torch.distributions import Independent, Normal

from vae.evaluation import gradients
from vae.evaluation.derivation import ladder, rate_slope, weigh
from vae.evaluation.gradients import ELBO, WEIGHTED, Samples, cloud, variance
from vae.evaluation.importance import bounds
from vae.model import Draw
from vae.spec.choices import PATHS

pytestmark = pytest.mark.usefixtures("double")
K = 8


@pytest.fixture
def known():
    """A linear VAE that is too wide, one image, K samples' noise, and what the page is sent of them."""
    ppca = random_ppca(rotated=True)
    vae, x = as_vae(ppca, widen=1.4), torch.from_numpy(data_of(ppca, 1))
    noise = torch.randn(512, 1, 2, generator=torch.Generator().manual_seed(3))
    q = vae.encode(x)
    found = weigh(vae, x, q, noise)
    samples = Samples(
        noise[:, 0].numpy(),
        (found.slope_px + found.slope_pz)[:, 0].numpy(),
        found.slope_px[:, 0].numpy(),
        found.log_w[:, 0].numpy(),
        q.stddev[0].detach().numpy(),
        rate_slope(q, vae.prior()).numpy(),
    )
    return ppca, vae, x, noise, samples


def by_autograd(vae, x, noise, path, bound):
    """The gradient in (m, log s) of a bound of K samples with this noise, as training makes it."""
    q = vae.encode(x)
    m, t = q.mean.detach().requires_grad_(), q.stddev.detach().log().requires_grad_()
    q = Independent(Normal(m, t.exp()), 1)
    route = PATHS[path].load()
    code = m + t.exp() * noise
    if path == "score":
        code = code.detach()
    z = code.view_as(code) if route.weighs else code
    draw = Draw(vae, x, x, code, z, q, vae.decode(z), vae.prior(), route, 1, None)
    value = draw.log_mean(draw.log_w) if bound == "weighted" else draw.mean(draw.log_w)
    if bound == "closed":
        value = -draw.distortion - draw.rate
    return torch.cat([g[0] for g in torch.autograd.grad(value.sum(), (m, t))]).numpy()


@pytest.mark.parametrize(
    "name, table, path, bound",
    [
        ("reparametrised", ELBO, "reparametrised-mc", "elbo"),
        ("closed", ELBO, "reparametrised", "closed"),
        ("landing", ELBO, "stl", "elbo"),
        ("reparametrised", WEIGHTED, "reparametrised-mc", "weighted"),
        ("landing", WEIGHTED, "dreg", "weighted"),
        ("baseline", WEIGHTED, "score", "weighted"),
    ],
)
def test_each_estimator_is_what_training_takes(known, name, table, path, bound):
    _, vae, x, noise, samples = known
    for g in range(3):
        group = samples.groups(K)[g]
        expected = by_autograd(vae, x, noise[g * K : (g + 1) * K], path, bound)
        np.testing.assert_allclose(table[name](group), expected, atol=1e-9)


def test_score_function_gradients_differ_by_a_score_alone(known):
    """The score functions differ from training by a score alone."""
    _, vae, x, noise, samples = known
    group = samples.groups(K)[0]
    score = gradients._score(group)
    # training also carries -E[d log q], which is zero in the mean
    expected = by_autograd(vae, x, noise[:K], "score", "elbo")
    np.testing.assert_allclose(ELBO["baseline"](group) - score.mean(0), expected, atol=1e-9)
    shift = group.log_w.mean() * score.mean(0)
    assert np.abs(ELBO["score"](group) - shift - ELBO["baseline"](group) * (K - 1) / K).max() < 1e-9
    shares = np.exp(group.log_w) / np.exp(group.log_w).sum()
    log_mean = np.log(np.exp(group.log_w).mean())
    np.testing.assert_allclose(WEIGHTED["score"](group), (log_mean - shares) @ score, atol=1e-9)


def test_all_estimators_have_the_closed_forms_mean(known):
    ppca, vae, x, _, samples = known
    q = vae.encode(x)
    m, s = q.mean[0].detach().numpy(), q.stddev[0].detach().numpy()
    mean, covariance = ppca.posterior(x.numpy())
    precision = np.linalg.inv(covariance)
    # ELBO = log p(x) - KL(q || posterior): d/dm = -A (m - m*), d/dlog s = 1 - s^2 A_ii
    expected = np.concatenate([-precision @ (m - mean[0]), 1 - s**2 * np.diag(precision)])
    for name, estimator in ELBO.items():
        estimates = cloud(samples, estimator, 4)
        error = estimates.std(0, ddof=1) / np.sqrt(len(estimates))
        z = (estimates.mean(0) - expected) / np.maximum(error, 1e-9)
        assert np.abs(z).max() < 4, (name, z)


def test_stl_has_no_variance_at_the_exact_posterior():
    """Landing has no variance at the posterior and the score function has."""
    ppca = random_ppca()
    vae, x = as_vae(ppca), torch.from_numpy(data_of(ppca, 1))
    q = vae.encode(x)
    found = weigh(vae, x, q, torch.randn(64, 1, 2, generator=torch.Generator().manual_seed(0)))
    samples = Samples(
        found.noise[:, 0].numpy(), (found.slope_px + found.slope_pz)[:, 0].numpy(), found.slope_px[:, 0].numpy(),
        found.log_w[:, 0].numpy(), q.stddev[0].detach().numpy(),
    )  # fmt: skip
    assert variance(cloud(samples, ELBO["landing"], 1)) < 1e-20
    assert variance(cloud(samples, WEIGHTED["landing"], 8)) < 1e-20
    assert variance(cloud(samples, ELBO["reparametrised"], 1)) > 1
    assert variance(cloud(samples, ELBO["score"], 1)) > 1
    with pytest.raises(ValueError, match="no closed form"):
        ELBO["closed"](samples)
    with pytest.raises(ValueError, match="at least two"):
        ELBO["baseline"](samples.groups(1)[0])
    assert np.isnan(variance(cloud(samples, ELBO["score"], 64)))


def test_ladder_of_bounds_has_the_error_of_its_groups(known):
    """The ladder is that of bounds and its error that of its groups."""
    _, vae, x, _, _ = known
    found = bounds(vae, x, (1, 4, 16), torch.Generator().manual_seed(0), chunk=64)
    q = vae.encode(x)
    noise = torch.randn((16, 1, 2), generator=torch.Generator().manual_seed(0))
    log_w = weigh(vae, x, q, noise).log_w[:, 0]
    for rung, other in zip(ladder(log_w, (1, 4, 16)), found.ladder, strict=True):
        assert rung.log_px.item() == pytest.approx(other.log_px.item(), abs=1e-9)
        assert rung.ess.item() == pytest.approx(other.ess.item(), abs=1e-9)
