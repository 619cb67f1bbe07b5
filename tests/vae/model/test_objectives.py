"""Objectives and additive terms against their formulas, written out as loops."""

import itertools
import math

import pytest
import torch

from vae.model import build, draw
from vae.model.families import aggregate
from vae.model.families.aggregate import log_weights
from vae.model.objectives import capacity, elbo, free_bits, iwae, jacobian, kernel, mmd, sparsity, squared_mmd, tc
from vae.spec import Spec, SpecError, preset

pytestmark = pytest.mark.usefixtures("double")

MLP = {"kind": "mlp", "widths": [8], "activation": "tanh"}


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def spec_of(**changes) -> Spec:
    return Spec(**{"shape": (1, 4, 4), "encoder": MLP, "latent": 3, **changes})


def images(n: int = 6) -> torch.Tensor:
    return (torch.rand(n, 1, 4, 4, generator=generator(1)) > 0.5).to(torch.get_default_dtype())


def drawn(k: int = 2, population=None, **changes):
    return draw(build.model(spec_of(**changes)), images(), k, generator=generator(), population=population)


def test_capacity_is_the_distance_of_the_rate_from_c():
    sample = drawn()
    expected = -sample.distortion - 3.0 * (sample.rate - 0.1).abs()
    assert torch.allclose(capacity(sample, gamma=3.0, capacity=0.1), expected)
    objective = build.objective(
        spec_of(
            objective={
                "kind": "capacity",
                "gamma": 3.0,
                "capacity": {"schedule": "linear", "start": 0.0, "stop": 0.2, "steps": 10},
            }
        )
    )
    assert torch.allclose(objective(sample, 5), expected) and not torch.allclose(objective(sample, 0), expected)


def test_free_bits_average_to_the_objective():
    """Free bits average to the objective and free the dimensions below the floor."""
    sample = drawn()
    rates = sample.rates
    floor = sorted(rates.mean(0).tolist())[1] + 1e-9  # two of three dimensions lie below
    value = free_bits(sample, floor)
    expected = -sample.distortion.mean() - sum(max(floor, rates[:, j].mean().item()) for j in range(3))
    assert value.shape == (6,) and value.mean().item() == pytest.approx(expected.item(), abs=1e-12)
    gradient = torch.autograd.grad((value + sample.distortion).sum(), sample.q.base_dist.loc)[0]
    held = rates.mean(0) > floor
    assert held.sum() == 1 and (gradient[:, ~held] == 0).all() and (gradient[:, held] != 0).all()
    assert torch.allclose(free_bits(sample, 0.0), elbo(sample))


def test_stratified_weights_fill_the_diagonal_and_not_a_column():
    """Defect elsewhere: in four beta-TCVAE implementations a column of the weights is filled instead."""
    weights = log_weights(4, 10, torch.zeros(())).exp()
    for i, j in itertools.product(range(4), range(4)):
        assert weights[i, j].item() == pytest.approx(1 / 10 if i == j else 9 / 10 / 3, abs=1e-12)
    assert torch.allclose(weights.sum(1), torch.ones(4))
    assert torch.allclose(log_weights(4, 4, torch.zeros(())).exp(), torch.full((4, 4), 0.25))
    assert log_weights(1, 10, torch.zeros(())).tolist() == [[0.0]]


def test_the_aggregate_is_the_brute_force_loop():
    sample, n = drawn(population=50), 50
    joint, marginals = aggregate(sample.q, sample.z, n)
    loc, scale = sample.q.base_dist.loc, sample.q.base_dist.scale
    for k, i in itertools.product(range(2), range(6)):
        total, parts = 0.0, [0.0, 0.0, 0.0]
        for j in range(6):
            weight = 1 / n if i == j else (n - 1) / (n * 5)
            densities = torch.distributions.Normal(loc[j], scale[j]).log_prob(sample.z[k, i]).exp().tolist()
            total += weight * math.prod(densities)
            parts = [p + weight * density for p, density in zip(parts, densities, strict=True)]
        assert joint[k, i].item() == pytest.approx(math.log(total), abs=1e-11)
        assert marginals[k, i].item() == pytest.approx(sum(map(math.log, parts)), abs=1e-11)


def test_aggregate_of_batches_is_right_in_the_mean():
    """The aggregate of all examples is exact and of batches right in the mean."""
    sample = drawn(k=1)
    exact = sample.q.log_prob(sample.z.squeeze(0)[:, None]).logsumexp(1) - math.log(6)
    assert torch.allclose(aggregate(sample.q, sample.z, 6)[0][0], exact, atol=1e-12)
    model, x = sample.model, sample.x
    for first in range(6):  # every batch of 3 that holds the first example, equally often
        found = []
        for others in itertools.combinations([i for i in range(6) if i != first], 2):
            batch = [first, *others]
            joint, _ = aggregate(model.encode(x[batch]), sample.z[:, batch], 6)
            found.append(joint[0, 0].exp())
        assert torch.stack(found).mean().item() == pytest.approx(exact[first].exp().item(), rel=1e-12)


def test_tc_objective_is_the_elbo_at_beta_one():
    """TC is the ELBO at beta one and adds the total correlation."""
    sample = drawn(population=6)
    assert torch.allclose(tc(sample, 1.0), elbo(sample))
    joint, marginals = aggregate(sample.q, sample.z, 6)
    assert torch.allclose(tc(sample, 5.0), elbo(sample) - 4 * (joint - marginals).mean(0))


def test_mmd_equals_a_plain_loop_and_is_zero_between_equals():
    """MMD is the brute force loop and zero in the mean between equals."""
    a, b = torch.randn(1, 5, 2, generator=generator()), torch.randn(1, 5, 2, generator=generator(1)) + 1
    scales = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)

    def k(x, y):
        distance = ((x - y) ** 2).sum().item()
        return sum(4 * s / (4 * s + distance) for s in scales)

    n = 5
    total = sum(k(a[0, i], a[0, j]) + k(b[0, i], b[0, j]) for i in range(n) for j in range(n) if i != j) / (n * (n - 1))
    total -= 2 / n**2 * sum(k(a[0, i], b[0, j]) for i in range(n) for j in range(n))
    assert squared_mmd(a, b).item() == pytest.approx(total, abs=1e-12)
    assert kernel(a, a).diagonal(dim1=1, dim2=2).allclose(torch.tensor(7.0))
    many = squared_mmd(torch.randn(4000, 8, 2, generator=generator()), torch.randn(4000, 8, 2, generator=generator(2)))
    assert abs(many.mean().item()) < 4 * many.std().item() / math.sqrt(4000)
    assert squared_mmd(a[:, :1], b[:, :1]).item() == 0


def test_mmd_objective_uses_its_generator_alone():
    """The MMD objective draws the prior from the generator alone."""
    torch.manual_seed(1)
    before = torch.get_rng_state()
    one, two = (mmd(drawn(), weight=5.0, beta=0.5) for _ in range(2))
    assert torch.equal(one, two) and torch.equal(torch.get_rng_state(), before)
    sample = drawn()
    assert sample.z_prior.shape == sample.z.shape
    distance = squared_mmd(sample.z, sample.z_prior).mean()
    assert torch.allclose(mmd(sample, weight=5.0, beta=0.5), -sample.distortion - 0.5 * sample.rate - 5 * distance)


@pytest.mark.parametrize("posterior", ["normal", "delta", "full_normal"])
def test_the_jacobian_is_autograds(posterior):
    point = {"prior": None, "objective": {"kind": "reconstruction"}}
    model = build.model(spec_of(posterior={"kind": posterior}, **(point if posterior == "delta" else {})))
    x = images()
    sample = draw(model, x, 1, generator=generator())
    for i in range(6):
        rows = torch.autograd.functional.jacobian(lambda v: model.encode(v[None]).mean[0], x[i])
        assert jacobian(sample)[i].item() == pytest.approx(rows.square().sum().item(), rel=1e-12)
    with torch.no_grad():
        assert torch.allclose(jacobian(draw(model, x, 1, generator=generator())), jacobian(sample))
        assert not jacobian(sample).requires_grad


def test_the_jacobians_gradient_reaches_the_weights():
    """Double backward, against a finite difference; of a linear encoder it is the weights' own norm."""
    model = build.model(spec_of(posterior={"kind": "delta"}, prior=None, objective={"kind": "reconstruction"}))
    weight = model.encoder.net[1].weight

    def term():
        return jacobian(draw(model, images(), 1, generator=generator())).mean()

    (gradient,) = torch.autograd.grad(term(), weight)
    eps = 1e-6
    with torch.no_grad():
        weight[2, 3] += eps
        above = term().item()
        weight[2, 3] -= 2 * eps
        below = term().item()
    assert gradient[2, 3].item() == pytest.approx((above - below) / (2 * eps), rel=1e-6)
    linear = build.model(
        spec_of(
            encoder={"kind": "linear"}, posterior={"kind": "delta"}, prior=None, objective={"kind": "reconstruction"}
        )
    )
    norm = linear.encoder.net[1].weight.square().sum()
    assert torch.allclose(jacobian(draw(linear, images(), 1, generator=generator())), norm.expand(6))


def test_the_jacobian_is_taken_where_the_encoder_looked():
    model = build.model(spec_of(posterior={"kind": "delta"}, prior=None, objective={"kind": "reconstruction"}))
    seen = torch.rand(6, 1, 4, 4, generator=generator(3))
    sample = draw(model, images(), 1, generator=generator(), seen=seen)
    assert torch.allclose(jacobian(sample), jacobian(draw(model, seen, 1, generator=generator())))


def test_terms_are_subtracted_from_the_objective_alone():
    """Terms are subtracted and leave distortion and rate alone."""
    steady = {"schedule": "linear", "start": 0.0, "stop": 2.0, "steps": 10}
    plain = spec_of()
    spec = spec_of(terms=[{"kind": "sparsity", "weight": steady}, {"kind": "jacobian", "weight": 0.5}])
    assert Spec.from_json(spec.to_json()) == spec
    sample = drawn()
    assert torch.allclose(sparsity(sample), sample.z.abs().sum(-1).mean(0))
    for step, weight in ((0, 0.0), (5, 1.0), (20, 2.0)):
        expected = build.objective(plain)(sample, step) - weight * sparsity(sample) - 0.5 * jacobian(sample)
        assert torch.allclose(build.objective(spec)(sample, step), expected)
    default = build.objective(spec_of(terms=[{"kind": "sparsity"}]))(sample, 0)
    assert torch.allclose(default, build.objective(plain)(sample, 0) - sparsity(sample))


def test_the_importance_weighted_bound_is_unchanged():
    sample = drawn(k=5)
    assert torch.allclose(iwae(sample), sample.log_w.exp().mean(0).log(), atol=1e-12)


@pytest.mark.parametrize(
    "changes,message",
    [
        ({"objective": {"kind": "tc"}, "posterior": {"kind": "full_normal"}}, "factorise"),
        ({"objective": {"kind": "free_bits"}, "prior": {"kind": "mixture"}}, "factorise"),
        ({"objective": {"kind": "free_bits"}, "posterior": {"kind": "flow"}}, "factorise"),
        ({"objective": {"kind": "capacity"}, "prior": {"kind": "vamp"}}, "closed form"),
        ({"objective": {"kind": "mmd"}, "prior": {"kind": "vamp"}}, "no gradient"),
        ({"objective": {"kind": "iwae"}, "path": "stl"}, "Choose .*dreg"),
        ({"objective": {"kind": "tc"}, "path": "score", "samples": 2}, "gradient path"),
        ({"path": "score"}, "samples of at least 2"),
        ({"path": "sideways"}, "There is no path"),
        ({"objective": {"kind": "elbo", "betta": 1.0}}, "betta"),
        ({"objective": {"kind": "elbow"}}, "Objective: there is no"),
        ({"terms": [{"kind": "sparse"}]}, "Term: there is no"),
        ({"terms": [{"kind": "sparsity", "rate": 1.0}]}, "rate"),
        ({"terms": [{"kind": "sparsity", "weight": "much"}]}, "Weight must be a number"),
        ({"posterior": {"kind": "bernoulli"}}, "posterior .* there is no 'bernoulli'"),
        ({"likelihood": {"kind": "flow"}}, "Likelihood .* there is no 'flow'"),
        ({"posterior": {"kind": "delta"}}, "Set prior to null"),
        ({"posterior": {"kind": "delta"}, "prior": None}, "reconstruction"),
        (
            {"posterior": {"kind": "delta"}, "prior": None, "objective": {"kind": "reconstruction"}, "path": "stl"},
            "needs a posterior with a density",
        ),
    ],
)
def test_impossible_compositions_are_refused_with_the_reason(changes, message):
    with pytest.raises(SpecError, match=message):
        build.objective(spec_of(**changes))


def test_objectives_that_compare_examples_cannot_be_divided():
    from vae.training.launch import Options

    for kind in ("tc", "free_bits", "mmd"):
        with pytest.raises(SpecError, match="one process"):
            Options(processes=2).check(preset("vae", objective={"kind": kind}))
    Options(processes=2).check(preset("vae", objective={"kind": "capacity"}))
