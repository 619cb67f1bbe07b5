"""Mutual information, total correlation, dimension-wise KL and the Barber-Agakov bounds against closed forms."""

import math

import pytest
import torch
from ppca import as_vae, data_of, random_ppca
from scipy import integrate
from torch.distributions import Independent, MultivariateNormal, Normal

from vae.evaluation.information import aggregate_log_prob, decomposition, information_bounds
from vae.model import build
from vae.spec import preset

pytestmark = pytest.mark.usefixtures("double")


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def normal(loc, scale):
    return Independent(Normal(loc, scale), 1)


def standard(d):
    return normal(torch.zeros(d), torch.ones(d))


def test_the_aggregate_posterior_is_the_mean_of_all_posteriors():
    loc, scale = torch.randn(40, 3, generator=generator()), torch.rand(40, 3, generator=generator(1)) + 0.01
    q, z = normal(loc, scale), torch.randn(9, 3, generator=generator(2))
    joint, each = aggregate_log_prob(q, z)
    assert (joint - (q.log_prob(z.unsqueeze(1)).logsumexp(1) - math.log(40))).abs().max() < 1e-10
    expected = Normal(loc, scale).log_prob(z.unsqueeze(1)).logsumexp(1) - math.log(40)
    assert (each - expected).abs().max() < 1e-10


def test_a_full_normals_aggregate_and_marginals():
    factor = torch.randn(30, 2, 2, generator=generator()).tril()
    factor.diagonal(dim1=1, dim2=2).abs_().add_(0.1)
    q = MultivariateNormal(torch.randn(30, 2, generator=generator(1)), scale_tril=factor)
    z = torch.randn(9, 2, generator=generator(2))
    joint, each = aggregate_log_prob(q, z)
    assert (joint - (q.log_prob(z.unsqueeze(1)).logsumexp(1) - math.log(30))).abs().max() < 1e-10
    expected = Normal(q.loc, q.stddev).log_prob(z.unsqueeze(1)).logsumexp(1) - math.log(30)
    assert (each - expected).abs().max() < 1e-10


def test_aggregate_posterior_is_invariant_to_a_shift():
    """The aggregate posterior does not change when all is shifted."""
    loc, scale = torch.randn(40, 3, generator=generator()), torch.rand(40, 3, generator=generator(1)) / 100 + 1e-3
    z = loc + scale * torch.randn(40, 3, generator=generator(2))
    loc, z = loc + 1e4 - 1e4, z + 1e4 - 1e4  # the numbers that the shift leaves exactly representable
    unshifted = aggregate_log_prob(normal(loc, scale), z)
    shifted = aggregate_log_prob(normal(loc + 1e4, scale), z + 1e4)
    for a, b in zip(unshifted, shifted, strict=True):
        assert (a - b).abs().max() < 1e-8


def test_the_three_parts_telescope_to_the_rate():
    q = normal(torch.randn(500, 4, generator=generator()), torch.rand(500, 4, generator=generator(1)) + 0.05)
    found = decomposition(q, standard(4), 2, generator(2))
    parts = found.mutual_information.value + found.total_correlation.value + found.dimension_kl.value
    assert abs(parts - found.rate.value) <= 4e-16 * abs(found.rate.value) * 4
    assert found.by_dimension.sum().item() == pytest.approx(found.dimension_kl.value, rel=1e-12)


def test_far_apart_posteriors_know_log_n_and_no_more():
    loc = 100.0 * torch.arange(50)[:, None] * torch.tensor([1.0, 0.0])
    found = decomposition(normal(loc, torch.ones(50, 2)), standard(2), 1, generator())
    assert found.mutual_information.value == pytest.approx(math.log(50), abs=1e-8)
    assert found.capped and found.cap == math.log(50)


def test_equal_posteriors_know_nothing():
    q = normal(torch.zeros(50, 2), torch.ones(50, 2))
    found = decomposition(q, standard(2), 1, generator())
    for part in (found.mutual_information, found.total_correlation, found.dimension_kl):
        assert abs(part.value) < 1e-12
    assert not found.capped


def test_mutual_information_of_two_posteriors_is_the_integral():
    """Mutual information of two overlapping posteriors is the integral."""
    m, s = 0.7, 0.8
    q = normal(torch.tensor([[-m], [m]]), torch.full((2, 1), s))

    def density(z, c):
        return math.exp(-0.5 * ((z - c) / s) ** 2) / (s * math.sqrt(2 * math.pi))

    def integrand(z):
        a, b = density(z, -m), density(z, m)
        return a * math.log(2 * a / (a + b))

    truth = integrate.quad(integrand, -8, 8)[0]
    found = decomposition(q, standard(1), 200_000, generator()).mutual_information.value
    assert found == pytest.approx(truth, abs=0.004)


def test_total_correlation_is_that_of_correlated_codes():
    """A minibatch's estimate would say nonsense here; the exact aggregate posterior does not."""
    rho, n = 0.8, 3000
    z = torch.randn(n, 2, generator=generator())
    loc = torch.stack([z[:, 0], rho * z[:, 0] + math.sqrt(1 - rho**2) * z[:, 1]], 1)
    s = 0.5  # q(z) is close to N(0, S + s^2 I)
    found = decomposition(normal(loc, torch.full((n, 2), s)), standard(2), 1, generator(1))
    truth = -0.5 * math.log(1 - (rho / (1 + s * s)) ** 2)
    assert found.total_correlation.value == pytest.approx(truth, abs=4 * found.total_correlation.se + 0.01)


def test_bounds_enclose_the_mutual_information():
    model = random_ppca()
    x = torch.from_numpy(data_of(model, 300))
    vae = as_vae(model)
    found = information_bounds(vae, x, 4, generator())
    exact = decomposition(vae.encode(x), vae.prior(), 4, generator()).mutual_information
    assert found.lower.value < exact.value + 3 * exact.se
    assert exact.value < found.upper.value + 3 * exact.se
    # q is the exact posterior here, so that the decoder's choice among the N is Bayes': the bound is the MI itself
    assert found.lower.value == pytest.approx(exact.value, abs=1e-12)
    wide = information_bounds(as_vae(model, widen=1.5), x, 4, generator())
    assert (
        wide.lower.value
        < decomposition(as_vae(model, widen=1.5).encode(x), vae.prior(), 4, generator()).mutual_information.value
    )
    assert found.upper.value <= math.log(300) and found.rate.value > 0
    assert found.plain.value < found.lower.value


def test_an_autoencoder_has_numbers_and_never_zeros():
    model = build.model(preset("autoencoder", shape=(1, 4, 4), encoder={"kind": "mlp", "widths": [8]}))
    x = (torch.rand(60, 1, 4, 4, generator=generator()) > 0.5).double()
    found = information_bounds(model, x)
    assert found.deterministic and found.rate is None
    assert found.upper.value == pytest.approx(math.log(60)) and found.upper.se == 0
    assert found.lower.value < found.upper.value and found.lower.value != 0
    with pytest.raises(ValueError, match="differ"):
        information_bounds(model, torch.cat([x, x]))
