"""Means with their errors: a value that is no number is an error, and a broken model has no numbers."""

import numpy as np
import pytest
import torch
from fake_runs import SMALL, complete, make_run
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from vae import cli
from vae.evaluation import Estimate, exact
from vae.evaluation.linear import PPCA
from vae.geometry.alignment import procrustes
from vae.runs import RunError
from vae.runs.load import load_model


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=30))
def test_the_mean_and_its_error_are_numpys(values):
    found = Estimate.of(torch.tensor(values, dtype=torch.float64))
    assert found.value == pytest.approx(np.mean(values), rel=1e-9, abs=1e-9) and found.n == len(values)
    assert found.se == pytest.approx(np.std(values, ddof=1) / len(values) ** 0.5, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_no_number_is_refused(wrong):
    with pytest.raises(RunError, match="1 of 3 values are not finite"):
        Estimate.of(torch.tensor([1.0, wrong, 2.0]))
    with pytest.raises(ValueError, match="at least one value"):
        Estimate.of(torch.zeros(0))


@pytest.fixture(params=[np.nan, np.inf, 1e38])
def broken(request, data_folder):
    """A run one of whose weights is no number, or so large that no density is one."""
    run = complete(make_run(data_folder / "runs", "broken", **SMALL))
    weights = load_file(run.path / "model.safetensors")
    weights["decoder.net.0.weight"][0, 0] = request.param
    weights["decoder.net.2.weight"][:] *= 1e30 if request.param == 1e38 else 1
    save_file(weights, run.path / "model.safetensors")
    return run


def test_a_broken_model_is_not_measured(broken, capsys):
    kept = {p.name: p.read_bytes() for p in broken.path.iterdir()}
    assert cli.main(["evaluate", "broken", "--k", "2"]) == cli.BAD_INPUT
    said = capsys.readouterr()
    assert not said.out and said.err.count("\n") == 1 and ("NaN or infinity" in said.err or "not finite" in said.err)
    assert {p.name: p.read_bytes() for p in broken.path.iterdir()} == kept


def test_weights_that_are_no_numbers_are_not_loaded(broken):
    if np.isfinite(load_file(broken.path / "model.safetensors")["decoder.net.0.weight"][0, 0]):
        with pytest.raises(ValueError, match="not finite"):
            exact(load_model(broken), torch.ones(1, 1, 8, 8))
        return
    with pytest.raises(RunError, match=r"decoder\.net\.0\.weight holds NaN or infinity"):
        load_model(broken)


def test_points_that_are_no_numbers_are_fitted_by_nothing():
    cloud = np.random.default_rng(0).normal(size=(20, 3))
    wrong = cloud.copy()
    wrong[3, 1] = np.nan
    with pytest.raises(ValueError, match="not finite"):
        procrustes(cloud, wrong)
    with pytest.raises(ValueError, match="not finite"):
        PPCA.fit(wrong, 1)
