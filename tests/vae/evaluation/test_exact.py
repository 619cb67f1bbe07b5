"""log p(x) and p(z|x) by adaptive quadrature, against pPCA in closed form and against another quadrature."""

import numpy as np
import pytest
import torch
from ppca import as_vae, data_of, random_ppca

from vae import runs
from vae.evaluation import bounds, exact, log_px_grid, posterior_grid
from vae.evaluation.likelihood import pairwise_log_prob
from vae.model import build
from vae.runs.load import held_out, load_model
from vae.spec import preset

pytestmark = pytest.mark.usefixtures("double")


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("k", [1, 2])
def test_exact_log_px_and_posterior_are_ppcas(k):
    model = random_ppca(k=k, rotated=True)
    x = data_of(model, 12)
    found = exact(as_vae(model), torch.from_numpy(x), tail=1e-17)
    means, covariance = model.posterior(x)
    assert np.abs(found.log_px.numpy() - model.log_px(x)).max() < 1e-12
    assert np.abs(found.mean.numpy() - means).max() < 1e-12
    assert np.abs(found.covariance.numpy() - covariance).max() < 1e-12
    assert (np.abs(found.mode.numpy() - means) <= found.step.numpy()[:, None]).all()
    assert found.outside.max() < 1e-14


def test_grid_step_is_below_half_of_a_narrow_sigma():
    """The step is below half of a very narrow posterior's sigma."""
    model = random_ppca(rotated=True)
    sharp = type(model)(model.weight, model.bias, 0.01)  # sigma of the posterior 0.007, the first lattice's step 0.2
    x = data_of(sharp, 12)
    found = exact(as_vae(sharp), torch.from_numpy(x), tail=1e-17)
    assert np.abs(found.log_px.numpy() - sharp.log_px(x)).max() < 1e-10
    sigma = np.sqrt(np.diag(sharp.posterior(x)[1])).min()
    assert (found.step <= sigma / 2).all() and (found.step > sigma / 20).all()


def test_what_refinement_leaves_outside_is_what_log_px_lacks():
    model = random_ppca(rotated=True)
    x = data_of(model, 12)
    found = exact(as_vae(model), torch.from_numpy(x), tail=1e-3)
    missing = -np.expm1(found.log_px.numpy() - model.log_px(x))
    assert (missing >= -1e-12).all() and (missing <= found.outside.numpy() + 1e-9).all()


def test_a_posterior_beyond_the_window_is_followed():
    model = random_ppca()
    far = torch.from_numpy(model.bias + 30 * model.weight[:, 0])[None]
    found = exact(as_vae(model), far, tail=1e-14, half_width=5.0)
    assert abs(found.log_px.item() - model.log_px(far.numpy()).item()) < 1e-10 * abs(found.log_px.item())


def test_two_modes_each_get_their_own_resolution():
    """The second moment of a posterior with two sharp modes says nothing about how fine a lattice it needs."""
    from vae.model import Conditional, LatentModel
    from vae.model.families import Normal

    class Fold(torch.nn.Module):
        def forward(self, z):
            return z.square()

    model = as_vae(random_ppca(dim=2, k=2))
    folded = LatentModel(model.prior, Conditional(Fold(), Normal((2,), 0.01), 1), model.encoder)
    x = torch.tensor([[1.0, 0.5], [0.3, 2.0]])
    found = exact(folded, x, tail=1e-15)
    from scipy import integrate

    for i in range(2):
        one = 1.0
        for j in range(2):
            root, value = float(x[i, j]) ** 0.5, float(x[i, j])

            def density(z, value=value):
                a = (value - z * z) / 0.01
                return np.exp(-0.5 * (a * a + z * z)) / (2 * np.pi * 0.01)

            one *= (
                2 * integrate.quad(density, 0, 3, points=[root - 0.05, root, root + 0.05], epsabs=1e-13, limit=200)[0]
            )
        assert found.log_px[i].item() == pytest.approx(np.log(one), abs=1e-9)
    assert (found.covariance.diagonal(dim1=1, dim2=2).sqrt() > 0.5).all() and (found.step < 0.01).all()


LIKELIHOODS = [
    {"kind": "bernoulli"},
    {"kind": "continuous_bernoulli"},
    {"kind": "normal", "sigma": "each"},
    {"kind": "normal", "sigma": 0.1},
]


@pytest.mark.parametrize("likelihood", LIKELIHOODS)
def test_pairwise_log_prob_is_log_prob_of_every_pair(likelihood):
    binarisation = "dynamic" if likelihood["kind"] == "bernoulli" else "none"
    model = build.model(preset("vae", shape=(1, 4, 4), likelihood=likelihood, binarisation=binarisation))
    x = (torch.rand(5, 1, 4, 4, generator=generator()) > 0.5).double()
    p = model.decode(torch.randn(7, 2, generator=generator()))
    found = pairwise_log_prob(p, x)
    expected = torch.stack([p.log_prob(image.expand(7, 1, 4, 4)) for image in x])
    assert found.shape == (5, 7)
    assert torch.allclose(found, expected, rtol=1e-12, atol=1e-11)


def shipped(n: int):
    run = runs.find("digits-vae-2d", [runs.shipped()])
    _, batches = held_out(run, n=n)
    return load_model(run).double(), batches.take(slice(None), generator()).double()


def test_exact_log_px_of_a_trained_model_is_another_quadratures():
    model, x = shipped(2)
    found = exact(model, x, tolerance=3e-5)
    assert (found.error <= 3e-5).all()
    other = exact(model, x, tolerance=3e-5, shift=0.37)
    assert (found.log_px - other.log_px).abs().max() < 1e-4
    quick = exact(model, x)
    assert (quick.log_px - found.log_px).abs().median() < 1e-3 and quick.decoded < found.decoded / 3
    brute = log_px_grid(model, x, 6.0, 601)  # its step is 0.02: its own kinks are worth 1e-3
    assert (found.log_px - brute).abs().max() < 3e-3


def test_one_image_at_a_time_is_all_images_at_once():
    model, x = shipped(5)
    together, alone = exact(model, x, half_width=6.0), exact(model, x, half_width=6.0, rows=1)
    assert (together.log_px - alone.log_px).abs().max() < 1e-9


def test_posterior_grid_is_ppcas_posterior_density_with_its_gap():
    from scipy import stats

    from vae.evaluation.linear import normal_kl

    model = random_ppca(rotated=True)
    x = data_of(model, 1)
    grid = posterior_grid(as_vae(model, widen=1.3), torch.from_numpy(x), points=81)
    means, covariance = model.posterior(x)
    u, v = np.meshgrid(*[axis.numpy() for axis in grid.axes], indexing="ij")
    expected = stats.multivariate_normal(means[0], covariance).logpdf(np.stack([u, v], -1))
    assert np.abs(grid.log_density.numpy() - expected).max() < 1e-9
    assert grid.inside == pytest.approx(1, abs=1e-8)
    assert grid.gap == pytest.approx(normal_kl(np.diag(grid.q.variance[0].detach().numpy()), covariance), abs=1e-9)
    with pytest.raises(ValueError, match="widen"):
        posterior_grid(as_vae(model), torch.from_numpy(x), 0.2)
    with pytest.raises(ValueError, match="coarse"):
        posterior_grid(as_vae(model), torch.from_numpy(x), 60.0, 60)


def test_more_than_two_latents_are_refused_with_the_remedy():
    """More than two latents are refused by name of what to use."""
    with pytest.raises(ValueError, match="bounds or ais"):
        exact(as_vae(random_ppca(k=3)), torch.zeros(1, 7))


def test_bounds_lie_below():
    model, x = shipped(20)
    found = bounds(model, x, (1, 10, 100, 1000), generator())
    truth = exact(model, x).log_px.mean()
    values = [rung.log_px.mean() for rung in found.ladder]
    assert values == sorted(values) and values[-1] < truth + 0.02
