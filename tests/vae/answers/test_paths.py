"""What pages ask about paths, against the same quantities computed another way."""

import brute_force
import numpy as np
import pytest
import torch
from fake_runs import SMALL, complete, make_run
from ppca import as_vae, data_of, random_ppca
from turns import in_turns

from vae.answers import explore, process
from vae.answers.paths import Along, along, magnified
from vae.evaluation.single import single_elbos
from vae.geometry import curves
from vae.geometry.metric import magnification, mean
from vae.geometry.plane import pair
from vae.model.priors import normal
from vae.runs import RunError
from vae.runs.load import load_model


@pytest.fixture
def run(tmp_path):
    return complete(make_run(tmp_path, "small", **SMALL))


@pytest.fixture
def waypoints(run):
    return run.codes.means[[3, 40, 77]].astype(np.float64)


@pytest.mark.usefixtures("double")
def test_the_elbo_of_an_image_is_log_px_less_the_gap():
    ppca = random_ppca()
    x = torch.from_numpy(data_of(ppca, 20))
    log_px = torch.from_numpy(ppca.log_px(x.numpy()))
    value, error = single_elbos(as_vae(ppca), x, 16, torch.Generator().manual_seed(0))
    assert (value - log_px).abs().max() < 1e-11 and error.max() < 1e-11
    gap = 2 * (-np.log(1.5) + (1.5**2 - 1) / 2)
    value, error = single_elbos(as_vae(ppca, widen=1.5), x, 4000, torch.Generator().manual_seed(0))
    z = (value - log_px + gap) / error
    assert z.abs().max() < 4.5 and 0.5 < z.std() < 2
    with pytest.raises(ValueError, match="two samples"):
        single_elbos(as_vae(ppca), x, 1)


@pytest.mark.parametrize("kind", ["line", "slerp", "geodesic", "data"])
def test_path_numbers_are_those_of_its_points(run, waypoints, kind):
    """Densities lengths and neighbours are those of the points."""
    found = in_turns(along, run.path, kind, waypoints, 0.5, steps=6)
    codes = run.codes
    z = torch.from_numpy(found.points)
    np.testing.assert_allclose(found.points[::6], waypoints, atol=1e-12)
    np.testing.assert_allclose(found.log_p, normal(torch.zeros(2), torch.ones(2)).log_prob(z), atol=1e-5)
    np.testing.assert_allclose(found.log_q, brute_force.log_q(codes.means, codes.scales, found.points), atol=1e-9)
    frames = explore.decode(run.path, found.points).reshape(len(found.points), -1)
    np.testing.assert_allclose(np.diff(found.way), np.linalg.norm(np.diff(frames, axis=0), axis=1), atol=1e-5)
    gaps = np.linalg.norm(found.points[:, None] - codes.means, axis=-1)
    np.testing.assert_array_equal(found.neighbours, (gaps <= 0.5).sum(1))
    assert found.share[0] == 0 and found.share[-1] == 1 and (np.diff(found.share) > 0).all()


def test_a_long_path_comes_in_turns_and_is_the_same(run, monkeypatch):
    waypoints = run.codes.means[:5].astype(np.float64)
    at_once = in_turns(along, run.path, "geodesic", waypoints, 0.5, steps=4)
    monkeypatch.setattr(process, "TURN", 0.0)
    found, turns, state = None, [], None
    while not isinstance(found, Along):
        found = along(run.path, "geodesic", waypoints, 0.5, steps=4, so_far=state)
        if isinstance(found, process.Partial):
            turns.append(found.fraction)
            state = found.state
    assert turns == [0.25, 0.5, 0.75]
    np.testing.assert_array_equal(found.points, at_once.points)
    np.testing.assert_array_equal(found.elbo, at_once.elbo)
    with pytest.raises(RunError, match="trained on"):
        along(run.path, "geodesic", waypoints, 0.5, so_far={"version": (), "made": []})


def test_the_elbo_of_the_frames_is_that_of_the_decoded_means(run, waypoints):
    found = in_turns(along, run.path, "line", waypoints, 0.5, frames=5, samples=2000)
    places = curves.at(found.points, found.share, np.linspace(0, 1, 5))
    x = torch.from_numpy((explore.decode(run.path, places) > 0.5).astype(np.float32))
    other = single_elbos(load_model(run), x, 2000, torch.Generator().manual_seed(5))
    error = np.hypot(found.elbo_se, other[1])
    assert np.abs((found.elbo - other[0].numpy()) / error).max() < 4


def test_an_autoencoder_has_paths_but_no_densities(tmp_path):
    run = complete(make_run(tmp_path, "ae", "autoencoder", **SMALL))
    waypoints = run.codes.means[:3].astype(np.float64)
    found = in_turns(along, run.path, "geodesic", waypoints, 0.5, steps=4)
    assert found.energy <= found.line_energy
    assert found.log_p is None and found.log_q is None and found.elbo is None and found.elbo_se is None
    with pytest.raises(RunError, match="choose another kind"):
        in_turns(along, run.path, "data", waypoints, 0.5)


@pytest.mark.parametrize("name", ["sigma-vae", "logistic-vae", "laplace-vae", "vamp-vae", "flow-posterior-vae", "cvae"])
def test_other_models_have_what_they_have(tmp_path, name):
    run = complete(make_run(tmp_path, "other", name, **SMALL))
    found = in_turns(along, run.path, "line", run.codes.means[:2].astype(np.float64), 0.5, steps=4)
    assert np.isfinite(found.log_p).all() and np.isfinite(found.elbo).all() and (found.elbo_se > 0).all()
    assert (found.log_q is None) == (name == "flow-posterior-vae")


def test_magnification_is_that_of_the_points_of_the_plane(tmp_path, monkeypatch):
    run = complete(make_run(tmp_path, "five", latent=5, **SMALL))
    plane = pair(5, 1, 3)
    found = in_turns(magnified, run.path, plane.origin, plane.basis, (-1.0, 2.0, -3.0, 1.0), 7)
    monkeypatch.setattr(process, "TURN", 0.0)
    again = in_turns(magnified, run.path, plane.origin, plane.basis, (-1.0, 2.0, -3.0, 1.0), 7)
    np.testing.assert_array_equal(found, again)
    u = np.array([-1 + 3 * 4 / 6, -3 + 4 * 2 / 6])
    z = torch.from_numpy(plane.to_latent(u[None])).float()
    expected = magnification(mean(load_model(run)), z, torch.from_numpy(plane.basis).float())
    assert found[2, 4] == pytest.approx(expected.item(), rel=1e-5)


def test_points_of_another_space_are_refused(run):
    with pytest.raises(RunError, match="2 numbers"):
        in_turns(along, run.path, "line", np.zeros((2, 3)), 0.5)
    with pytest.raises(RunError, match="two waypoints"):
        in_turns(along, run.path, "line", np.zeros((1, 2)), 0.5)
