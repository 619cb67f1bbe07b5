"""Densities fitted to codes: against scikit-learn, against a density that is known, and as a sampler for a model."""

import math

import numpy as np
import pytest
import torch
from scipy import stats

from vae import runs
from vae.density import expost
from vae.model import build
from vae.spec import preset
from vae.training.loop import State


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def clusters(n: int = 1500) -> np.ndarray:
    rng = np.random.default_rng(0)
    centres = np.array([[0.0, 0.0], [60.0, 1.0], [0.0, 3.0]])
    spread = np.array([[8.0, 0.2], [3.0, 0.1], [5.0, 0.3]])
    label = rng.integers(0, 3, n)
    return centres[label] + spread[label] * rng.normal(size=(n, 2))


def banana(n: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(2, n))
    return np.stack([a, a**2 + 0.3 * b], 1)


def test_the_mixture_is_scikit_learns_and_counts_the_clusters():
    from sklearn.mixture import GaussianMixture

    x = clusters()
    density = expost.fit(x, "mixture")
    assert len(density.arrays["logits"]) == 3
    white = (x - x.mean(0)) / x.std(0)
    reference = GaussianMixture(3, random_state=0).fit(white)
    expected = reference.score_samples(white) - np.log(x.std(0)).sum()
    assert np.abs(density.log_prob(torch.from_numpy(x)).numpy() - expected).max() < 1e-9
    z = density.sample(3000, generator()).numpy()
    for i in range(2):
        assert stats.ks_2samp(z[:, i], x[:, i]).pvalue > 1e-3
    assert len(expost.fit(x, "mixture", components=2).arrays["logits"]) == 2


def test_the_flow_finds_a_bent_density_that_a_normal_cannot():
    density = expost.fit(banana(5000), "flow", steps=500)
    fresh = torch.from_numpy(banana(5000, 1))
    truth = -(math.log(2 * math.pi) + 1 + math.log(0.3))  # minus the entropy of N(0, 1) and N(0, 0.3^2)
    found = density.log_prob(fresh).mean().item()
    one = expost.fit(banana(5000), "mixture", components=1).log_prob(fresh).mean().item()
    assert truth - 0.12 < found < truth + 0.03 and one < truth - 0.8
    axis = torch.linspace(-6, 6, 300), torch.linspace(-4, 26, 900)
    mass = density.log_prob(torch.cartesian_prod(*axis)).double().exp().sum()
    assert (mass * (axis[0][1] - axis[0][0]) * (axis[1][1] - axis[1][0])).item() == pytest.approx(1, abs=5e-3)
    z = density.sample(4000, generator()).numpy()
    assert stats.ks_2samp(z[:, 0], banana(4000, 2)[:, 0]).pvalue > 1e-3


@pytest.mark.parametrize("kind", expost.KINDS)
def test_a_density_is_saved_as_arrays_and_comes_back_the_same(kind, tmp_path):
    torch.manual_seed(3)
    before = torch.get_rng_state()
    density = expost.fit(clusters(300), kind, steps=20)
    density.save(tmp_path)
    again = expost.load(tmp_path, kind)
    assert torch.equal(again.sample(50, generator()), density.sample(50, generator()))
    z = density.sample(50, generator())
    assert torch.equal(again.log_prob(z), density.log_prob(z)) and torch.equal(torch.get_rng_state(), before)
    file = tmp_path / f"expost-{kind}.npz"
    file.write_bytes(file.read_bytes()[:200])
    with pytest.raises(runs.RunError, match="damaged.*Fit it again"):
        expost.load(tmp_path, kind)
    file.unlink()
    with pytest.raises(runs.RunError, match="no fitted density"):
        expost.load(tmp_path, kind)


@pytest.mark.parametrize("kind", expost.KINDS)
def test_an_autoencoder_gets_a_sampler(kind, tmp_path):
    from safetensors.torch import save_file

    spec = preset("autoencoder", data="digits", shape=(1, 8, 8), encoder={"kind": "mlp", "widths": [8]}, latent=3)
    run = runs.create(tmp_path / "run", spec)
    model = State.fresh(spec).model
    save_file(model.state_dict(), run.path / "model.safetensors")
    density = expost.of_run(run, kind, n=200, components=2, steps=50)
    z = density.sample(5, generator()).float()
    images = model.decode(z).mean
    assert z.shape == (5, 3) and images.shape == (5, 1, 8, 8) and images.min() >= 0 and images.max() <= 1
    assert torch.equal(expost.load(run.path, kind).sample(5, generator()).float(), z)


def test_codes_are_draws_of_the_aggregate_posterior():
    from vae.data import load
    from vae.data.batches import prepare

    spec = preset("vae", data="digits", shape=(1, 8, 8), encoder={"kind": "linear"})
    model = build.model(spec)
    batches = prepare(load("digits", "train", n=50), spec)
    one, two = expost.codes(model, batches, 0), expost.codes(model, batches, 0)
    assert np.array_equal(one, two) and not np.array_equal(one, expost.codes(model, batches, 1))
    assert one.std() > 0.8  # its posteriors start near the prior's width: means alone would lie closer


def test_what_cannot_be_fitted_is_refused():
    for wrong, kind in ((np.zeros((3, 2)), "mixture"), (np.full((20, 2), np.nan), "flow"), (clusters(50), "kernel")):
        with pytest.raises(ValueError, match="density"):
            expost.fit(wrong, kind)
    constant = expost.fit(np.concatenate([clusters(60), np.zeros((60, 1))], 1), "mixture", components=1)
    assert constant.log_prob(torch.zeros(1, 3)).isfinite().all()  # a dead latent divides nothing by zero


def test_components_are_no_more_than_distinct_codes(recwarn):
    """Few distinct codes get no more components than there are."""
    points = np.repeat(np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 3.0]]), 40, 0)
    assert len(expost.fit(points, "mixture").arrays["logits"]) <= 3
    assert not [w for w in recwarn if "distinct clusters" in str(w.message)]
