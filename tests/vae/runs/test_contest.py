"""Means over seeds and paired differences: against scipy, and by how often an interval holds the truth."""

import math

import numpy as np
import pytest
from fake_runs import SMALL, make_run
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from vae import runs
from vae.runs import RunError, contest, student, table

NUMBERS = st.lists(st.floats(-100, 100), min_size=2, max_size=30)


@given(st.floats(-60, 60), st.floats(1, 1e4))
def test_cdf_is_scipys(t, df):
    assert student.cdf(t, df) == pytest.approx(stats.t.cdf(t, df), rel=1e-8, abs=1e-12)


@given(st.floats(0.001, 0.999), st.floats(1, 1e4))
def test_quantile_is_scipys(p, df):
    assert student.quantile(p, df) == pytest.approx(stats.t.ppf(p, df), rel=1e-8, abs=1e-9)


@given(st.lists(st.tuples(st.floats(-100, 100), st.floats(-100, 100)), min_size=2, max_size=30))
def test_paired_difference_is_scipys(pairs):
    a, b = np.array(pairs).T
    found = student.paired(a, b)
    if found.se < 1e-9:
        return  # scipy divides by 0
    oracle = stats.ttest_rel(a, b)
    low, high = oracle.confidence_interval(0.95)
    assert (found.low, found.high, found.p) == pytest.approx((low, high, oracle.pvalue), rel=1e-6, abs=1e-9)
    swapped = student.paired(b, a)
    assert (swapped.low, swapped.high, swapped.p) == pytest.approx((-found.high, -found.low, found.p))


def test_one_value_has_no_error_and_wrong_ones_are_refused():
    one = student.mean([3.0])
    assert one.value == 3 and one.n == 1 and math.isnan(one.se) and not one.sure
    for wrong in ([], [1.0, math.nan]):
        with pytest.raises(ValueError, match="finite"):
            student.mean(wrong)
    with pytest.raises(ValueError, match="no pairs"):
        student.paired([1.0, 2.0], [1.0])
    assert student.mean([0.0, 0.0]).p == 1 and student.mean([2.0, 2.0]).sure


@pytest.mark.parametrize("n", [2, 3, 5])
def test_interval_over_seeds_holds_the_truth_as_often_as_it_says(n):
    """4,000 sweeps of n seeds: 95 % of the intervals hold the true difference; with z instead of t far fewer would."""
    rng = np.random.default_rng(n)
    truth, held, by_z = 0.7, 0, 0
    for _ in range(4000):
        seeds = rng.normal(0, 3, n)  # what both settings share
        found = student.paired(seeds + truth + rng.normal(0, 1, n), seeds + rng.normal(0, 1, n))
        held += found.low <= truth <= found.high
        by_z += abs(found.value - truth) <= 1.96 * found.se
    error = math.sqrt(0.95 * 0.05 / 4000)
    assert abs(held / 4000 - 0.95) < 4 * error
    assert by_z / 4000 < 0.95 - 4 * error


def drawn(rng, effect, seeds=5, images=400, training=0.5):
    """Values of two settings: images differ much, trainings a little, and the effect is the same for each."""
    easy = rng.normal(-100, 20, images)
    a = {s: easy + effect + rng.normal(0, training) + rng.normal(0, 1, images) for s in range(seeds)}
    b = {s: easy + rng.normal(0, training) + rng.normal(0, 1, images) for s in range(seeds)}
    return a, b


def test_better_needs_both_errors():
    rng = np.random.default_rng(0)
    a, b = drawn(rng, 5.0)
    assert contest.better(a, b).verdict == "a" and contest.better(b, a).verdict == "b"
    assert contest.better({0: a[0]}, {0: b[0]}).verdict == "models"  # one seed says nothing about another training
    same = contest.better(a, a)
    assert same.verdict == "" and same.images.value == same.seeds.value == 0


def test_both_errors_are_of_the_same_difference():
    a, b = drawn(np.random.default_rng(1), 1.0)
    found = contest.better(a, {**b, 99: b[0]})
    assert found.pairs == (0, 1, 2, 3, 4) and found.images.n == 400 and found.seeds.n == 5
    assert found.images.value == pytest.approx(found.seeds.value)
    each = [stats.ttest_rel(a[s], b[s]).statistic for s in found.pairs]
    assert all(np.sign(each) == np.sign(found.images.value)) or found.verdict != "a"


def test_trainings_that_differ_are_seldom_called_better():
    """No effect, but each training moves all images: over images alone nearly every pair would be called different."""
    rng = np.random.default_rng(2)
    found = [contest.better(*drawn(rng, 0.0, seeds=3, images=200)) for _ in range(400)]
    wrong = sum(one.verdict in ("a", "b") for one in found) / len(found)
    assert wrong < 0.05 + 4 * math.sqrt(0.05 * 0.95 / len(found))
    assert sum(one.images.sure for one in found) / len(found) > 0.5


def test_no_pairs_are_refused():
    with pytest.raises(RunError, match="no seed in common"):
        contest.better({0: np.zeros(3)}, {1: np.zeros(3)})
    with pytest.raises(RunError, match="different numbers of images"):
        contest.better({0: np.zeros(3)}, {0: np.zeros(4)})
    with pytest.raises(RunError, match="not finite"):
        contest.better({0: np.array([0.0, np.nan])}, {0: np.zeros(2)})


def test_settings_have_the_mean_over_their_seeds(data_folder):
    for i, (beta, seed) in enumerate([(0.5, 0), (0.5, 1), (2.0, 0), (2.0, 1)]):
        run = make_run(data_folder / "runs", f"r{i}", seed=seed, objective={"kind": "elbo", "beta": beta}, **SMALL)
        group = {"name": "mine", "values": {"objective.beta": beta}, "seed": seed}
        runs.write_json(run.path / "meta.json", {"group": group})
        runs.write_json(run.path / "metrics.json", {"elbo": {"value": -100.0 - 10 * seed, "se": 1, "n": 5}})
    (data_folder / "runs" / "r3" / "metrics.json").unlink()
    half, two = contest.settings(table.library(), "elbo")
    assert half.values == {"objective.beta": 0.5} and half.mean.value == -105 and half.mean.n == 2
    assert half.mean.sd == pytest.approx(math.sqrt(50)) and half.left_out == 0
    assert two.mean.n == 1 and two.left_out == 1
    assert contest.settings(table.library(), "rate")[0].mean is None
