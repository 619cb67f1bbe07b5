"""Codebooks: the perplexity of known counts, a run's own codes as the model finds them, and the verdicts."""

import math

import numpy as np
import pytest
import torch
from fake_runs import SMALL, complete, make_run
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import entropy

from vae import data
from vae.diagnosis import cards, quick
from vae.diagnosis.evidence import Codebook, Evidence, plain, restore
from vae.diagnosis.verdict import Severity
from vae.runs import Run
from vae.runs.load import held_out, load_model
from vae.spec import preset
from vae.training import finish

SPEC = preset("vq-vae", data="digits", shape=(1, 8, 8))


@given(st.lists(st.integers(0, 50), min_size=1, max_size=40).filter(any))
def test_perplexity_is_exp_of_the_entropy(counts):
    found = quick.usage(np.array(counts))
    assert found.perplexity.value == pytest.approx(math.exp(entropy(counts)), rel=1e-9)
    assert 1 - 1e-9 <= found.perplexity.value <= found.used + 1e-9 and found.used == np.count_nonzero(counts)
    assert restore(Codebook, plain(found)) == found


def test_equal_use_has_all_points_and_no_error():
    assert quick.usage(np.full(64, 5)).perplexity[:2] == pytest.approx((64, 0), abs=1e-6)
    assert quick.usage(np.array([0, 9, 0])).perplexity[:2] == pytest.approx((1, 0), abs=1e-9)


def test_error_of_the_perplexity_is_its_spread_over_samples():
    rng = np.random.default_rng(0)
    share = rng.dirichlet(np.ones(20))
    found = [quick.usage(rng.multinomial(3000, share)).perplexity for _ in range(300)]
    assert np.mean([one.se for one in found]) == pytest.approx(np.std([one.value for one in found]), rel=0.15)


def test_a_runs_codes_are_the_points_that_its_model_chooses(tmp_path):
    run = complete(make_run(tmp_path, "mine", "vq-vae", **{**SMALL, "latent": 4}))
    finish.encode(run, load_model(run))
    run = Run(run.path)
    model, found = load_model(run), quick.codebook(run)
    with torch.no_grad():
        batches = held_out(run)[1]
        q = model.encode(batches.take(slice(0, len(batches)), torch.Generator().manual_seed(run.spec.seed)))
        book = model.encoder.family.codebook
        index = torch.cdist(q.nearest.reshape(-1, book.shape[1]), book).argmin(1)
    assert found.counts == tuple(torch.bincount(index, minlength=len(book)).tolist())
    assert sum(found.counts) == 2 * len(data.load("digits", "test").images)
    assert quick.codebook(make_run(tmp_path, "plain", "vae", **SMALL)) is None


def test_verdict_names_dead_points():
    judge = cards.CARDS["rates"].judge
    assert judge(SPEC, Evidence()) is None
    healthy = judge(SPEC, Evidence(codebook=quick.usage(np.full(64, 5))))
    assert healthy.severity == Severity.PASSED and "64 of 64 points" in healthy.sentence
    dead = judge(SPEC, Evidence(codebook=quick.usage(np.r_[np.full(16, 5), np.zeros(48, int)])))
    assert dead.severity == Severity.NOTE and dead.sentence.endswith("The other 48 are dead.")
    assert "perplexity 16.0 ± 0.0 of at most 64: a code carries 2.77 nats" in dead.sentence
