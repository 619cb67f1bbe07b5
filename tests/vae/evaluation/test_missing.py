"""Missing values: pPCA's closed-form conditional, by quadrature and by chains; nothing seen, all seen; every family."""

import numpy as np
import pytest
import torch
from ppca import as_vae, data_of, random_ppca
from scipy import integrate, stats

from vae.evaluation import exact
from vae.evaluation.missing import log_seen, missing, r_hat
from vae.model import build
from vae.model.families import marginal, sample
from vae.spec import Spec

SEEN = np.array([True, False, True, True, False, True, False])


@pytest.fixture(autouse=True)
def _double():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def case(k, rotated=True, seed=3):
    model = random_ppca(k=k, rotated=rotated, seed=seed)
    x = data_of(model, 1, seed=seed)[0]
    return model, as_vae(model).double(), torch.from_numpy(x)


@pytest.mark.parametrize("k", [1, 2])
def test_quadrature_gives_ppcas_conditional(k):
    """Mean and variance of each missing value, p(z|x_o) and log p(x_o), whatever lies in the gaps."""
    model, vae, x = case(k)
    spoiled = torch.where(torch.from_numpy(SEEN), x, torch.nan)
    found = missing(vae, spoiled, torch.from_numpy(SEEN))
    mean, covariance = model.conditional(x.numpy(), SEEN)
    assert found.mean.numpy()[~SEEN] == pytest.approx(mean, abs=1e-7)
    assert found.variance.numpy()[~SEEN] == pytest.approx(np.diag(covariance), abs=1e-6)
    assert found.between.numpy()[~SEEN] == pytest.approx(np.diag(covariance) - model.sigma**2, abs=1e-6)
    assert (found.mean.numpy()[SEEN] == x.numpy()[SEEN]).all() and not found.variance.numpy()[SEEN].any()
    part = type(model)(model.weight[SEEN], model.bias[SEEN], model.sigma)
    z_mean, z_covariance = part.posterior(x.numpy()[None, SEEN])
    assert found.z_mean.numpy() == pytest.approx(z_mean[0], abs=1e-6)
    assert found.z_covariance.numpy() == pytest.approx(z_covariance, abs=1e-6)
    assert found.log_px == pytest.approx(part.log_px(x.numpy()[None, SEEN])[0], abs=1e-6)


@pytest.mark.parametrize("k", [1, 2])
@pytest.mark.parametrize("widen", [1.0, 1.6])
def test_log_density_of_what_is_missing_is_ppcas_conditional(k, widen):
    """Of every example, whatever the encoder says; all missing is log p(x), nothing missing is 0."""
    model = random_ppca(k=k, rotated=True, seed=3)
    x = data_of(model, 40, seed=3)
    vae = as_vae(model, widen).double()

    def log_missing(seen):
        return exact(vae, torch.from_numpy(x)).log_px - log_seen(vae, torch.from_numpy(x), seen)

    found = log_missing(torch.from_numpy(SEEN))
    for row, value in zip(x, found.tolist(), strict=True):
        mean, covariance = model.conditional(row, SEEN)
        assert value == pytest.approx(stats.multivariate_normal(mean, covariance).logpdf(row[~SEEN]), abs=1e-4)
    nothing, all_of_it = (torch.full((7,), seen) for seen in (False, True))
    assert log_missing(nothing).numpy() == pytest.approx(model.log_px(x), abs=1e-4)
    assert log_missing(all_of_it).numpy() == pytest.approx(0, abs=1e-4)


def test_samples_have_the_whole_conditional_covariance():
    """Missing values depend on each other through z: their samples' covariance has the closed form's off-diagonal."""
    model, vae, x = case(2)
    made = missing(vae, x, torch.from_numpy(SEEN), samples=40_000).samples.numpy()
    mean, covariance = model.conditional(x.numpy(), SEEN)
    errors = np.sqrt(np.outer(np.diag(covariance), np.diag(covariance)) * 2 / len(made))
    assert (made[:, SEEN] == x.numpy()[SEEN]).all()
    assert (np.abs(np.cov(made[:, ~SEEN].T) - covariance) < 4 * errors).all()
    assert (np.abs(made[:, ~SEEN].mean(0) - mean) < 4 * np.sqrt(np.diag(covariance) / len(made))).all()


@pytest.mark.parametrize("widen", [1.0, 1.6])
def test_chains_reach_ppcas_conditional_also_with_a_wrong_q(widen):
    """Three latents: Metropolis' rule corrects proposals of another width; of the posterior's own it accepts all."""
    model = random_ppca(k=3, seed=5)
    vae = as_vae(model, widen).double()
    x = torch.from_numpy(data_of(model, 1, seed=5)[0])
    found = missing(vae, x, torch.from_numpy(SEEN), chains=200, steps=800)
    mean, covariance = model.conditional(x.numpy(), SEEN)
    assert found.mean.numpy()[~SEEN] == pytest.approx(mean, abs=0.03)
    assert found.variance.numpy()[~SEEN] == pytest.approx(np.diag(covariance), rel=0.05)
    assert found.r_hat < 1.05
    assert found.accepted[0] == pytest.approx(1.0, abs=1e-9) if widen == 1 else 0.2 < found.accepted[0] < 0.9
    assert 0.15 < found.accepted[1] < 0.6
    part = type(model)(model.weight[SEEN], model.bias[SEEN], model.sigma)
    z_mean, z_covariance = part.posterior(x.numpy()[None, SEEN])
    assert found.z_mean.numpy() == pytest.approx(z_mean[0], abs=0.03)
    assert found.z_covariance.numpy() == pytest.approx(z_covariance, abs=0.03)
    assert found.log_px == pytest.approx(part.log_px(x.numpy()[None, SEEN])[0], abs=0.15)


def test_nothing_seen_is_the_models_own_distribution_and_all_seen_leaves_nothing():
    model, vae, x = case(2)
    nothing = missing(vae, x, torch.zeros(7, dtype=torch.bool))
    assert nothing.mean.numpy() == pytest.approx(model.bias, abs=1e-7)
    assert nothing.variance.numpy() == pytest.approx(np.diag(model.covariance), abs=1e-6)
    assert nothing.log_px == pytest.approx(0.0, abs=1e-7)
    everything = missing(vae, x, torch.ones(7, dtype=torch.bool))
    assert everything.log_px == pytest.approx(model.log_px(x.numpy()[None])[0], abs=1e-7)
    assert not everything.variance.any() and torch.equal(everything.mean, x)


@pytest.mark.parametrize("kind", ["bernoulli", "continuous_bernoulli", "discretised_logistic", "normal", "laplace"])
def test_every_likelihood_has_marginals_and_moments(kind):
    """log p(x) = log p(x_S) + log p(x_rest); the variance is that of samples."""
    torch.manual_seed(0)
    spec = Spec(preset="vae", data="digits", shape=(1, 4, 4), latent=2, likelihood={"kind": kind},
                encoder={"kind": "mlp", "widths": [8]}, binarisation="none")  # fmt: skip
    model = build.model(spec).double()
    p = model.decode(torch.randn(3, 2))
    x = sample(p, 1, torch.Generator().manual_seed(0))[0]
    seen = torch.rand(1, 4, 4, generator=torch.Generator().manual_seed(1)) < 0.6
    parts = [marginal(p, part).log_prob(x[:, part]) for part in (seen, ~seen)]
    assert torch.allclose(sum(parts), p.log_prob(x), atol=1e-10)
    drawn = sample(p, 20_000, torch.Generator().manual_seed(2))
    if kind != "discretised_logistic":  # its moments are those before rounding
        assert torch.allclose(drawn.var(0), p.variance, rtol=0.15)
    found = missing(model, x[0], seen)
    whole = exact(model, x[:1]).log_px
    assert found.variance[seen].max() == 0 < found.variance[~seen].min() and found.log_px != pytest.approx(float(whole))


def test_continuous_bernoullis_variance_is_its_integral():
    from vae.model.families import ContinuousBernoulliLogits

    for logit in (0.0, 0.0999, 0.1001, -3.0, 30.0, 300.0):
        one = ContinuousBernoulliLogits(torch.tensor(logit))

        def density(v, one=one):
            return float(one.log_prob(torch.tensor(v)).exp())

        near = [1 - 8 / max(logit, 8), 8 / max(-logit, 8)]
        of = [integrate.quad(lambda v, k=k: v**k * density(v), 0, 1, points=near, limit=200)[0] for k in (1, 2)]
        assert float(one.variance) == pytest.approx(of[1] - of[0] ** 2, rel=1e-6)


def test_what_has_no_answer_is_refused():
    from vae.spec import preset

    model = build.model(preset("autoencoder", data="digits", shape=(1, 8, 8)))
    with pytest.raises(ValueError, match="no prior"):
        missing(model, torch.zeros(1, 8, 8), torch.ones(1, 8, 8, dtype=torch.bool))
    _, vae, x = case(2)
    with pytest.raises(ValueError, match="has shape"):
        missing(vae, x, torch.ones(3, dtype=torch.bool))


def test_r_hat_tells_chains_that_agree_from_chains_that_do_not():
    course = torch.randn(400, 8, 2, generator=torch.Generator().manual_seed(0))
    assert r_hat(course) < 1.02
    assert r_hat(course + torch.linspace(0, 6, 8)[:, None]) > 2
    with pytest.raises(ValueError, match="four steps"):
        r_hat(course[:3])
