"""The exact posterior on a grid: against pPCA, where it is a Gaussian, and against importance sampling."""

import numpy as np
import pytest
import torch
from ppca import as_vae, data_of, random_ppca

from vae.evaluation import bounds, log_px_grid, posterior_grid
from vae.evaluation.linear import normal_kl

pytestmark = pytest.mark.usefixtures("double")


@pytest.mark.parametrize("half_width", [None, 9.0])
@pytest.mark.parametrize("latent", [1, 2])
def test_log_px_elbo_gap_and_density_are_the_closed_forms(latent, half_width):
    model = random_ppca(k=latent, rotated=latent == 2)
    vae = as_vae(model, widen=1.3)
    for x in data_of(model, 3):
        grid = posterior_grid(vae, torch.from_numpy(x[None]), half_width, 300)
        means, covariance = model.posterior(x[None])
        q = np.diag(grid.q.stddev[0].detach().numpy() ** 2)
        assert grid.log_px == pytest.approx(model.log_px(x[None])[0], abs=1e-9)
        assert grid.elbo == pytest.approx(model.elbo(x[None], means, q)[0], abs=1e-8)
        assert grid.gap == pytest.approx(normal_kl(q, covariance), abs=1e-8)
        z = torch.cartesian_prod(*grid.axes).reshape(-1, latent).numpy() - means
        expected = -0.5 * np.einsum("ni,ij,nj->n", z, np.linalg.inv(covariance), z)
        expected -= 0.5 * np.log(np.linalg.det(2 * np.pi * covariance))
        assert np.abs(grid.log_density.reshape(-1).numpy() - expected).max() < 1e-8


def bent():
    """Return a model whose decoder is far from linear, and two images."""
    from vae.model import build
    from vae.spec import Spec

    torch.manual_seed(0)
    vae = build.model(Spec(shape=(1, 4, 4), encoder={"kind": "mlp", "widths": [16], "activation": "tanh"}))
    with torch.no_grad():
        vae.decoder.net[0].weight.mul_(4)
        vae.decoder.net[2].weight.mul_(6)
    return vae, (torch.rand(2, 1, 4, 4) > 0.5).to(torch.float64)


def test_posterior_of_a_nonlinear_decoder_is_exact():
    """A nonlinear decoder agrees with importance sampling and the whole plane."""
    vae, images = bent()
    for x in images:
        grid = posterior_grid(vae, x[None], points=200)
        assert grid.log_px == pytest.approx(log_px_grid(vae, x[None], 9.0, 400).item(), abs=1e-6)
        found = bounds(vae, x[None], 20_000, torch.Generator().manual_seed(0), chunk=5_000)
        assert grid.elbo == pytest.approx(found.elbo.item(), abs=0.1)
        assert grid.gap >= 0
        assert grid.log_px - grid.elbo == pytest.approx(grid.gap, abs=1e-12)


def test_small_windows_and_coarse_grids_are_refused():
    """Windows that cut and grids that are too coarse are refused."""
    model = random_ppca()
    x = torch.from_numpy(data_of(model, 1))
    with pytest.raises(ValueError, match="widen"):
        posterior_grid(as_vae(model), x, 0.2, 100)
    with pytest.raises(ValueError, match="coarse"):
        posterior_grid(as_vae(model), x, 60.0, 60)
    with pytest.raises(ValueError, match="two latents"):
        posterior_grid(as_vae(random_ppca(k=3)), torch.zeros(1, 7))
