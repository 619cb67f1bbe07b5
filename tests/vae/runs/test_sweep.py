"""A sweep: what its runs are, that a wrong one makes nothing, and what it will take."""

from itertools import product

import pytest
from fake_runs import SMALL
from hypothesis import given, settings
from hypothesis import strategies as st

from vae import runs
from vae.data import DataError
from vae.data.completion import steps
from vae.runs import RunError, forecast, groups, manage, quota, space, sweep
from vae.spec import SpecError, preset, schedules, varied

pytestmark = pytest.mark.usefixtures("data_folder")

BASE = preset("vae", **SMALL, epochs=2)
VARY = {"objective.beta": [0.5, 1.0], "latent": [2, 8]}


def made(folder):
    return sorted(path.name for path in (folder / "runs").glob("*"))


def test_every_setting_has_every_seed():
    plan = sweep.plan(BASE, VARY, 3)
    assert len(plan.members) == 2 * 2 * 3
    found = {(m.spec.objective["beta"], m.spec.latent, m.spec.seed) for m in plan.members}
    assert found == set(product(*VARY.values(), range(3)))
    for member in plan.members:
        beyond = set(varied.differs(BASE, member.spec)) - {*VARY, "seed"}
        assert not beyond and member.values == {name: varied.flat(member.spec)[name] for name in VARY}
    # all settings come before the next seed
    assert [m.spec.seed for m in plan.members] == sorted(m.spec.seed for m in plan.members)


@pytest.mark.parametrize(
    ("vary", "seeds", "words"),
    [
        ({"latent": [2, 0]}, 1, r"latent=0: Latent size must be"),
        ({"latent": [2], "objective.beta": [1.0, -1.0]}, 1, r"objective.beta=-1: "),
        ({"prior.kind": ["mixture", "nothing"]}, 1, r"prior.kind=nothing: .*nothing"),
        ({"prior.kind": ["standard_normal", "mixture"], "prior.components": [3]}, 1, "prior.components=3"),
        ({"likelihood.kind": ["bernoulli"], "binarisation": ["none"]}, 1, "binarisation=none"),
        ({"latent": [2, 2]}, 1, "latent: 2 is there 2 times"),
        ({"latent": []}, 1, "latent: give at least one value"),
        ({"latnt": [2]}, 1, "Did you mean latent"),
        ({}, 0, "Seeds must be"),
        ({"batch": list(range(1, 102))}, 2, "202 runs; a sweep has at most 200"),
        ({"encoder.widths": [[60_000, 60_000]]}, 1, "encoder.widths=60000-60000: .*weights"),
    ],
)
def test_wrong_value_is_named_and_makes_nothing(data_folder, vary, seeds, words):
    with pytest.raises((SpecError, DataError), match=words):
        sweep.plan(BASE, vary, seeds)
    assert made(data_folder) == []


def test_group_is_saved_with_each_run(data_folder):
    plan = sweep.plan(BASE, VARY, 2, "mine", stop_losers=True)
    found = sweep.create(plan, "anna")
    for run, member in zip(found, plan.members, strict=True):
        again = runs.Run(run.path)
        assert again.spec == member.spec and again.meta["owner"] == "anna"
        assert groups.of(again) == groups.Group("mine", member.values, member.spec.seed, True)
    ((name, members),) = groups.by_name().items()
    assert name == "mine" and len(members) == 8
    by_setting = groups.settings(members)
    assert [values for values, _ in by_setting] == sorted(
        (m.values for m in plan.members[:4]), key=lambda v: tuple(v.values())
    )
    assert all([r.spec.seed for r in some] == [0, 1] for _, some in by_setting)
    with pytest.raises(RunError, match="There is a group mine already"):
        sweep.plan(BASE, VARY, 1, "mine")
    assert groups.free("mine") == "mine-2" and groups.of(manage.create(BASE, "anna")) is None


def test_damaged_group_is_none(data_folder):
    run = manage.create(BASE, "anna")
    for entry in (1, {"name": "x"}, {"name": 3, "values": {}, "seed": 0}, {"name": "<b>", "values": {}, "seed": 0}):
        runs.write_json(run.path / "meta.json", {"group": entry})
        assert groups.of(runs.Run(run.path)) is None
    mixed = [{"latent": 2}, {"latent": "x"}, {"latent": None}, {"latent": [1]}, {}]
    for i, values in enumerate(mixed):
        other = manage.create(BASE, "anna")
        runs.write_json(other.path / "meta.json", {"group": {"name": "odd", "values": values, "seed": i}})
    assert len(groups.settings(groups.by_name()["odd"])) == len(mixed)


def test_quota_is_of_the_whole(data_folder, monkeypatch):
    """What would fit in part is refused as a whole, before anything is made."""
    plan = sweep.plan(BASE, VARY, 1)
    monkeypatch.setenv("LATENT_RUNS", "3")
    with pytest.raises(quota.QuotaError, match="You have 0 runs and want 4 more, and 3 are kept"):
        sweep.create(plan, "anna")
    monkeypatch.setenv("LATENT_RUNS", "4")
    monkeypatch.setenv("LATENT_GB", str(3.5 * space.run_bytes(BASE) / quota.GB))
    with pytest.raises(quota.QuotaError, match="Your runs and data take"):
        sweep.create(plan, "anna")
    assert made(data_folder) == []
    assert len(sweep.create(plan, quota.LOCAL)) == 4


def test_failure_in_between_leaves_nothing(data_folder, monkeypatch):
    plan, create, calls = sweep.plan(BASE, VARY, 1), manage.create, []

    def fails_at_third(*args, **options):
        calls.append(args)
        if len(calls) == 3:
            raise RunError("no")
        return create(*args, **options)

    monkeypatch.setattr(manage, "create", fails_at_third)
    with pytest.raises(RunError, match="no"):
        sweep.create(plan, "anna")
    assert made(data_folder) == []


def test_schedule_ends_within_a_shorter_run():
    base = preset("capacity-vae", **SMALL, epochs=50)
    for member in sweep.plan(base, {"epochs": [1, 50]}, 1).members:
        assert not schedules.unfinished(vars(member.spec), steps(vars(member.spec), "digits"))
    # where nothing changes the number of steps, the schedule stays as it was chosen
    (one,) = sweep.plan(base, {"latent": [4]}, 1).members
    assert one.spec.objective == base.objective


@settings(deadline=None)
@given(st.lists(st.floats(0.1, 100), min_size=1, max_size=12), st.integers(1, 5))
def test_last_end_lies_between_its_bounds(seconds, slots):
    """List scheduling ends after the mean load and the longest job, and before both together (Graham 1966)."""
    found = forecast.last_end(seconds, slots)
    assert max(max(seconds), sum(seconds) / slots) <= found * (1 + 1e-9)
    assert found <= sum(seconds) / slots + max(seconds) * (1 - 1 / slots) + 1e-9


def test_forecast_adds_up():
    specs = sweep.plan(BASE, VARY, 2).specs
    found = forecast.forecast(specs, slots=2)
    assert found.runs == 8 and found.size == pytest.approx(sum(map(space.run_bytes, specs)))
    assert 0 < found.seconds <= found.work <= 2 * found.seconds
