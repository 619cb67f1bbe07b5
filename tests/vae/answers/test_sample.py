"""What the Sample page asks of the pool, called directly: sources of every kind of model, neighbours and manifolds."""

import brute_force
import numpy as np
import pytest
import torch
from fake_runs import SMALL, complete, make_run
from scipy import stats

from vae import data, runs
from vae.answers import process, sample
from vae.answers.process import Partial
from vae.data import DataError
from vae.density import copies
from vae.geometry.plane import pair
from vae.runs import RunError
from vae.runs.load import load_model
from vae.spec import PRESETS
from vae.training import finish

LEVELS = {"logistic-vae": {"likelihood": {"kind": "discretised_logistic", "sigma": "shared", "levels": 16}}}
DENSITY = ("vae", "iwae", "beta-vae", "mixture-vae", "vamp-vae", "flow-prior-vae", "cvae")


def run_of(folder, preset="vae", **changes):
    """A run with weights, and with the codes that its own encoder gives, as every trained run has."""
    run = complete(make_run(folder, preset, preset, **{**SMALL, **changes}))
    finish.encode(run, load_model(run), 200)
    return runs.Run(run.path)


def region(x0, x1, y0, y1):
    plane = pair(2, 0, 1)
    return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], float), plane.origin, plane.basis


def test_prior_samples_follow_the_prior_at_every_temperature(tmp_path):
    """The prior is the prior at every temperature and the images are its decoded means."""
    run = run_of(tmp_path)
    found = sample.draw(run.path, "prior", 0.7, 1000, seed=3)
    assert stats.kstest(found.z.ravel(), stats.norm(0, 0.7).cdf).pvalue > 1e-3
    with torch.no_grad():
        mean = load_model(run).decode(torch.from_numpy(found.z)).mean.numpy()
    assert np.allclose(found.images, mean, atol=1e-6) and found.images.shape == (1000, 1, 8, 8)
    assert np.allclose(found.log_p, stats.norm.logpdf(found.z.astype(float)).sum(1), atol=1e-4)
    codes = run.codes
    assert np.allclose(found.log_q, brute_force.log_q(codes.means, codes.scales, found.z), atol=1e-4)
    assert found.count == 200
    again = sample.draw(run.path, "prior", 0.7, 1000, seed=3)
    assert np.array_equal(found.z, again.z)
    assert not np.array_equal(found.z, sample.draw(run.path, "prior", 0.7, 1000, seed=4).z)
    # the noise is the same at any temperature, so the browser can move it
    assert np.allclose(found.z / 0.7, sample.draw(run.path, "prior", 2.0, 1000, seed=3).z / 2, atol=1e-5)
    assert np.allclose(found.centre, 0, atol=1e-4)


def test_the_aggregate_posterior_is_drawn_from_the_codes(tmp_path):
    run = run_of(tmp_path)
    cold = sample.draw(run.path, "aggregate", 1e-5, 50)
    gap = np.linalg.norm(cold.z[:, None] - run.codes.means, axis=2).min(1)
    assert gap.max() < 1e-3 and np.allclose(cold.centre, cold.z, atol=1e-3)
    noisy = sample.draw(run.path, "aggregate", 1.0, 50, noisy=True)
    assert set(np.unique(noisy.images)) == {0.0, 1.0}
    assert np.array_equal(noisy.z, sample.draw(run.path, "aggregate", 1.0, 50).z)


@pytest.mark.parametrize("source", ["mixture", "flow"])
def test_density_is_fitted_or_read_where_it_was_saved(tmp_path, source):
    """A density is fitted to the codes or read where it was saved."""
    run = run_of(tmp_path, "autoencoder")
    torch.set_num_threads(1)  # as the pool has it: small products on many threads wait more than they work
    found = sample.draw(run.path, source, 1.0, 40)
    assert np.isfinite(found.z).all() and found.log_p is None and found.log_q is None and not found.trusted
    assert found.inside.mean() > 0.8


def test_an_autoencoder_has_no_prior_but_can_be_sampled_anyway(tmp_path):
    run = run_of(tmp_path, "autoencoder")
    with pytest.raises(RunError, match="has no prior.*sample anyway"):
        sample.draw(run.path, "prior")
    assert stats.kstest(sample.draw(run.path, "standard", 1.0, 500).z.ravel(), "norm").pvalue > 1e-3
    points = sample.draw(run.path, "aggregate", 3.0, 30)
    assert np.linalg.norm(points.z[:, None] - run.codes.means, axis=2).min(1).max() < 1e-6


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_every_preset_can_be_sampled(tmp_path, name):
    run = run_of(tmp_path, name, **LEVELS.get(name, {}))
    sources = ("prior", "aggregate") if run.spec.probabilistic else ("standard", "aggregate")
    for source in sources:
        found = sample.draw(run.path, source, 0.8, 6)
        assert found.images.shape == (6, 1, 8, 8) and np.isfinite(found.images).all()
        assert (found.log_p is not None) == run.spec.probabilistic
        if name in DENSITY:
            assert found.log_q is not None and np.isfinite(found.log_q).all()
        elif not run.spec.probabilistic:
            assert found.log_q is None
    plane = pair(2, 0, 1)
    for quantile in (False, True):
        grid = sample.grid(run.path, 3, quantile, plane.origin, plane.basis)
        assert grid.images.shape == (3, 3, 1, 8, 8) and (np.diff(grid.across) >= 0).all()


def test_a_region_confines_and_a_hopeless_one_is_refused(tmp_path):
    run = run_of(tmp_path)
    found = sample.draw(run.path, "prior", region=region(0, 1, -1, 0))
    assert ((found.z > [0, -1]) & (found.z < [1, 0])).all() and found.centre is None
    with pytest.raises(RunError, match="larger region"):
        sample.draw(run.path, "prior", region=region(40, 41, 0, 1))
    with pytest.raises(RunError, match="[Aa] temperature"):
        sample.draw(run.path, "prior", -1.0)
    with pytest.raises(RunError, match="There are: prior"):
        sample.draw(run.path, "posterior")


def test_manifold_cells_are_decoded_where_the_map_has_them(tmp_path):
    """The manifold lies as the map and a cell is what its z decodes to."""
    run = run_of(tmp_path)
    plane = pair(2, 0, 1)
    even = sample.grid(run.path, 5, False, plane.origin, plane.basis)
    assert np.allclose(even.across, [-2.4, -1.2, 0, 1.2, 2.4]) and np.allclose(even.up, even.across)
    assert np.allclose(even.z[0, 0], [-2.4, 2.4]) and np.allclose(even.z[4, 3], [1.2, -2.4])
    with torch.no_grad():
        mean = load_model(run).decode(torch.from_numpy(even.z[1, 3])[None]).mean.numpy()[0]
    assert np.allclose(even.images[1, 3], mean, atol=1e-6)
    assert np.allclose(even.log_p[0, 0], 2 * stats.norm.logpdf(2.4))
    by_prior = sample.grid(run.path, 4, True, plane.origin, plane.basis)
    assert np.allclose(by_prior.across, stats.norm.ppf([0.125, 0.375, 0.625, 0.875]))


def test_copies_are_told_from_new_images(tmp_path):
    """Neighbours are training images and a copy is told from a new image."""
    run = run_of(tmp_path)
    train, test = data.load("digits", "train"), data.load("digits", "test", n=100)
    found = sample.neighbours(run.path, (train.images[[5, 77]] / 16).astype(np.float32))
    assert found.index.tolist() == [5, 77] and np.allclose(found.distance, 0, atol=1e-6) and (found.rank < 0.01).all()
    assert np.array_equal(found.labels, train.labels[[5, 77]]) and found.count == len(train)
    assert np.abs(found.images.astype(int) - train.images[[5, 77]].astype(int) * 255 / 16).max() <= 0.5
    usual = sample.neighbours(run.path, (test.images / 16).astype(np.float32))
    assert stats.kstest(usual.rank, "uniform").pvalue > 1e-3 and usual.held_out == 360
    black = sample.neighbours(run.path, np.zeros((1, 1, 8, 8), np.float32))
    assert black.rank[0] == 1.0
    mono = sample.neighbours(run.path, np.round(test.images / 16).astype(np.float32), noisy=True)
    assert mono.typical > found.typical


def test_yardstick_in_turns_equals_the_whole(tmp_path, monkeypatch):
    """The yardstick is measured in turns and comes to the same."""
    run = run_of(tmp_path)
    x = (data.load("digits", "test", n=20).images / 16).astype(np.float32)
    whole = sample.neighbours(run.path, x)
    sample._references.clear()
    monkeypatch.setattr(process, "TURN", -1.0)
    monkeypatch.setattr(copies, "BLOCK", 400)
    turns, found = 0, sample.neighbours(run.path, x)
    while isinstance(found, Partial):
        assert 0 < found.fraction < 1
        turns, found = turns + 1, sample.neighbours(run.path, x, so_far=found.state)
    assert turns == 3 and np.array_equal(found.rank, whole.rank) and found.typical == whole.typical


def test_the_nearest_rows_of_vectors(folder):
    """By brute force, of means outside [0, 1] too; a training row is its own nearest one."""
    changes = {
        "likelihood": {"kind": "normal", "sigma": "shared"},
        "binarisation": "none",
        "encoder": {"kind": "linear"},
    }
    run = complete(make_run(folder, "rows", data="linear-gaussian", shape=(8,), **changes))
    train = data.load("linear-gaussian", "train", n=run.spec.size).images
    x = np.concatenate([train[:3], 3 * np.random.default_rng(0).normal(size=(5, 8))]).astype(np.float32)
    found = sample.neighbours(run.path, x)
    squares = ((x[:, None].astype(np.float64) - train[None]) ** 2).sum(2)
    np.testing.assert_array_equal(found.index, squares.argmin(1))
    np.testing.assert_allclose(found.distance, np.sqrt(squares.min(1)), atol=1e-6)
    np.testing.assert_array_equal(found.images, train[found.index])
    assert found.distance[:3].max() == 0


def test_without_images_there_are_no_neighbours(tmp_path, monkeypatch):
    monkeypatch.setenv("LATENT_DATA", str(tmp_path / "nowhere"))
    run = complete(make_run(tmp_path, "mnist", encoder={"kind": "mlp", "widths": [8]}))
    with pytest.raises(DataError, match="fetch mnist"):
        sample.neighbours(run.path, np.zeros((1, 1, 28, 28), np.float32))
