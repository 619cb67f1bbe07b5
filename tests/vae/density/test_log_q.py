"""log q(z) of the aggregate posterior: the numpy and the torch version against the sum as it is written.

The browser's is compared with the same sum in test_mixture.
"""

import brute_force
import numpy as np
import pytest
import torch

from vae.density import log_q as by_numpy
from vae.density import torch_log_q as by_torch

VERSIONS = ("numpy", "torch")
SMALLEST = 1e-3  # a scale: posteriors of latents that are used are mostly ten times as wide


def log_q(version, means, scales, z):
    if version == "numpy":
        return by_numpy.log_q(means, scales, z)
    return by_torch.AggregatePosterior(*map(torch.from_numpy, (means, scales))).log_prob(torch.from_numpy(z)).numpy()


def codes(n=400, d=3, m=60, seed=0):
    """Return means and scales [n, d] and points [m, d]: near the codes, between them, and far from all."""
    rng = np.random.default_rng(seed)
    means, scales = rng.normal(0, 2, (n, d)), np.exp(rng.uniform(np.log(SMALLEST), 0, (n, d)))
    near = means[:m] + scales[:m] * rng.normal(size=(m, d))
    return means, scales, np.concatenate([near, rng.normal(0, 3, (m, d)), rng.normal(0, 300, (9, d))])


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("d", [1, 2, 10])
def test_log_q_is_the_sum_as_it_is_written(version, d):
    means, scales, z = codes(d=d)
    expected = brute_force.log_q(means, scales, z)
    np.testing.assert_allclose(log_q(version, means, scales, z), expected, rtol=1e-12, atol=1e-8)


def test_numpy_and_torch_agree():
    found = [log_q(version, *codes(d=4, seed=1)) for version in VERSIONS]
    np.testing.assert_allclose(*found, rtol=1e-12, atol=1e-8)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("offset", [1e3, 1e4])
def test_log_q_does_not_change_when_all_is_shifted(version, offset):
    """Squares that are expanded about 0 instead of the codes' centre lose 0.02 nats at an offset of 1e4."""
    means, scales, z = codes()
    shift = offset * np.array([1.0, -1.0, 0.5])
    means, z = means + shift - shift, z + shift - shift  # the numbers that the shift leaves exactly representable
    unshifted = log_q(version, means, scales, z)
    np.testing.assert_allclose(log_q(version, means + shift, scales, z + shift), unshifted, rtol=1e-12, atol=1e-7)


@pytest.mark.parametrize("offset", [0.0, 1e3, 1e4])
def test_float32_loses_no_more_than_its_own_rounding(offset):
    """The sum is made in float64, so that of float32 codes only the result is rounded."""
    means, scales, z = (v.astype(np.float32) for v in codes())
    means, z = means + np.float32(offset), z + np.float32(offset)
    expected = brute_force.log_q(means, scales, z)
    found = log_q("torch", means, scales, z)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=6e-8, atol=1e-6)
    np.testing.assert_allclose(log_q("numpy", means, scales, z), expected, rtol=1e-12, atol=1e-7)


def test_a_left_out_code_does_not_count():
    means, scales, z = codes(m=40)
    left_out = np.arange(len(z)) * 3
    found = by_numpy.log_q(means, scales, z, left_out)
    for k in (0, 17, len(z) - 1):
        others = np.arange(len(means)) != left_out[k]
        assert found[k] == pytest.approx(brute_force.log_q(means[others], scales[others], z[[k]])[0], abs=1e-8)


def test_blocks_do_not_change_the_result(monkeypatch):
    means, scales, z = codes()
    whole = [log_q(version, means, scales, z) for version in VERSIONS]
    monkeypatch.setattr(by_numpy, "PAIRS", 7 * len(means))
    monkeypatch.setattr(by_torch, "PAIRS", 7 * len(means))
    for version, expected in zip(VERSIONS, whole, strict=True):
        np.testing.assert_allclose(log_q(version, means, scales, z), expected, rtol=1e-12, atol=1e-8)
        assert log_q(version, means, scales, z[:0]).shape == (0,)


def test_marginals_are_those_of_each_dimension():
    means, scales, z = codes(d=2)
    found = by_torch.AggregatePosterior(*map(torch.from_numpy, (means, scales))).log_prob_by_dimension(
        torch.from_numpy(z).unflatten(0, (3, -1))
    )
    assert found.shape == (3, len(z) // 3, 2)
    for j in range(2):
        expected = brute_force.log_q(means[:, [j]], scales[:, [j]], z[:, [j]])
        np.testing.assert_allclose(found[..., j].flatten(), expected, rtol=1e-12, atol=1e-8)


def test_the_gradient_is_that_of_the_density():
    means, scales, z = map(torch.from_numpy, codes(n=20, m=5))
    aggregate = by_torch.AggregatePosterior(means, scales.clamp_min(0.1))
    assert torch.autograd.gradcheck(aggregate.log_prob, z.requires_grad_())


def test_log_sum_exp_is_that_of_scipy():
    from scipy.special import logsumexp

    values = np.random.default_rng(0).normal(0, 1, (7, 300)) * np.logspace(-3, 5, 7)[:, None]
    values[:, 5] = -np.inf
    np.testing.assert_allclose(by_numpy.log_sum_exp(values), logsumexp(values, axis=1), rtol=1e-15, atol=1e-14)


def test_numpy_version_needs_no_torch():
    import subprocess
    import sys

    code = "import sys; from vae.density import holes, log_q; assert 'torch' not in sys.modules and holes.HOLE < 0"
    subprocess.run([sys.executable, "-c", code], check=True)
