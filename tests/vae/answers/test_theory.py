"""What the Theory page is told of an image, held against the evaluation package and the shipped models."""

import numpy as np
import pytest
import torch
from fake_runs import SMALL, complete, make_run

from vae import data, runs
from vae.answers import loaded
from vae.answers.lesson import lesson
from vae.answers.theory import constants, numbers, refined, sample_count
from vae.data import DataError
from vae.evaluation import bounds, split
from vae.evaluation.derivation import ladder


def digits(n):
    found = data.load("digits", "test").images[:n]
    return (found.astype(float) / found.max() * 255).astype(np.uint8)


@pytest.fixture(scope="module")
def shipped():
    return runs.find("digits-vae-2d", [runs.shipped()]).path


def test_identity_holds_for_a_shipped_model(shipped):
    """The identity holds for a shipped model and its picture is whole."""
    for image in digits(25):
        found = numbers(shipped, image).numbers
        assert abs(found["residual"]) < 1e-3
        assert found["elbo"] == pytest.approx(-found["distortion"] - found["rate"], abs=1e-9)
        assert found["inside"] == pytest.approx(1, abs=0.01)


def test_mnists_too(mnist_root, monkeypatch):
    monkeypatch.setenv("LATENT_DATA", str(mnist_root))
    path = runs.find("mnist-vae-2d", [runs.shipped()]).path
    for image in data.load("mnist", "test").images[:12]:
        found = numbers(path, image).numbers
        assert abs(found["residual"]) < 1e-3 and found["inside"] == pytest.approx(1, abs=0.01)


def test_its_numbers_are_the_slow_evaluations(shipped):
    run, model = loaded.open_model(shipped)
    image = digits(3)[2]
    found = numbers(shipped, image)
    x = loaded.as_examples(run, image[None])
    slow = split(model, x, steps=20, tolerance=3e-4)
    for name in ("log_px", "elbo", "kl"):
        assert found.numbers[name] == pytest.approx(getattr(slow, name).item(), abs=1e-3)
    many = bounds(model, x, (1, 64), torch.Generator().manual_seed(1))
    log_w = torch.from_numpy(found.arrays["log_w"])
    for rung, other in zip(ladder(log_w, (1, 64)), many.ladder, strict=True):
        assert rung.log_px.item() == pytest.approx(other.log_px.item(), abs=0.5)
    way = refined(shipped, image)
    assert way.log_px == pytest.approx(slow.log_px.item(), abs=1e-3)
    assert way.best == pytest.approx(slow.best.item(), abs=5e-3)
    assert way.elbo <= way.best <= way.log_px + 1e-3
    assert (np.diff(way.elbo_path) >= -1e-9).all()


def test_slopes_are_the_derivatives(shipped):
    run, model = loaded.open_model(shipped)
    found = numbers(shipped, digits(1)[0], seed=3).arrays
    x = loaded.as_examples(run, digits(1))
    z = torch.from_numpy(found["z"][:5]).double()
    double = model.double()
    try:
        step = 1e-5
        for j in range(2):
            move = torch.zeros(2).double()
            move[j] = step
            up, down = (double.decode(z + s * move).log_prob(x.double()) for s in (1, -1))
            np.testing.assert_allclose(
                (up - down).detach() / (2 * step), found["slope_px"][:5, j], rtol=2e-2, atol=0.05
            )
    finally:
        model.float()
    np.testing.assert_allclose(found["z"], found["mean"] + found["scale"] * found["noise"], atol=1e-6)
    np.testing.assert_allclose(found["slope"] - found["slope_px"], -found["z"], atol=1e-3)


def test_prior_samples_and_the_grid_estimate_the_same_truth(shipped):
    image = digits(1)[0]
    found, kept = numbers(shipped, image), constants(shipped)
    naive = np.logaddexp.reduce(found.arrays["prior_log_px"]) - np.log(len(found.arrays["prior_log_px"]))
    assert naive == pytest.approx(found.numbers["log_px"], abs=0.3)
    grid, log_pz = found.arrays["grid_log_px"].astype(float), kept["grid_log_pz"].astype(float)
    step = kept["grid_z"][1, 1] - kept["grid_z"][0, 1]
    assert np.logaddexp.reduce(grid + log_pz) + 2 * np.log(step) == pytest.approx(found.numbers["log_px"], abs=0.05)
    assert len(found.arrays["grid_squares"]) == len(grid)


@pytest.mark.parametrize(
    "preset, changes",
    [
        ("autoencoder", {}),
        ("autoencoder", {"latent": 5}),
        ("vq-vae", {"latent": 2}),
        ("vae", {"latent": 16}),
        ("vae", {"latent": 1}),
        ("full-covariance-vae", {}),
        ("flow-posterior-vae", {}),
        ("laplace-vae", {"binarisation": "none"}),
        ("mixture-vae", {}),
        ("cvae", {}),
        ("vae", {"likelihood": {"kind": "normal", "sigma": 0.5}, "binarisation": "none"}),
    ],
)
def test_every_kind_of_model_has_its_own_true_version(tmp_path, preset, changes):
    run = complete(make_run(tmp_path, "other", preset, n=360, **{**SMALL, **changes}))
    label = 3 if run.spec.labels else None
    found = numbers(run.path, digits(1)[0], label)
    assert all(np.isfinite(v) for v in found.numbers.values())
    assert np.isfinite(found.arrays["log_w"]).all() and len(found.arrays["log_w"]) == sample_count(run)
    if "residual" in found.numbers:
        assert abs(found.numbers["residual"]) < 1e-3
    if run.spec.latent <= 2 and run.spec.posterior["kind"] in ("normal", "delta", "quantised"):
        assert "density" in found.arrays
    assert set(constants(run.path, label)) >= {"prior_z", "prior_loc", "prior_scale"}
    way = refined(run.path, digits(1)[0], label)
    assert way.best >= way.elbo - 1e-6


def test_an_autoencoders_walk_begins_at_its_code(tmp_path):
    run = complete(make_run(tmp_path, "points", "autoencoder", n=360, latent=2, **SMALL))
    image = digits(1)[0]
    found, way = numbers(run.path, image), refined(run.path, image)
    np.testing.assert_allclose(way.loc[0], found.arrays["code"], atol=1e-5)
    assert found.numbers["distortion_at_code"] == pytest.approx(found.numbers["distortion_plain"], rel=1e-5)


def test_what_does_not_fit_is_refused(shipped):
    with pytest.raises(DataError, match="takes images of shape"):
        numbers(shipped, np.zeros((1, 28, 28), np.uint8))
    with pytest.raises(DataError):
        lesson(shipped, "no-such-data")


def test_an_image_has_one_code_everywhere(shipped):
    codes = runs.Run(shipped).codes
    for i in (0, 18, 359):
        found = numbers(shipped, data.load("digits", "test").images[i], number=i).arrays
        np.testing.assert_allclose(found["mean"], codes.means[i], atol=1e-5)
        np.testing.assert_allclose(found["scale"], codes.scales[i], atol=1e-5)


def degrees(axes, found):
    """The angle of each of two directions to the axis that it is nearest to."""
    a, b = (v / np.linalg.norm(v, axis=0) for v in (axes, found))
    return np.degrees(np.arccos(np.clip(np.abs(a.T @ b).max(0), 0, 1)))


def test_lesson_one_ends_at_ppca(shipped):
    found = lesson(shipped, "digits")
    assert found.elbo[-1] <= found.log_px + 1e-9
    assert found.elbo[-1] == pytest.approx(found.log_px, abs=1e-4)
    assert (np.diff(found.elbo) > -1e-9).all() and (np.diff(found.steps) > 0).all() and found.steps[0] == 0
    apart = degrees(found.axes, found.walk[-1])
    assert apart.max() < 1 and degrees(found.axes, found.walk[10]).max() > 5
    assert found.walk.shape == (len(found.elbo), 64, 2) and found.points.shape[1] == 2
