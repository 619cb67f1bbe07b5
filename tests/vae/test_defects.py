"""Defects found in other implementations, each a test here by name."""

import math

import pytest
import torch

from vae.data.batches import Batches
from vae.evaluation import Estimate, bounds, evaluate
from vae.model import build, draw
from vae.model.objectives import iwae
from vae.spec import preset


@pytest.fixture(scope="module")
def model():
    return build.model(preset("vae", shape=(1, 4, 4), encoder={"kind": "mlp", "widths": [8]}))


@pytest.fixture
def x():
    return (torch.rand(6, 1, 4, 4, generator=torch.Generator().manual_seed(0)) > 0.5).float()


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_encode_returns_the_posterior_and_never_samples(model, x):
    """`embed` samples instead of returning the mean; `reconstruct` differs from call to call."""
    one, two = model.encode(x), model.encode(x)
    assert torch.equal(one.mean, two.mean)
    assert torch.equal(model.decode(one.mean).mean, model.decode(two.mean).mean)


def test_iwae_value_is_the_log_mean_weight_and_no_more_than_that(model, x):
    """The logged "IWAE value" sum w~ log w exceeds log p(x), so it is no bound."""
    sample = draw(model, x, 64, generator=generator())
    log_w = sample.log_w.double()
    value = iwae(sample).double()
    assert torch.allclose(value, log_w.exp().mean(0).log(), atol=1e-5)
    wrong = (log_w.softmax(0) * log_w).sum(0)
    assert (wrong > value).all()
    assert (log_w.mean(0) < value).all()  # the ELBO stays below


def test_importance_weights_have_the_right_sign(model, x):
    sample = draw(model, x, 3, generator=generator())
    assert torch.allclose(sample.log_w, sample.log_px + sample.log_pz - sample.log_qz)


def test_importance_samples_may_be_fewer_or_more_than_the_batch(model, x):
    """Importance samples fewer than the batch size silently replaced by the batch size; the remainder dropped."""
    for k in (1, 3, 7, 52, 101):
        drawn = []

        def counting(z, drawn=drawn):
            drawn.append(z.shape[0])
            return type(model).decode(model, z)

        spied = type(model)(model.prior, model.decoder, model.encoder)
        spied.decode = counting
        result = bounds(spied, x, k, generator(), chunk=50)
        assert sum(drawn) == k and result.k == k and len(result.log_px) == len(x)


def test_evaluation_covers_the_whole_set_and_not_its_first_batch(model):
    """Test loss returned after the first batch."""
    examples = (torch.rand(230, 1, 4, 4, generator=generator()) > 0.5).to(torch.uint8)
    found = evaluate(model, Batches(examples, 1, False), k=4, rows=50)
    assert found["elbo"].n == 230
    single = evaluate(model, Batches(examples[:50], 1, False), k=4, rows=50)
    assert found["elbo"].value != single["elbo"].value


def test_rate_and_distortion_are_sums():
    """KL never summed over dimensions; mean-squared error + 0.00025 KL called ELBO."""
    spec = preset("vae", latent=5, shape=(1, 4, 4), likelihood={"kind": "normal", "sigma": 0.5}, binarisation="none")
    model = build.model(spec)
    x = torch.rand(3, 1, 4, 4, generator=generator())
    sample = draw(model, x, 1, generator=generator())
    q = sample.q
    rate = (0.5 * (q.mean**2 + q.stddev**2 - 1) - q.stddev.log()).sum(-1)
    assert torch.allclose(sample.rate, rate, atol=1e-5)
    residual = ((x - sample.p.mean[0]) ** 2).sum((1, 2, 3))
    expected = residual / (2 * 0.25) + 16 * (math.log(0.5) + 0.5 * math.log(2 * math.pi))
    assert torch.allclose(sample.distortion, expected, atol=1e-4)


def test_prior_samples_come_from_the_prior():
    """ "Random sample" drawn uniformly instead of from the prior: a Kolmogorov-Smirnov test."""
    from scipy import stats

    from vae.model import families

    model = build.model(preset("vae", latent=3, shape=(1, 4, 4), encoder={"kind": "linear"}))
    z = families.sample(model.prior(), 20_000, generator())
    for i in range(3):
        assert stats.kstest(z[:, i].numpy(), "norm").pvalue > 1e-3


def test_standard_errors_are_those_of_the_mean():
    values = torch.randn(400, generator=generator())
    estimate = Estimate.of(values)
    assert estimate.se == pytest.approx(values.double().std().item() / 20)
    assert estimate.n == 400


def test_a_draws_sample_axis_comes_first(model, x):
    sample = draw(model, x, 5, generator=generator())
    assert sample.z.shape == (5, 6, 2)
    assert sample.log_px.shape == sample.log_pz.shape == sample.log_qz.shape == (5, 6)
    assert sample.rate.shape == sample.distortion.shape == (6,)
    with pytest.raises(ValueError, match="at least one"):
        draw(model, x, 0)
