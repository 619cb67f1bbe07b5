"""Each image's own gap between log p(x) and the ELBO: closed forms, the split quadrature, and what is kept of them."""

import math

import numpy as np
import pytest
import torch
from fake_runs import SMALL, complete, make_run
from ppca import as_vae, data_of, random_ppca
from torch.distributions import kl_divergence

from vae import runs
from vae.answers import compare, explore, loaded, process
from vae.diagnosis import kept
from vae.evaluation.gaps import expectation, means_and_scales
from vae.evaluation.quadrature import log_px_grid
from vae.evaluation.tightness import tightness
from vae.runs import RunError, pointwise
from vae.runs.load import load_model


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture(autouse=True)
def folder(data_folder):
    """Keep what is kept in this test's own folder."""
    loaded.held_out_examples.cache_clear()
    return data_folder / "runs"


def test_of_a_ppca_it_is_the_closed_form_kl_of_a_widened_q(double):
    c = 1.4
    model = random_ppca()
    x = torch.from_numpy(data_of(model, 5))
    found = tightness(as_vae(model, widen=c), x)
    assert found.exact
    assert (found.gap - 2 * (-math.log(c) + (c**2 - 1) / 2)).abs().max() < 1e-4  # the mass that the lattice leaves out


def test_tightness_beyond_two_latents_is_a_lower_bound(double):
    """Beyond two latents the samples bound it from below and are never negative."""
    c = 1.2
    model = random_ppca(dim=9, k=4)
    vae, x = as_vae(model, widen=c), torch.from_numpy(data_of(model, 40))
    true = 4 * (-math.log(c) + (c**2 - 1) / 2)
    few, many = (tightness(vae, x, generator(), k) for k in (5, 2000))
    assert not few.exact and few.gap.min() >= 0
    assert few.gap.mean() < many.gap.mean()
    assert many.gap.mean().item() == pytest.approx(true, abs=0.02)


def test_of_a_shipped_model_it_is_what_plain_grids_make_of_it():
    run = runs.Run(runs.shipped() / "digits-vae-2d")
    model = load_model(run)
    x = loaded.encoded_examples(run).take(slice(0, 8), generator())
    with torch.no_grad():
        loc, scale = means_and_scales(model.encode(x))
        distortion = -expectation(lambda x, z: model.decode(z).log_prob(x), x, loc, scale, 1e-3)
        rate = kl_divergence(model.encode(x), model.prior()).double()
    found, reference = tightness(model, x), log_px_grid(model, x, 7, 700) + distortion + rate
    assert found.exact
    assert (found.gap - reference).abs().max() < 0.05
    assert (found.gap - reference).abs().mean() < 0.01


def whole(function, *arguments):
    found, turns = function(*arguments), 1
    while isinstance(found, process.Partial):
        assert 0 < found.fraction < 1
        found, turns = function(*arguments, so_far=found.state), turns + 1
    return found, turns


def test_numbers_are_the_same_in_any_turns_and_are_kept(folder, monkeypatch):
    """The numbers are Compare's own whatever the turns and are kept."""
    run = runs.Run(runs.shipped() / "digits-vae-2d")
    monkeypatch.setattr(process, "TURN", 0.0)
    monkeypatch.setattr("vae.evaluation.scores.ROWS", 100)
    found, turns = whole(explore.numbers, run.path, pointwise.BOUND)
    n = len(run.codes)
    assert turns == -(-n // 100) and found.computed == n
    kept = pointwise.kept(pointwise.mark(run), pointwise.BOUND, n)
    assert kept is not None and kept.how == found.how
    for name in pointwise.BOUND:
        np.testing.assert_array_equal(kept.values[name], found.values[name])
    np.testing.assert_allclose(found.values["elbo"], -found.values["distortion"] - found.values["rate"], rtol=1e-5)
    monkeypatch.undo()
    monkeypatch.setenv("LATENT_DATA", str(folder.parent))
    again, _ = whole(explore.numbers, run.path, pointwise.BOUND)
    scores = compare.scores(run.path)
    np.testing.assert_array_equal(again.values["distortion"], scores.distortion)
    np.testing.assert_array_equal(again.values["elbo"], scores.elbo)


def test_tails_of_weights_are_heavy_for_as_many_codes_as_the_diagnosis_says(folder):
    run = runs.Run(runs.shipped() / "digits-vae-2d")
    found, _ = whole(explore.numbers, run.path, pointwise.TAILS)
    assert found.computed == len(run.codes) and found.values["pareto"].min() >= explore.LIGHT
    heavy = kept.read(run.path, "tails").heavy
    share = (found.values["pareto"] > 0.7).mean()  # of 100 weights, where the diagnosis takes 1,000
    assert abs(share - heavy.value) < 4 * heavy.se + 0.05


@pytest.mark.parametrize("name", ["digits-vae-2d", "unhealthy/unhealthy-holes"])
def test_samples_miss_as_many_codes_as_the_diagnosis_says(folder, name):
    """The share of codes that samples miss is 1 - coverage, which the diagnosis has of half the examples."""
    run = runs.Run(runs.shipped() / name)
    found, _ = whole(explore.numbers, run.path, pointwise.REACH)
    assert found.computed == len(run.codes) and found.values["reach"].min() >= 0
    coverage = kept.read(run.path, "samples").coverage
    assert abs((found.values["reach"] < 1).mean() - coverage.value) < 4 * coverage.se + 0.05
    assert pointwise.kept(pointwise.mark(run), pointwise.REACH, len(run.codes)).how == found.how


def test_blocks_of_very_many_are_measured_evenly(folder, monkeypatch):
    """Of very many whole blocks are measured evenly and the rest is nan."""
    assert explore.blocks(1200, 500) == [0, 500, 1000]
    spread = explore.blocks(1_000_000, 500)
    assert len(spread) == 40 and spread[0] == 0 and spread[-1] == 999_500
    run = runs.Run(runs.shipped() / "digits-vae-2d")
    monkeypatch.setattr("vae.evaluation.scores.ROWS", 50)
    monkeypatch.setattr(explore, "blocks", lambda n, rows: [0, 200])
    found, _ = whole(explore.numbers, run.path, pointwise.BOUND)
    assert found.computed == 100
    finite = np.isfinite(found.values["rate"])
    assert finite[:50].all() and finite[200:250].all() and not finite[50:200].any()


def test_an_autoencoder_has_a_distortion_alone(folder):
    run = make_run(folder, "ae", "autoencoder", n=360, **SMALL)
    complete(run)
    with pytest.raises(RunError, match="no prior"):
        explore.numbers(run.path, pointwise.TIGHTNESS)


def test_other_weights_or_damage_are_no_kept_numbers(folder):
    run = make_run(folder, "mine", n=20, **SMALL)
    values = {name: np.ones(20, np.float32) for name in pointwise.BOUND}
    pointwise.keep(run, pointwise.BOUND, pointwise.Pointwise(values, "by hand"))
    assert pointwise.kept(pointwise.mark(run), pointwise.BOUND, 20).computed == 20
    assert pointwise.kept(pointwise.mark(run), pointwise.BOUND, 21) is None
    assert pointwise.kept(pointwise.mark(run), pointwise.TIGHTNESS, 20) is None
    complete(run)
    assert pointwise.kept(pointwise.mark(run), pointwise.BOUND, 20) is None
    file = pointwise.file(pointwise.mark(run), pointwise.BOUND)
    file.write_bytes(b"PK nonsense")
    assert pointwise.kept(pointwise.mark(run), pointwise.BOUND, 20) is None
