"""Every family against quadrature, brute force or scipy: normalised, sampled as it says, rates in closed form."""

import math

import numpy as np
import pytest
import torch
from scipy import integrate, stats
from torch.distributions import Independent, kl_divergence
from torch.distributions import Normal as TorchNormal

from vae.evaluation.likelihood import prepared
from vae.evaluation.linear import normal_kl
from vae.model import build, families
from vae.model.families import (
    Bernoulli,
    ContinuousBernoulli,
    CrossEntropy,
    DiscretisedLogistic,
    Flow,
    FullNormal,
    Laplace,
    Part,
    bits_per_dim,
    sample,
)
from vae.model.families.normals import log_sum_exp
from vae.spec import choices

pytestmark = pytest.mark.usefixtures("double")


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def standard(d: int) -> Independent:
    return Independent(TorchNormal(torch.zeros(d), torch.ones(d)), 1)


def shaken(family: Flow, seed: int = 0, size: float = 0.3) -> Flow:
    """A flow starts as the identity: give it weights that bend."""
    with torch.no_grad():
        for weight in family.parameters():
            weight.normal_(std=size / math.sqrt(max(weight.shape[-1], 1)), generator=generator(seed))
    return family


def assert_mean(values: torch.Tensor, expected: torch.Tensor, z: float = 4.5) -> None:
    """Check a Monte Carlo mean over the first axis."""
    error = values.std(0) / math.sqrt(len(values))
    assert ((values.mean(0) - expected).abs() <= z * error + 1e-12).all()


@pytest.mark.parametrize("sigma", [0.3, "shared", "each"])
def test_laplace_integrates_to_one(sigma):
    raw = torch.tensor([0.4, -0.7]) if sigma == "each" else torch.tensor([0.4])
    distribution = Laplace((1,), sigma)(raw)
    density = lambda x: math.exp(distribution.log_prob(torch.tensor([x])).item())  # noqa: E731
    assert integrate.quad(density, -25, 25, points=[0.4], epsabs=1e-12)[0] == pytest.approx(1, abs=1e-9)


def test_laplace_samples_and_rate():
    q = Laplace((3,))(torch.tensor([0.4, -1.0, 0.2, -0.7, 0.1, 0.5]))
    z = sample(q, 200_000, generator())
    for i in range(3):
        loc, scale = q.base_dist.loc[i].item(), q.base_dist.scale[i].item()
        assert stats.kstest(z[:, i].numpy(), stats.laplace(loc, scale).cdf).pvalue > 1e-3
    assert_mean((q.log_prob(z) - standard(3).log_prob(z))[:, None], kl_divergence(q, standard(3))[None])


# The discretised logistic


@pytest.mark.parametrize("levels", [1, 16, 255])
@pytest.mark.parametrize("log_scale", [-8.0, -4.0, -1.0, 0.0, 3.0])
@pytest.mark.parametrize("location", [-3.0, 0.0, 0.2, 0.5 / 255, 1.0, 1.7])
def test_discretised_logistic_sums_to_one(levels, log_scale, location):
    p = DiscretisedLogistic((1,), math.exp(log_scale), levels)(torch.tensor([location]))
    values = (torch.arange(levels + 1) / levels)[:, None]
    assert p.log_prob(values).exp().sum().item() == pytest.approx(1, abs=1e-12)


def test_discretised_logistic_is_a_difference_of_sigmoids():
    """Discretised logistic is the difference of two sigmoids with tails at the edges."""
    m, s, levels = 0.3, 0.07, 16
    p = DiscretisedLogistic((1,), s, levels)(torch.tensor([m]))
    for v in range(levels + 1):
        x = v / levels
        upper = 1.0 if v == levels else stats.logistic(m, s).cdf(x + 0.5 / levels)
        lower = 0.0 if v == 0 else stats.logistic(m, s).cdf(x - 0.5 / levels)
        assert p.log_prob(torch.tensor([x])).item() == pytest.approx(math.log(upper - lower), abs=1e-10)


def test_discretised_logistic_is_finite_far_out_in_float32():
    """Discretised logistic log probability and gradient are finite far out in float32."""
    location = torch.linspace(-20, 20, 4001, dtype=torch.float32)
    for log_scale in (-9.0, -3.0, 9.0):
        raw = torch.stack([location, torch.full_like(location, log_scale)], -1).requires_grad_()
        p = DiscretisedLogistic((1,), "each", 255)(raw)
        for x in (0.0, 1 / 255, 0.5019608, 1.0):
            log_p = p.log_prob(torch.full((4001, 1), x, dtype=torch.float32))
            (gradient,) = torch.autograd.grad(log_p.sum(), raw, retain_graph=True)
            assert log_p.isfinite().all() and gradient.isfinite().all()


def test_discretised_logistic_shows_its_location():
    """What is shown of a discretised logistic is its location which rounded is its median."""
    location = torch.tensor([-0.4, 0.0, 0.1234, 0.777, 1.3])
    p = DiscretisedLogistic((5,), 0.05, 255)(location)
    assert torch.equal(p.mean, location)
    values = torch.arange(256) / 255
    pmf = torch.stack([p.base_dist.log_prob(v.expand(5)).exp() for v in values])
    median = values[(pmf.cumsum(0) < 0.5).sum(0)]
    assert torch.allclose(median, (location.clamp(0, 1) * 255).round() / 255, atol=1e-12)


def test_discretised_logistic_samples_have_its_probabilities():
    p = DiscretisedLogistic((1,), 0.2, 4)(torch.tensor([0.3]))
    x = sample(p, 100_000, generator())
    values = (torch.arange(5) / 4)[:, None]
    counts = torch.stack([(x == v).sum() for v in values[:, 0]]).numpy()
    assert stats.chisquare(counts, 100_000 * p.log_prob(values).exp().numpy()).pvalue > 1e-3


def test_bits_per_dimension_of_uniform_pixels_are_eight():
    p = DiscretisedLogistic((3, 2, 2), 1e3, 255)(torch.full((3, 2, 2), 0.5))
    assert bits_per_dim(12 * math.log(256), 12) == pytest.approx(8, abs=1e-12)
    middle = p.log_prob(torch.full((3, 2, 2), 128 / 255))
    assert bits_per_dim(-middle, 12).item() == pytest.approx(math.log2(255 * 4 * 1e3), abs=1e-5)


# Full covariance


def full(d: int = 3) -> tuple[FullNormal, torch.Tensor]:
    family = FullNormal((d,))
    return family, torch.randn(2, 2 * d + d * (d - 1) // 2, generator=generator(5))


def test_full_normal_is_scipys_multivariate_normal():
    family, raw = full()
    q = family(raw)
    z = torch.randn(7, 2, 3, generator=generator())
    for b in range(2):
        expected = stats.multivariate_normal(q.mean[b].numpy(), q.covariance_matrix[b].numpy())
        assert np.abs(q.log_prob(z)[:, b].numpy() - expected.logpdf(z[:, b].numpy())).max() < 1e-11
    assert torch.allclose(q.stddev, q.covariance_matrix.diagonal(dim1=-2, dim2=-1).sqrt())
    assert torch.equal(q.mean, raw[:, :3])


def test_full_normal_rate_in_closed_form():
    family, raw = full()
    q = family(raw)
    rate = kl_divergence(q, standard(3))
    for b in range(2):
        s, m = q.covariance_matrix[b].numpy(), q.mean[b].numpy()
        assert rate[b].item() == pytest.approx(normal_kl(s, np.eye(3)) + 0.5 * m @ m, abs=1e-11)
    scales = torch.tensor([0.5, 2.0, 1.0])
    other = kl_divergence(q, Independent(TorchNormal(torch.ones(3), scales), 1))
    for b in range(2):
        s, m = q.covariance_matrix[b].numpy(), (q.mean[b].numpy() - 1) / scales.numpy()
        assert other[b].item() == pytest.approx(normal_kl(s, np.diag(scales.numpy() ** 2)) + 0.5 * m @ m, abs=1e-11)
    with pytest.raises(NotImplementedError):
        kl_divergence(q, Independent(torch.distributions.Laplace(torch.zeros(3), torch.ones(3)), 1))


def test_full_normal_samples_have_its_covariance():
    family, raw = full()
    q = family(raw)
    z = sample(q, 100_000, generator()) - q.mean
    assert_mean(torch.einsum("kbi,kbj->kbij", z, z), q.covariance_matrix)


def test_without_off_diagonals_the_full_normal_is_the_normal():
    raw = torch.randn(4, 4, generator=generator())
    q, p = FullNormal((2,))(torch.cat([raw, torch.zeros(4, 1)], -1)), families.Normal((2,))(raw)
    z = torch.randn(5, 4, 2, generator=generator())
    assert torch.allclose(q.log_prob(z), p.log_prob(z), atol=1e-12)
    assert torch.allclose(kl_divergence(q, standard(2)), kl_divergence(p, standard(2)), atol=1e-12)


# Flows


def flow(d: int = 2, batch: int = 3) -> tuple[Flow, torch.Tensor]:
    family = shaken(Flow((d,), layers=3, hidden=8, context=4))
    return family, 0.2 * torch.randn(batch, 2 * d + 4, generator=generator(7))


def test_a_flow_starts_as_the_normal_it_begins_with():
    raw = torch.randn(5, 2 * 3 + 8, generator=generator())
    q, p = Flow((3,))(raw), families.Normal((3,))(raw[:, :6])
    z = torch.randn(4, 5, 3, generator=generator())
    assert torch.allclose(q.log_prob(z), p.log_prob(z), atol=1e-12)
    assert torch.allclose(q.mean, p.mean, atol=1e-12) and torch.allclose(q.stddev, p.stddev, atol=1e-12)


def test_a_flow_integrates_to_one():
    family, raw = flow()
    with torch.no_grad():
        axis = torch.linspace(-20, 20, 601)
        grid = torch.cartesian_prod(axis, axis)[:, None]
        total = family(raw).log_prob(grid).logsumexp(0).exp() * (axis[1] - axis[0]) ** 2
    assert (total - 1).abs().max() < 1e-8


@pytest.mark.parametrize("d", [1, 2, 5])
def test_flow_knows_the_density_of_any_point(d):
    """A flow knows the density of its own samples and of any other point."""
    family, raw = flow(d)
    q = family(raw)
    z = sample(q, 6, generator())
    own = q.log_prob(z)
    assert torch.allclose(own, q.log_prob(z.clone()), atol=1e-11)  # by the inverse
    assert torch.allclose(own, family(raw).log_prob(z), atol=1e-11)
    # the density is the base's over the Jacobian's determinant
    eps = torch.randn(d, generator=generator(1))
    move = q.transforms[0]
    one = family(raw[:1])
    forward = lambda e: one.transforms[0](e[None])[0]  # noqa: E731
    jacobian = torch.autograd.functional.jacobian(forward, eps)
    expected = one.base_dist.log_prob(eps[None]) - torch.linalg.slogdet(jacobian)[1]
    assert torch.allclose(one.log_prob(forward(eps)[None]), expected, atol=1e-11)
    assert torch.allclose(move.inv(move(z)), z, atol=1e-11)


def test_a_flows_own_density_costs_no_second_pass():
    family, raw = flow()
    calls = []
    for layer in family.layers:
        layer.register_forward_hook(lambda *_: calls.append(1))
    q = family(raw)
    z = sample(q, 6, generator())
    assert len(calls) == 3
    q.log_prob(z)
    assert len(calls) == 3
    q.log_prob(z + 1)
    assert len(calls) == 6


def test_a_flows_mean_and_stddev_are_near_those_of_its_samples():
    """They are a cubature rule's, exact where the flow is affine: a map needs numbers without noise."""
    family, raw = flow()
    with torch.no_grad():
        q = family(raw)
        z = sample(q, 100_000, generator())
        assert torch.equal(q.mean, family(raw).mean)
        assert ((q.mean - z.mean(0)).abs() < 0.15 * z.std(0)).all()
        assert ((q.stddev / z.std(0) - 1).abs() < 0.15).all()


def test_a_flows_gradient_is_that_of_its_density():
    """The cached density of a sample has the same total derivative as the density found again by the inverse."""
    family, raw = flow()
    raw.requires_grad_()
    q = family(raw)
    z = sample(q, 4, generator())
    wanted = [raw, *family.parameters()]
    one = torch.autograd.grad(q.log_prob(z).sum(), wanted, retain_graph=True)
    two = torch.autograd.grad(q.log_prob(z.clone()).sum(), wanted)
    assert all(torch.allclose(a, b, atol=1e-10) for a, b in zip(one, two, strict=True))


# What all posteriors share

POSTERIORS = {
    "normal": ({}, 4),
    "laplace": ({}, 4),
    "full_normal": ({}, 5),
    "flow": ({"context": 2}, 6),
}


@pytest.mark.parametrize("kind", sorted(POSTERIORS))
def test_a_part_of_a_batch_draws_what_the_whole_batch_draws(kind):
    options, n = POSTERIORS[kind]
    family = choices.POSTERIORS[kind].load()((2,), **options)
    raw = torch.randn(5, n, generator=generator())
    whole = sample(family(raw), 3, generator(1))
    part = sample(family(raw[1:4]), 3, Part(generator(1), 1, 4, 5))
    assert torch.allclose(part, whole[:, 1:4], atol=1e-13)


@pytest.mark.parametrize("kind", sorted(POSTERIORS))
def test_densities_broadcast_over_samples_and_examples(kind):
    options, n = POSTERIORS[kind]
    q = choices.POSTERIORS[kind].load()((2,), **options)(torch.randn(5, n, generator=generator()))
    z = torch.randn(3, 7, 1, 2, generator=generator())
    assert q.log_prob(z).shape == (3, 7, 5) and q.batch_shape == (5,) and q.event_shape == (2,)
    assert torch.allclose(q.log_prob(z)[1, 2, 3], q.log_prob(z[1, 2].expand(5, 2))[3], atol=1e-12)


def test_discretised_logistic_needs_the_grey_levels_of_the_data():
    """The discretised logistic needs the data's own grey levels."""
    from vae.data import DataError, check_likelihood, load

    digits = load("digits", "valid", n=3)
    check_likelihood({"kind": "discretised_logistic", "levels": 16}, digits, "none")
    with pytest.raises(DataError, match="levels 16"):
        check_likelihood({"kind": "discretised_logistic", "levels": 255}, digits, "none")
    with pytest.raises(DataError, match="binarisation none"):
        check_likelihood({"kind": "discretised_logistic", "levels": 16}, digits, "dynamic")
    check_likelihood({"kind": "discretised_logistic", "levels": 1}, load("sprites", "valid", n=3), "none")
    with pytest.raises(DataError, match="normal or laplace"):
        check_likelihood({"kind": "discretised_logistic", "levels": 255}, load("linear-gaussian", "valid", n=3), "none")
    check_likelihood({"kind": "laplace"}, load("linear-gaussian", "valid", n=3), "none")


def test_codebook_gives_its_nearest_code_and_passes_gradients():
    """A codebook puts out its nearest code and the gradient passes straight."""
    family = families.Quantised((4,), codes=5, size=2)
    raw = torch.randn(3, 4, generator=generator(), requires_grad=True)
    q = family(raw)
    for b, g in ((b, g) for b in range(3) for g in range(2)):
        part = slice(2 * g, 2 * g + 2)
        distances = [(raw[b, part] - code).square().sum().item() for code in family.codebook]
        assert torch.allclose(q.mean[b, part], family.codebook[distances.index(min(distances))])
    weight = torch.randn(3, 4, generator=generator(1))
    one, two = torch.autograd.grad((q.mean * weight).sum(), [raw, family.codebook], allow_unused=True)
    assert torch.equal(one, weight) and two is None
    with pytest.raises(ValueError, match="cannot be cut"):
        families.Quantised((3,), size=2)


def test_codebook_and_codes_move_to_each_other():
    """The codebook moves to the codes and the codes to the codebook."""
    from vae.model import draw
    from vae.model.objectives import codebook, commitment
    from vae.spec import SpecError, preset

    spec = preset("vq-vae", shape=(1, 2, 2), encoder={"kind": "linear"}, latent=4)
    model = build.model(spec)
    drawn = draw(model, torch.rand(3, 1, 2, 2, generator=generator()), generator=generator())
    pull, stay = codebook(drawn), commitment(drawn)
    assert torch.allclose(pull, (drawn.q.raw - drawn.q.nearest).square().sum(1)) and torch.allclose(pull, stay)
    for term, moves in ((pull, "encoder.family.codebook"), (stay, "encoder.net.1.weight")):
        moved = torch.autograd.grad(term.sum(), list(model.parameters()), retain_graph=True, allow_unused=True)
        names = {n for (n, _), g in zip(model.named_parameters(), moved, strict=True) if g is not None and g.any()}
        assert moves in names and len({n.split(".")[1] for n in names}) == 1
    with pytest.raises(SpecError, match="needs the posterior quantised"):
        build.objective(preset("autoencoder", terms=({"kind": "codebook"},)))


@pytest.mark.parametrize("dim", (0, 1, -1))
@pytest.mark.parametrize("spread", (1.0, 1e4))
def test_log_sum_exp_and_its_gradient_are_torchs(dim, spread):
    values = -spread * torch.randn(5, 7, 11, generator=generator()).square()
    values[0, 0, :3] = -math.inf
    ours, torchs = (values.clone().requires_grad_() for _ in range(2))
    found, expected = log_sum_exp(ours, dim), torch.logsumexp(torchs, dim)
    torch.testing.assert_close(found, expected, rtol=1e-14, atol=1e-13)
    weights = torch.randn(found.shape, generator=generator(1))
    (found * weights).sum().backward()
    (expected * weights).sum().backward()
    torch.testing.assert_close(ours.grad, torchs.grad, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(
    ("family", "right", "wrong"),
    [
        (Bernoulli((2,)), [0.0, 1.0], [0.0, 3.0]),
        (Bernoulli((2,)), [0.0, 1.0], [0.5, 1.0]),
        (ContinuousBernoulli((2,)), [0.5, 1.0], [0.5, 1.5]),
        (ContinuousBernoulli((2,)), [0.5, 1.0], [-0.1, 0.5]),
        (CrossEntropy((2,)), [0.5, 1.0], [0.5, 1.5]),
        (DiscretisedLogistic((2,), 0.1, 4), [0.25, 1.0], [0.25, 2.0]),
        (DiscretisedLogistic((2,), 0.1, 4), [0.25, 1.0], [0.25, 0.3]),
    ],
)
def test_a_value_that_no_draw_can_have_is_not_scored(family, right, wrong):
    p = family(torch.zeros(1, 2))
    assert p.log_prob(torch.tensor([right])).isfinite().all()
    for score in (p.log_prob, prepared(p)):
        with pytest.raises(ValueError, match="1 of 2 are others"):
            score(torch.tensor([wrong]))


@pytest.mark.parametrize("logit", [0.0, 1e-9, 1e-3, -0.0999, 0.0999, 0.1001, -2.5, 30.0, -700.0])
def test_continuous_bernoulli_is_normalised_to_fifty_digits(logit):
    """mpmath integrates exp(x l - softplus(l)) over [0, 1]; the branches on both sides of |l| = 0.1 agree with it."""
    import mpmath

    with mpmath.workdps(50):
        exact = mpmath.mpf(logit)
        mass = mpmath.quad(lambda x: mpmath.exp(x * exact - mpmath.log1p(mpmath.exp(exact))), [0, 0.01, 0.5, 0.99, 1])
        mean = mpmath.quad(
            lambda x: x * mpmath.exp(x * exact - mpmath.log1p(mpmath.exp(exact))), [0, 0.01, 0.5, 0.99, 1]
        )
        log_normalizer, mean = float(-mpmath.log(mass)), float(mean / mass)
    found = families.ContinuousBernoulliLogits(torch.tensor(logit))
    assert found.log_normalizer().item() == pytest.approx(log_normalizer, rel=1e-14, abs=1e-14)
    assert found.mean.item() == pytest.approx(mean, rel=1e-12)


def test_cross_entropy_is_the_mean_over_drawn_pixels():
    """Of grey pixels x it is the sum over all binary images b of P(b | x) log p(b), by hand."""
    raw, x = torch.randn(4, 3, generator=generator()), torch.rand(4, 3, generator=generator(1))
    found, bernoulli = CrossEntropy((3,))(raw), Bernoulli((3,))(raw)
    by_hand = torch.zeros(4)
    for bits in range(8):
        b = torch.tensor([float(bits >> k & 1) for k in range(3)]).expand(4, 3)
        by_hand += torch.where(b == 1, x, 1 - x).prod(1) * bernoulli.log_prob(b)
    torch.testing.assert_close(found.log_prob(x), by_hand)
    torch.testing.assert_close(prepared(found)(x).diagonal(), by_hand)
    torch.testing.assert_close(found.mean, torch.sigmoid(raw))
