"""Procrustes against clouds that were turned on purpose, and against scipy's; per-example scores against the bounds."""

import numpy as np
import pytest
import torch
from fake_runs import SMALL
from scipy.spatial import procrustes as reference

from vae import data
from vae.data.batches import prepare
from vae.evaluation.estimate import Estimate
from vae.evaluation.scores import difference, scores
from vae.geometry import alignment
from vae.geometry.plane import Plane, pair
from vae.model import build
from vae.spec import preset


def rotation(degrees, mirror=False):
    t = np.radians(degrees)
    turn = np.array([[np.cos(t), np.sin(t)], [-np.sin(t), np.cos(t)]])
    return np.diag([-1.0, 1.0]) @ turn if mirror else turn


@pytest.fixture
def cloud():
    return np.random.default_rng(0).normal(size=(200, 2)) * [2.0, 0.5] + [3.0, -1.0]


@pytest.mark.parametrize("degrees", [0, 37, -120, 179])
@pytest.mark.parametrize("mirror", [False, True])
def test_a_turned_cloud_comes_back(cloud, degrees, mirror):
    b = (cloud - 5.0) @ rotation(degrees, mirror).T / 2.5 + [7.0, 1.0]
    found = alignment.procrustes(cloud, b)
    assert found.disparity < 1e-12 and found.scale == pytest.approx(2.5, rel=1e-12)
    assert found.reflected == mirror
    np.testing.assert_allclose(found.apply(b), cloud, atol=1e-12)
    np.testing.assert_allclose(found.rotation, rotation(degrees, mirror), atol=1e-12)
    assert found.angle == pytest.approx(degrees, abs=1e-9)


def test_the_disparity_is_scipys(cloud):
    rng = np.random.default_rng(1)
    other = cloud @ rotation(50) + rng.normal(size=cloud.shape)
    found = alignment.procrustes(cloud, other)
    assert found.disparity == pytest.approx(reference(cloud, other)[2], rel=1e-12)
    residual = ((cloud - found.apply(other)) ** 2).sum() / ((cloud - cloud.mean(0)) ** 2).sum()
    assert residual == pytest.approx(found.disparity, rel=1e-12)


def test_clouds_that_cannot_be_laid_on_each_other_are_refused(cloud):
    for a, b in ((cloud, cloud[:-1]), (cloud, np.ones_like(cloud)), (cloud[:0], cloud[:0])):
        with pytest.raises(ValueError, match="Procrustes needs|single point"):
            alignment.procrustes(a, b)


def test_a_turned_plane_decodes_what_lies_under_the_cursor(cloud):
    """to_latent(to_plane(z)) = z, and the plane's picture is the aligned cloud up to scale and place."""
    other = (cloud - 1.0) @ rotation(70, mirror=True) * 0.4
    found = alignment.procrustes(cloud, other)
    plane = alignment.turned(pair(2, 0, 1), found)
    assert isinstance(plane, Plane)
    shown = plane.to_plane(other)
    np.testing.assert_allclose(plane.to_latent(shown), other, atol=1e-12)
    np.testing.assert_allclose(found.scale * (shown - shown.mean(0)), cloud - cloud.mean(0), atol=1e-12)
    np.testing.assert_allclose(plane.basis @ plane.basis.T, np.eye(2), atol=1e-12)
    np.testing.assert_allclose(shown.mean(0), other.mean(0), atol=1e-12)


@pytest.mark.parametrize("name", ["vae", "autoencoder", "beta-vae"])
def test_scores_are_the_bounds_of_each_example(name):
    spec = preset(name, **SMALL)
    model, batches = build.model(spec), prepare(data.load("digits", "test"), spec)
    found = scores(model, batches, seed=3)
    assert found.distortion.shape == (len(batches),)
    if name == "autoencoder":
        assert found.rate is None and found.elbo is None
        return
    torch.testing.assert_close(found.elbo, -found.distortion - found.rate)
    again = scores(model, batches, seed=3)
    assert torch.equal(found.elbo, again.elbo) and not torch.equal(found.elbo, scores(model, batches, seed=4).elbo)


def test_models_are_compared_on_the_same_pixels():
    """A decoder that looks at no z gives what the pixels alone say: on equal pixels the pairs do not differ."""
    found = []
    for latent in (2, 5):
        spec = preset("vae", **SMALL, latent=latent, seed=1)
        model, batches = build.model(spec), prepare(data.load("digits", "test"), spec)
        with torch.no_grad():
            for name, p in model.decoder.named_parameters():
                p.fill_(0.4 if name.endswith("bias") else 0.0)
        found.append(scores(model, batches).distortion)
    paired = difference(found[0], found[1])
    assert abs(paired.value) < 1e-4 and paired.se < 1e-4 < Estimate.of(found[0]).se
