"""Defects of evaluations found in other implementations, each a test here by name; and the table as a whole."""

import math

import numpy as np
import pytest
import torch
from torch.distributions import Independent, Normal

from vae import runs
from vae.data import load
from vae.data.batches import Batches, prepare
from vae.evaluation import Estimate, Sizes, active_units, bounds, decomposition, disentanglement, measure
from vae.evaluation.codes import by_class, knn_accuracy, linear_accuracy
from vae.evaluation.importance import stream
from vae.model import build
from vae.runs.load import held_out, load_model
from vae.spec import preset

pytestmark = pytest.mark.usefixtures("double")


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def model():
    return build.model(preset("vae", shape=(1, 4, 4), encoder={"kind": "mlp", "widths": [8]}))


@pytest.fixture
def x():
    return (torch.rand(6, 1, 4, 4, generator=generator()) > 0.5).double()


def test_a_minibatch_estimate_of_mi_and_tc_is_never_shown():
    """N = 5000, B = 64, d = 2, sigma = 0.1: truth 4.57 / 0.03 / 0.00; minibatch weights say 12.2 / 9.2 / -16.8."""
    n, b, s = 5000, 64, 0.1
    loc = math.sqrt(1 - s**2) * torch.randn(n, 2, generator=generator())
    q = Independent(Normal(loc, torch.full((n, 2), s)), 1)
    prior = Independent(Normal(torch.zeros(2), torch.ones(2)), 1)
    found = decomposition(q, prior, 1, generator(1))
    assert found.mutual_information.value == pytest.approx(4.57, abs=0.08)
    assert found.total_correlation.value == pytest.approx(0.03, abs=0.03)
    assert found.dimension_kl.value == pytest.approx(0.0, abs=0.03)
    # the estimate by minibatch-weighted sampling, for comparison
    part = loc[:b]
    z = part + s * torch.randn(b, 2, generator=generator(2))
    each = Normal(part, s).log_prob(z.unsqueeze(1))  # [i, j, d]
    joint = each.sum(-1).logsumexp(1) - math.log(n * b)
    product = (each.logsumexp(1) - math.log(n * b)).sum(1)
    wrong = (Normal(part, s).log_prob(z).sum(1) - joint).mean(), (joint - product).mean()
    assert abs(wrong[0] - 12.2) < 0.5 and abs(wrong[1] - 9.2) < 0.5
    parts = found.mutual_information.value + found.total_correlation.value + found.dimension_kl.value
    assert parts == pytest.approx(found.rate.value, abs=1e-12)


def test_smaller_k_come_from_disjoint_groups_of_the_same_samples(model, x):
    log_w = torch.cat([d.log_w for d in stream(model, x, 60, generator(), 7)])
    for chunk in (7, 60):
        found = bounds(model, x, (1, 6, 20, 60), generator(), chunk)
        if chunk == 60:
            log_w = torch.cat([d.log_w for d in stream(model, x, 60, generator(), 60)])
        for rung in found.ladder:
            groups = log_w.unflatten(0, (-1, rung.k))
            expected = (groups.logsumexp(1) - math.log(rung.k)).mean(0)
            ess = ((2 * groups.logsumexp(1)) - (2 * groups).logsumexp(1)).exp().mean(0)
            assert torch.allclose(rung.log_px, expected, atol=1e-12) and torch.allclose(rung.ess, ess, atol=1e-9)
        values = [rung.log_px.mean().item() for rung in found.ladder]
        assert values == sorted(values)
        assert torch.equal(found.log_px, found.ladder[-1].log_px) and found.k == 60


def test_a_sum_of_weights_times_log_weights_is_no_bound(model, x):
    """ "IWAE value" logged as sum w~ log w, which exceeds log p(x)."""
    from vae.evaluation import exact

    truth = exact(model, x, tolerance=1e-3).log_px
    log_w = torch.cat([d.log_w for d in stream(model, x, 2000, generator())])
    found = bounds(model, x, 2000, generator())
    assert (found.log_px < truth + 0.05).all()
    assert ((log_w.softmax(0) * log_w).sum(0) > truth).all()


def test_posterior_collapse_is_judged_over_the_data():
    """Posterior collapse is judged over the data and not from one image."""
    codes = torch.zeros(500, 3)
    codes[:, 0] = torch.randn(500, generator=generator())
    codes[:, 1] = 2.0  # far from the prior's mean for every image, and still says nothing
    codes[:, 2] = 0.05 * torch.randn(500, generator=generator(1))
    found = active_units(codes)
    assert found.count == 1 and found.n == 500
    assert found.variance.tolist() == pytest.approx(codes.var(0).tolist())
    with pytest.raises(ValueError, match="at least two"):
        active_units(codes[:1])


def test_mig_is_computed_from_a_transpose_and_not_from_a_reshape():
    factors = np.stack(np.meshgrid(np.arange(5), np.arange(7), indexing="ij"), -1).reshape(-1, 2).repeat(4, 0)
    assert disentanglement.mig_binned(factors.astype(float), factors) == pytest.approx(1, abs=1e-12)
    assert disentanglement.mig_binned(factors.astype(float).T.reshape(factors.shape), factors) < 0.5


def test_probes_are_judged_on_held_out_examples():
    """Test set = training set: random labels would look learnable."""
    rng = np.random.default_rng(0)
    codes, labels = rng.normal(size=(400, 2)), rng.integers(0, 2, 400)
    for probe in (knn_accuracy, linear_accuracy):
        found = probe(codes[:200], labels[:200], codes[200:], labels[200:])
        assert abs(found.value - 0.5) < 4 * found.se and found.n == 200
    apart = np.where(labels[:, None] > 0, 5.0, -5.0) + rng.normal(size=(400, 2))
    assert knn_accuracy(apart[:200], labels[:200], apart[200:], labels[200:]).value == 1


def test_every_class_has_its_own_error_and_count():
    values, labels = torch.tensor([1.0, 3.0, 10.0, 10.0, 10.0]), np.array([0, 0, 2, 2, 2])
    found = by_class(values, labels, ("a", "b", "c"))
    assert set(found) == {"a", "c"} and found["a"] == Estimate(2.0, 1.0, 2) and found["c"].n == 3


SMALL = Sizes(
    examples=40, ks=(1, 10), subset=100, exact=20, gaps=2, tolerance=1e-3, ais=5, chains=4, temperatures=5, probe=200
)


def test_table_of_a_shipped_model_has_every_row():
    """The table of a shipped model has every row with error and count."""
    run = runs.find("digits-vae-2d", [runs.shipped()])
    torch.set_default_dtype(torch.float32)
    dataset, batches = held_out(run)
    train = load("digits", "train")
    rows = list(
        measure(
            load_model(run), batches, SMALL, dataset.labels, dataset.classes, prepare(train, run.spec), train.labels
        )
    )
    table = {row.name: row for row in rows}
    expected = "distortion rate elbo log_px_1 log_px_10 bits_per_dim log_px log_missing gap amortisation_gap "
    expected += "approximation_gap "
    expected += "mutual_information total_correlation dimension_kl information_plain information_lower "
    expected += "information_upper active_units knn_accuracy linear_accuracy"
    assert set(expected.split()) <= set(table)
    for row in rows:
        assert math.isfinite(row.estimate.value) and row.estimate.n > 0, row.name
    value = {name: row.estimate.value for name, row in table.items()}
    assert value["elbo"] == pytest.approx(-value["distortion"] - value["rate"], abs=1e-4)
    assert value["log_px_1"] < value["log_px_10"]
    assert value["information_lower"] <= value["information_upper"] <= math.log(40)
    assert value["mutual_information"] <= math.log(100)
    assert value["gap"] == pytest.approx(value["amortisation_gap"] + value["approximation_gap"], abs=0.01)
    # half of the image is told less about than the whole of it, and more than without its other half
    assert value["log_px"] < value["log_missing"] < 0
    assert value["active_units"] == 2 and value["knn_accuracy"] > 0.6
    assert value["bits_per_dim"] == pytest.approx(-value["log_px_10"] / (64 * math.log(2)))
    assert "100 examples" in table["mutual_information"].note


def test_table_of_an_autoencoder_has_no_bounds():
    """The table of an autoencoder has no bounds and no zeros in their place."""
    model = build.model(preset("autoencoder", shape=(1, 4, 4), encoder={"kind": "mlp", "widths": [8]}))
    examples = (torch.rand(80, 1, 4, 4, generator=generator()) > 0.5).to(torch.uint8)
    table = {row.name: row.estimate.value for row in measure(model, Batches(examples, 1, False), SMALL)}
    assert "rate" not in table and "elbo" not in table and "log_px" not in table
    assert table["information_upper"] == pytest.approx(math.log(40)) and table["distortion"] > 0


def test_beyond_two_latents_the_table_cross_checks_by_annealing():
    model = build.model(preset("vae", latent=3, shape=(1, 4, 4), encoder={"kind": "mlp", "widths": [8]}))
    examples = (torch.rand(80, 1, 4, 4, generator=generator()) > 0.5).to(torch.uint8)
    table = {row.name: row.estimate for row in measure(model, Batches(examples, 1, False), SMALL)}
    assert "log_px_ais" in table and "log_px" not in table
    assert table["log_px_ais"].value > table["elbo"].value - 3 * table["elbo"].se


def test_the_table_stops_where_nobody_asks_on():
    model = build.model(preset("vae", shape=(1, 4, 4), encoder={"kind": "linear"})).train()
    rows = measure(model, Batches(torch.zeros(4, 1, 4, 4, dtype=torch.uint8), 1, False), SMALL)
    assert next(rows).name == "distortion"
    rows.close()
    assert model.training


def test_other_posteriors_and_priors_are_measured_too():
    examples = (torch.rand(80, 1, 4, 4, generator=generator()) > 0.5).to(torch.uint8)
    net = {"kind": "mlp", "widths": [8], "activation": "tanh"}
    for change in ({"posterior": {"kind": "full_normal"}}, {"prior": {"kind": "mixture", "components": 3}}):
        model = build.model(preset("vae", shape=(1, 4, 4), encoder=net, **change))
        table = {row.name: row.estimate.value for row in measure(model, Batches(examples, 1, False), SMALL)}
        assert table["elbo"] < table["log_px_10"] < table["log_px"] + 1 and "information_lower" in table
