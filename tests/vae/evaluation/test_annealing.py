"""Annealed importance sampling against pPCA's log p(x), from the encoder's posterior and from the prior."""

import numpy as np
import pytest
import torch
from ppca import as_vae, data_of, random_ppca

from vae.evaluation.annealing import ais
from vae.model import build
from vae.spec import preset

pytestmark = pytest.mark.usefixtures("double")


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("from_prior", [False, True])
def test_ais_agrees_with_ppca_within_its_standard_error(from_prior):
    """AIS agrees with pPCA of 8 latents within its standard error."""
    model = random_ppca(dim=12, k=8, rotated=True)
    x = data_of(model, 20)
    vae = as_vae(model, widen=1.5)
    start = vae.prior() if from_prior else None
    found = ais(vae, torch.from_numpy(x), chains=64, temperatures=60, start=start, generator=generator())
    z = (found.log_px.numpy() - model.log_px(x)) / found.se.numpy()
    assert np.abs(z).max() < 4 and abs(z.mean()) < 4 / np.sqrt(20)
    assert found.se.max() < 0.4
    assert (found.acceptance > 0.4).all()


def test_chains_from_the_exact_posterior_have_equal_weights():
    """From the exact posterior every chain has the same weight."""
    model = random_ppca(dim=12, k=8)
    x = data_of(model, 3)
    found = ais(as_vae(model), torch.from_numpy(x), chains=4, temperatures=5, generator=generator())
    assert np.abs(found.log_px.numpy() - model.log_px(x)).max() < 1e-11
    assert found.se.max() < 1e-6


def test_the_same_generator_gives_the_same_number():
    model = random_ppca(dim=12, k=8)
    x = torch.from_numpy(data_of(model, 3))
    one, two = (ais(as_vae(model, widen=1.2), x, 4, 5, generator=generator(7)).log_px for _ in range(2))
    assert torch.equal(one, two)


def test_an_autoencoder_is_refused():
    model = build.model(preset("autoencoder", shape=(1, 4, 4), encoder={"kind": "linear"}))
    with pytest.raises(TypeError, match="no prior"):
        ais(model, torch.zeros(1, 1, 4, 4))
