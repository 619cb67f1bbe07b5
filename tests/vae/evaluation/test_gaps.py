"""The gap between ELBO and log p(x), split into the encoder's part and the family's, against closed forms."""

import math

import numpy as np
import pytest
import torch
from ppca import as_vae, data_of, random_ppca

from vae import runs
from vae.evaluation.gaps import even, expectation, gauss_hermite, lattice, refine, split
from vae.evaluation.linear import normal_kl
from vae.runs.load import held_out, load_model

pytestmark = pytest.mark.usefixtures("double")


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("nodes", [gauss_hermite(2, 10), lattice(2, 2.0), lattice(2, 3.0, 0.5), even(2, 64)])
def test_rules_integrate_quadratics_of_a_normal_exactly(nodes):
    u, weight = nodes
    assert weight.sum().item() == pytest.approx(1, abs=1e-13)
    assert (weight @ u).abs().max() < 1e-13
    assert (torch.einsum("k,ki,kj->ij", weight, u, u) - torch.eye(2)).abs().max() < 1e-12


def test_gaps_are_zero_under_the_exact_posterior():
    """Both gaps are 0 where the family holds the posterior and the encoder finds it."""
    model = random_ppca()
    found = split(as_vae(model), torch.from_numpy(data_of(model, 6)), tail=1e-17)
    assert found.amortisation.abs().max() < 1e-11 and found.approximation.abs().max() < 1e-11
    assert found.residual.abs().max() < 1e-11


def test_elbo_plus_kl_is_log_px_to_1e_12():
    model = random_ppca(rotated=True)
    x = data_of(model, 6)
    found = split(as_vae(model, widen=1.3), torch.from_numpy(x), tail=1e-17)
    assert found.residual.abs().max() < 1e-12
    assert np.abs(found.log_px.numpy() - model.log_px(x)).max() < 1e-12


def test_approximation_gap_of_a_rotation_is_the_closed_form():
    """The approximation gap of a rotated model is the closed form KL."""
    model = random_ppca(rotated=True)
    x = data_of(model, 6)
    covariance = model.posterior(x)[1]
    gap = normal_kl(np.diag(1 / np.diag(np.linalg.inv(covariance))), covariance)
    found = split(as_vae(model, widen=1.5), torch.from_numpy(x), tail=1e-17)
    assert gap > 1e-3
    assert (found.approximation - gap).abs().max() < 1e-11


def test_amortisation_gap_of_a_perturbation_is_closed_form():
    """The amortisation gap of a perturbed encoder is its closed form."""
    c, shift = 1.5, 0.2
    model = random_ppca()
    vae = as_vae(model, widen=c)
    with torch.no_grad():
        vae.encoder.net[0].bias[:2] += shift
    found = split(vae, torch.from_numpy(data_of(model, 6)), tail=1e-17)
    variance = np.diag(model.posterior(model.bias[None])[1])
    expected = 2 * (-math.log(c) + (c**2 - 1) / 2) + 0.5 * (shift**2 / variance).sum()
    assert (found.amortisation - expected).abs().max() < 1e-11
    assert found.approximation.abs().max() < 1e-11


def test_refinement_climbs_from_the_encoder_in_any_dimension():
    model = random_ppca(dim=12, k=8, rotated=True)
    x = data_of(model, 5)
    vae = as_vae(model, widen=2.0)
    path = refine(vae, torch.from_numpy(x), steps=40)
    assert torch.equal(path.loc[0], vae.encode(torch.from_numpy(x)).mean)
    assert (path.elbo.diff(dim=0) >= 0).all()
    means, covariance = model.posterior(x)
    best = model.elbo(x, means, np.diag(1 / np.diag(np.linalg.inv(covariance))))
    assert np.abs(path.elbo[-1].numpy() - best).max() < 1e-9
    assert np.abs(path.loc[-1].numpy() - means).max() < 1e-5


def test_an_expectation_is_the_integral():
    loc, scale = torch.tensor([[0.5, -1.0]]), torch.tensor([[0.3, 2.0]])
    found = expectation(lambda x, z: z.cos().prod(-1), torch.zeros(1, 1), loc, scale, 1e-12)
    expected = (loc.cos() * (-scale.square() / 2).exp()).prod(1)
    assert (found - expected).abs().max() < 1e-12


def test_elbo_plus_kl_is_log_px_on_a_trained_model():
    """On a trained model ELBO plus KL is log p(x) per image and both gaps are positive."""
    run = runs.find("digits-vae-2d", [runs.shipped()])
    _, batches = held_out(run, n=2)
    model = load_model(run).double()
    x = batches.take(slice(None), generator()).double()
    found = split(model, x, tolerance=3e-5)
    assert found.residual.abs().max() < 1e-4
    assert (found.residual != 0).all()  # a check, not an identity
    assert (found.amortisation >= 0).all() and (found.approximation > 0).all()
    assert (found.path.elbo[-1] < found.best + 0.05).all()


def test_encoder_at_the_lower_mode_is_no_approximation_gap():
    """Two modes of different height: the climb from the encoder ends on the lower one, the approximation gap must not
    be measured from there."""
    from vae.model import Conditional, LatentModel
    from vae.model.families import Normal

    class Fold(torch.nn.Module):
        def forward(self, z):
            return z.square() + 0.05 * z  # z near +1 or -1, and which of them is told a little

    model = as_vae(random_ppca(dim=2, k=2))
    folded = LatentModel(model.prior, Conditional(Fold(), Normal((2,), 0.05), 1), model.encoder)
    with torch.no_grad():
        folded.encoder.net[0].weight.zero_()
        folded.encoder.net[0].bias.copy_(torch.tensor([-1.4, -1.4, -3.0, -3.0]))
    found = split(folded, torch.tensor([[1.0, 1.0]]), tail=1e-12)
    assert found.residual.abs().max() < 1e-6
    assert found.best.item() > found.path.elbo[-1].item() + 0.05
    assert 0 < found.approximation.item() < math.log(4) + 0.1
