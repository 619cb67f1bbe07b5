"""Early stopping in a sweep: the rule keeps the better half, and a run that loses says why."""

import json
from itertools import permutations

import pytest
from fake_runs import SMALL
from hypothesis import given
from hypothesis import strategies as st

from vae import runs
from vae.runs import halving, resume, status, sweep
from vae.spec import preset

BOUNDS = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=9)


def survivors(bounds):
    return [own for i, own in enumerate(bounds) if not halving.loses(own, bounds[:i] + bounds[i + 1 :])]


@given(BOUNDS)
def test_better_half_stays(bounds):
    left = survivors(bounds)
    best = sorted(bounds, reverse=True)[: (len(bounds) + 1) // 2]
    assert sorted(left, reverse=True)[: len(best)] == best
    assert set(left) == set(best)  # beyond the half only what equals the last of it


@given(BOUNDS, st.floats(-1e6, 1e6))
def test_better_bound_never_does_worse(bounds, own):
    """If a bound stays, each higher one stays; one more run that is worse never stops a run."""
    if not halving.loses(own, bounds):
        assert not halving.loses(own + 1, bounds)
        assert not halving.loses(own, [*bounds, own - 1])


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=5, unique=True))
def test_best_is_never_stopped_in_any_order(bounds):
    """Runs come one after another: the best run reaches the end whatever came before it."""
    for order in permutations(bounds):
        stopped = {own for i, own in enumerate(order) if halving.loses(own, order[:i])}
        assert max(bounds) not in stopped and order[0] not in stopped


def record(step, distortion, rate=1.0, valid=True):
    found = {"step": step, "distortion": distortion, "rate": rate}
    return found | ({"valid": {"distortion": distortion, "rate": rate}} if valid else {})


def test_bound_is_of_the_first_validation_after_the_share():
    history = [record(10, 9.0), record(24, 8.0, valid=False), record(30, 7.0), record(60, 6.0), record(100, 5.0)]
    assert halving.at_share(history, 100, 0.25) == (30, -8.0)
    assert halving.at_share(history, 100, 0.5) == (60, -7.0)
    assert halving.at_share(history[-1:], 100, 0.5) is None  # the last step: nothing is left to stop
    assert halving.at_share([record(30, None)], 100, 0.25) is None
    assert halving.at_share([record(30, 4.0, None)], 100, 0.25) == (30, -4.0)


@pytest.fixture
def group(data_folder):
    base = preset("vae", **SMALL, epochs=8)
    plan = sweep.plan(base, {"latent": [1, 2, 3]}, 2, "mine", stop_losers=True)
    return sweep.create(plan, "local")


def write(run, *records):
    runs.write(run.path / "history.jsonl", "".join(json.dumps(one) + "\n" for one in records))


def test_verdict_compares_runs_of_one_seed(group):
    per_epoch = resume.steps_per_epoch(group[0].spec)
    quarter = 2 * per_epoch
    for run, distortion in zip(group, (30.0, 20.0, 25.0, 99.0, 40.0, 50.0), strict=True):
        write(run, record(quarter, distortion))
    said = [halving.verdict(run, quarter) for run in group]
    assert [bool(words) for words in said] == [True, False, False, True, False, False]
    assert "25% of the steps: of 3 runs of mine with seed 0" in said[0] and "-31.00 nats" in said[0]
    assert halving.verdict(group[0], quarter + per_epoch) == ""  # only at its own rungs


def test_run_without_the_wish_is_never_stopped(data_folder):
    plan = sweep.plan(preset("vae", **SMALL, epochs=8), {"latent": [1, 2]}, 1, "mine")
    made = sweep.create(plan, "local")
    quarter = 2 * resume.steps_per_epoch(made[0].spec)
    for run, distortion in zip(made, (30.0, 20.0), strict=True):
        write(run, record(quarter, distortion))
    assert [halving.verdict(run, quarter) for run in made] == ["", ""]


def test_loser_stops_and_its_status_says_why(data_folder):
    """The second run learns nothing at its learning rate: it ends at a quarter of its steps, encoded and measured."""
    from vae.training.trainer import Finish, Trainer

    base = preset("vae", **{**SMALL, "size": 256}, epochs=4)
    plan = sweep.plan(base, {"learning_rate": [1e-2, 1e-9]}, 1, "mine", stop_losers=True)
    made = sweep.create(plan, "local")
    assert [Trainer(run, finish=Finish(2, 20))() for run in made] == [0, 0]
    first, second = (status.read(run.path) for run in made)
    assert (first.state, first.step, first.message) == ("done", 8, "")
    assert (second.state, second.step) == ("stopped", 2) and "not among the better half" in second.message
    assert runs.Run(made[1].path).metrics["elbo"]["n"] == 20
