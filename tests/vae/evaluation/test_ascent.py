"""The linear VAE's ascent against pPCA in closed form."""

import numpy as np
import pytest
from ppca import data_of, random_ppca

from vae.evaluation.linear import PPCA, ascend


def test_it_climbs_to_ppca_and_turns_onto_the_principal_axes():
    x = data_of(random_ppca(dim=9), 400)
    way = list(ascend(x, 2, 400))
    elbo = np.array([step.elbo for step in way])
    best = PPCA.fit(x, 2)
    assert (np.diff(elbo) > -1e-10).all()
    assert elbo[-1] == pytest.approx(best.log_px(x).mean(), abs=1e-6)
    found = way[-1].model.weight / np.linalg.norm(way[-1].model.weight, axis=0)
    axes = best.weight / np.linalg.norm(best.weight, axis=0)
    overlap = np.abs(axes.T @ found)
    # each axis is one of the principal ones, in some order and direction
    np.testing.assert_allclose(np.sort(overlap.max(0)), [1, 1], atol=1e-4)
    assert way[-1].model.sigma == pytest.approx(best.sigma, abs=1e-6)


def test_its_elbo_is_the_closed_forms():
    x = data_of(random_ppca(), 50)
    for step in ascend(x, 2, 3):
        model = step.model
        means, covariance = model.posterior(x)
        spread = np.diag(1 / np.diag(np.linalg.inv(covariance)))
        assert step.elbo == pytest.approx(model.elbo(x, means, spread).mean(), abs=1e-9)


def test_it_needs_fewer_axes_than_numbers():
    with pytest.raises(ValueError, match="between 1 and 2"):
        next(ascend(np.zeros((4, 3)), 3, 1))
