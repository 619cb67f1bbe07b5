"""Annealed importance sampling against pPCA's log p(x) and the quadrature, from the posterior and from the prior."""

import numpy as np
import pytest
import torch
from ppca import as_vae, data_of, random_ppca

from vae import runs
from vae.evaluation import exact
from vae.evaluation.annealing import ais, anneal
from vae.model import LatentModel, build
from vae.runs import Run
from vae.runs.load import held_out, load_model
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
    images = torch.from_numpy(x)
    start = vae.prior() if from_prior else vae.encode(images)
    found = anneal(vae, images, start, chains=64, temperatures=60, generator=generator())
    z = (found.log_px.numpy() - model.log_px(x)) / found.se.numpy()
    assert np.abs(z).max() < 4 and abs(z.mean()) < 4 / np.sqrt(20)
    assert found.se.median() < 0.4
    assert (found.acceptance > 0.4).all()


def test_chains_from_the_exact_posterior_have_equal_weights():
    """From the exact posterior every chain has the same weight."""
    model = random_ppca(dim=12, k=8)
    x = data_of(model, 3)
    vae, images = as_vae(model), torch.from_numpy(x)
    found = anneal(vae, images, vae.encode(images), chains=4, temperatures=5, generator=generator())
    assert np.abs(found.log_px.numpy() - model.log_px(x)).max() < 1e-11
    assert found.se.max() < 1e-6


def test_the_same_generator_gives_the_same_number():
    model = random_ppca(dim=12, k=8)
    x = torch.from_numpy(data_of(model, 3))
    one, two = (ais(as_vae(model, widen=1.2), x, 4, 5, generator=generator(7)).log_px for _ in range(2))
    assert torch.equal(one, two)


def narrow(seed: int) -> LatentModel:
    """A random network whose decoder has several modes, under an encoder that is certain of one place."""
    torch.manual_seed(seed)
    spec = preset("vae", data="digits", shape=(1, 8, 8), latent=2, encoder={"kind": "mlp", "widths": [32]})
    model = build.model(spec).double()
    with torch.no_grad():
        for part in model.decoder.net.parameters():
            part.mul_(3)
        model.encoder.net[-1].bias[2:] = -4.0
    return model


@pytest.mark.parametrize("which", ["unhealthy-beta-0", 0])
def test_a_narrow_posterior_is_no_trap(which):
    if isinstance(which, str):
        run = Run(runs.examples() / which)
        model, (_, batches) = load_model(run).double(), held_out(run)
        x = batches.take(slice(0, 6), generator()).double()
    else:
        model = narrow(which)
        x = (torch.rand(6, 1, 8, 8, generator=generator(which)) > 0.5).double()
    truth = exact(model, x, tolerance=1e-4).log_px
    found = ais(model, x, temperatures=60, generator=generator())
    # a stochastic lower bound exceeds the truth by b with a probability below e^-b
    assert (found.log_px - truth).max() < 3
    assert (found.log_px - truth).min() > -2.5 and abs((found.log_px - truth).mean()) < 0.6
    assert (found.lower <= found.log_px).all()
    # where a start is far too low and says otherwise, the two contradict each other
    from_q = anneal(model, x, model.encode(x), temperatures=60, generator=generator())
    wrong = truth - from_q.log_px > 5
    assert found.disagree[wrong].all()
    if which == "unhealthy-beta-0":
        assert wrong.any()


@pytest.mark.parametrize("what", ["chains", "temperatures", "leapfrog"])
def test_no_step_gives_no_number(what):
    model = random_ppca(dim=12, k=8)
    with pytest.raises(ValueError, match="at least one"):
        ais(as_vae(model), torch.from_numpy(data_of(model, 1)), **{what: 0})


def test_a_density_that_is_no_number_is_refused():
    model = random_ppca(dim=12, k=8)
    vae = as_vae(model)
    with torch.no_grad():
        vae.decoder.net[0].bias[0] = torch.nan
    with pytest.raises(ValueError, match="not finite"):
        ais(vae, torch.from_numpy(data_of(model, 1)), chains=2, temperatures=2)


@pytest.mark.parametrize("kind", ["mixture", "vamp", "flow"])
def test_every_prior_can_be_a_start(kind):
    spec = preset("vae", data="digits", shape=(1, 8, 8), encoder={"kind": "linear"}, latent=3, prior={"kind": kind})
    model = build.model(spec).double()
    x = (torch.rand(2, 1, 8, 8, generator=generator()) > 0.5).double()
    found = ais(model, x, chains=4, temperatures=4, generator=generator())
    assert found.log_px.isfinite().all() and found.disagree.shape == (2,)


def test_an_autoencoder_is_refused():
    model = build.model(preset("autoencoder", shape=(1, 4, 4), encoder={"kind": "linear"}))
    with pytest.raises(TypeError, match="no prior"):
        ais(model, torch.zeros(1, 1, 4, 4))
