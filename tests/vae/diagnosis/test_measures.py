"""What a diagnosis measures, against closed forms: the model without latents, calibrations, q's width, shares, PCA."""

import math

import numpy as np
import pytest
import torch
from ppca import as_vae, data_of
from torch.distributions import Bernoulli, Normal

from vae.data.batches import Batches
from vae.diagnosis import classical, classical_errors
from vae.evaluation import baseline, calibration, width
from vae.evaluation.linear import PPCA
from vae.model import Conditional, LatentModel
from vae.model.families import Normal as NormalFamily
from vae.model.priors import StandardNormal
from vae.spec import preset

pytestmark = pytest.mark.usefixtures("double")


def seeded(k=0):
    return torch.Generator().manual_seed(k)


def batches(x):
    return Batches(x, 1, False)


def test_the_bernoulli_baseline_is_laplaces_rule():
    x = (torch.rand(50, 1, 3, 3, generator=seeded()) < 0.3).double()
    found = baseline.without_latents(preset("vae", shape=(1, 3, 3)), x)
    p = (x.sum(0) + 1) / 52
    expected = Bernoulli(probs=p).log_prob(x).flatten(1).sum(1)
    assert (baseline.log_prob(found, x) - expected).abs().max() < 1e-12


def test_the_normal_baseline_is_the_maximum_of_its_likelihood():
    x = torch.randn(400, 5, generator=seeded()) * torch.tensor([1.0, 2.0, 0.5, 1.0, 3.0]) + 4
    shared = preset("sigma-vae", shape=(5,))
    one = baseline.log_prob(baseline.without_latents(shared, x), x).mean()
    # D/2 (ln 2 pi sigma^2 + 1) at the maximum, sigma^2 the mean variance
    variance = x.var(0, correction=0).mean().item()
    assert one.item() == pytest.approx(-2.5 * (math.log(2 * math.pi * variance) + 1), rel=1e-12)
    given = preset("sigma-vae", shape=(5,), likelihood={"kind": "normal", "sigma": 0.01})
    assert baseline.log_prob(baseline.without_latents(given, x), x).mean() == one
    each = preset("sigma-vae", shape=(5,), likelihood={"kind": "normal", "sigma": "each"})
    own = baseline.log_prob(baseline.without_latents(each, x), x).mean().item()
    assert own == pytest.approx(-0.5 * (torch.log(2 * math.pi * x.var(0, correction=0)) + 1).sum().item(), rel=1e-12)


def test_the_continuous_bernoulli_baseline_has_the_pixels_means():
    x = torch.rand(300, 1, 2, 2, generator=seeded()) ** torch.tensor([[1.0, 3.0], [0.3, 9.0]])
    spec = preset("vae", shape=(1, 2, 2), likelihood={"kind": "continuous_bernoulli"}, binarisation="none")
    found = baseline.without_latents(spec, x)
    assert (found.base_dist.mean - x.mean(0)).abs().max() < 1e-9


def test_grey_level_baseline_is_a_smoothed_histogram():
    """The grey level baseline is a histogram with one count added."""
    x = torch.tensor([0, 1, 1, 3]).double().reshape(4, 1, 1, 1) / 4
    spec = preset("logistic-vae", shape=(1, 1, 1), likelihood={"kind": "discretised_logistic", "levels": 4})
    found = baseline.without_latents(spec, x)
    values = torch.tensor([0, 1, 2, 3, 4]).double().reshape(5, 1, 1, 1) / 4
    assert baseline.log_prob(found, values).exp().tolist() == pytest.approx([2 / 9, 3 / 9, 1 / 9, 2 / 9, 1 / 9])


def constant(sigma, loc, d=2, pixels=4):
    """A model whose decoder says N(loc, sigma^2) of every pixel and whose encoder says N(0, 1), whatever they see."""
    from torch import nn

    def net(inputs, out, bias):
        layer = nn.Linear(inputs, out)
        nn.init.zeros_(layer.weight)
        with torch.no_grad():
            layer.bias.copy_(torch.full((out,), bias))
        return layer

    decoder = Conditional(net(d, pixels, loc), NormalFamily((pixels,), sigma), 1)
    encoder = Conditional(net(pixels, 2 * d, 0.0), NormalFamily((d,)), 1)
    return LatentModel(StandardNormal(encoder, d, (pixels,)), decoder, encoder)


def test_sigma_against_residuals_and_what_their_ratio_costs():
    x = 3 + 0.2 * torch.randn(20_000, 4, generator=seeded())
    found = calibration.spread(constant(0.05, 3.0), batches(x))
    assert found.predicted.value == pytest.approx(0.05, rel=1e-12)
    assert abs(found.residual.value - 0.2) < 4 * found.residual.se
    r = found.residual.value / 0.05
    # the cost is what a sigma of the residuals' size would gain, for exactly these images
    gain = Normal(3.0, found.residual.value).log_prob(x).sum(1) - Normal(3.0, 0.05).log_prob(x).sum(1)
    assert found.cost == pytest.approx(gain.mean().item(), rel=1e-9)
    assert found.cost == pytest.approx(4 * ((r * r - 1) / 2 - math.log(r)), rel=1e-12)


def test_pixel_probabilities_against_frequencies():
    from torch import nn

    from vae.model.families import Bernoulli as BernoulliFamily

    p = torch.tensor([0.05, 0.35, 0.75, 0.95])
    x = (torch.rand(20_000, 4, generator=seeded()) < p).double()

    other = constant(1.0, 0.0)

    def model(logits):
        layer = nn.Linear(2, 4)
        nn.init.zeros_(layer.weight)
        with torch.no_grad():
            layer.bias.copy_(logits)
        return LatentModel(other.prior, Conditional(layer, BernoulliFamily((4,)), 1), other.encoder)

    good = calibration.probabilities(model(torch.logit(p)), batches(x))
    assert good.gap < 0.01
    assert good.count.sum() == x.numel()
    assert (good.observed - x.mean(0)).abs().max() < 1e-12
    sure = calibration.probabilities(model(2 * torch.logit(p)), batches(x))
    expected = (torch.sigmoid(2 * torch.logit(p)) - x.mean(0)).abs().mean().item()
    assert sure.gap == pytest.approx(expected, rel=1e-9)
    assert calibration.spread(model(torch.logit(p)), batches(x)) is None


def slope(weights, variance, c=width.STEP):
    """-dD/dR between c and 1 / c of a linear Gaussian model: W'W / sigma^2 and q's variances, by dimension."""
    change = c**2 - c**-2
    distortion = 0.5 * (weights * variance).sum() * change
    rate = 0.5 * variance.sum() * change - 2 * len(variance) * math.log(c)
    return -distortion / rate


@pytest.mark.parametrize("widen,best", [(1.0, 1.0), (2.0, 0.5), (0.5, 2.0)])
def test_the_slope_and_the_summit_of_a_linear_model(widen, best):
    model = PPCA(np.array([[3.0, 0.0], [0.0, 2.0], [0.0, 0.0]]), np.zeros(3), 0.5)
    x = torch.from_numpy(data_of(model, 500))
    found = width.width(as_vae(model, widen), batches(x), k=16)
    _, covariance = model.posterior(x.numpy())
    weights = np.array([9.0, 4.0]) / 0.25
    expected = slope(weights, widen**2 * np.diag(covariance))
    assert abs(found.slope.value - expected) < 4 * found.slope.se + 0.01 * expected
    if widen == 1:
        assert expected == pytest.approx(1, abs=0.025)  # the step is finite
    assert found.factors[found.best] == best
    gap = 2 * (-math.log(widen) + (widen**2 - 1) / 2)  # KL(q || p(z|x)) of a q so much too wide
    assert found.gain[found.best].value == pytest.approx(gap, abs=4 * found.gain[found.best].se + 0.02 * gap + 1e-12)


def test_a_q_that_is_the_prior_has_no_slope():
    found = width.width(constant(1.0, 0.0), batches(torch.randn(50, 4, generator=seeded())))
    assert found.slope is None


def test_pca_leaves_the_discarded_eigenvalues():
    weight = torch.randn(6, 2, generator=seeded())
    x = torch.randn(500, 2, generator=seeded(1)) @ weight.T + 0.1 * torch.randn(500, 6, generator=seeded(2))
    values = np.linalg.eigvalsh(np.cov(x.numpy().T, bias=True))
    assert classical_errors.pca(x, x, 2).mean().item() == pytest.approx(values[:-2].sum(), rel=1e-9)


def test_k_means_of_as_many_points_as_places_leaves_nothing():
    """A codebook is compared with as many points as it has codes; more than k-means can place are compared with PCA."""
    places = torch.randn(4, 6, generator=seeded())
    x = places[torch.arange(400) % 4]
    assert classical_errors.k_means(x, x, 4).max().item() == pytest.approx(0, abs=1e-9)
    assert classical_errors.k_means(x, x, 3).mean().item() > 0.1
    small = preset("vq-vae", latent=2, data="digits", shape=(1, 8, 8))
    assert classical.counterpart(small) == ("k-means", 64)
    assert classical.counterpart(preset("vq-vae", latent=4, data="digits", shape=(1, 8, 8))) == ("pca", 4)
