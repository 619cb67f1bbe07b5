"""Strange images: scikit-learn judges area and curve; the verdicts; what has no such evidence; the table."""

import csv
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score, roc_curve

from vae.data import DataError
from vae.diagnosis import cards, roc, strange_images
from vae.diagnosis.evidence import Evidence, Number, Strange
from vae.diagnosis.verdict import Absent, Severity
from vae.spec import preset

VAE = preset("vae", data="digits", shape=(1, 8, 8))


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 40), st.integers(2, 40), st.integers(2, 30), st.integers(0, 10_000))
def test_auc_and_curve_are_the_outside_judges(n, m, levels, seed):
    """Scores with many ties: area and curve are scikit-learn's, with every threshold kept."""
    rng = np.random.default_rng(seed)
    own, other = rng.integers(0, levels, n) / 3, rng.integers(0, levels + 3, m) / 3
    label, score = np.r_[np.zeros(n), np.ones(m)], np.r_[own, other]
    assert roc.auc(own, other).value == pytest.approx(roc_auc_score(label, score), abs=1e-12)
    found = roc.curve(own, other)
    judged = roc_curve(label, score, drop_intermediate=False)
    for ours, theirs in zip((found.false_alarms, found.found, found.threshold), judged, strict=True):
        assert ours == pytest.approx(theirs, abs=1e-12)


def test_auc_errors_are_as_large_as_the_spread_over_sets():
    rng = np.random.default_rng(0)
    found = [roc.auc(rng.normal(size=60), rng.normal(0.8, 1.5, 90)) for _ in range(400)]
    spread = np.std([one.value for one in found])
    assert np.mean([one.se for one in found]) == pytest.approx(spread, rel=0.1)
    with pytest.raises(ValueError, match="two examples"):
        roc.auc(np.zeros(1), np.zeros(5))


def strange(likelihood: float, regret: float) -> Strange:
    auc = {"likelihood": Number(likelihood, 0.02, 4), "regret": Number(regret, 0.02, 4)}
    own = {"likelihood": (64.0, 32.0), "regret": (0.1, 0.2)}
    return Strange("glyphs", (0, 9), (3, 5), own, {"likelihood": (70.0, 80.0), "regret": (3.0, 4.0)}, auc)


@pytest.mark.parametrize(
    ("likelihood", "regret", "severity", "words"),
    [
        (0.95, 0.96, Severity.PASSED, "are told from the data: −log p(x) has an AUC of 0.95 ± 0.02."),
        (
            0.65,
            0.95,
            Severity.PASSED,
            "nearly as likely as the data (−log p(x) has an AUC of 0.65 ± 0.02), but another",
        ),
        (0.10, 0.95, Severity.PASSED, "more likely than the data (−log p(x) has an AUC of 0.10 ± 0.02), but another"),
        (0.65, 0.70, Severity.NOTE, "no score tells them: −log p(x) has an AUC of 0.65 ± 0.02, likelihood regret 0.70"),
    ],
)
def test_verdict_names_the_score_that_is_not_fooled(likelihood, regret, severity, words):
    verdict = cards.CARDS["strange"].judge(VAE, Evidence(strange=strange(likelihood, regret)))
    assert verdict.severity == severity and words in verdict.sentence
    assert (verdict.name == "fooled") == (severity == Severity.NOTE)


def test_what_cannot_be_strange_says_why():
    for spec in (
        preset("autoencoder", data="digits", shape=(1, 8, 8)),
        preset("cvae", data="digits", shape=(1, 8, 8)),
        replace(VAE, data="linear-gaussian", shape=(8,), binarisation="none", likelihood={"kind": "normal"}),
    ):
        assert isinstance(cards.CARDS["strange"].judge(spec, Evidence()), Absent)
    assert strange_images.opponent(VAE) == "glyphs"
    assert strange_images.opponent(replace(VAE, data="glyphs", shape=(1, 28, 28))) == "digits"
    with pytest.raises(DataError, match="conditioned on labels"):
        strange_images.foreign("glyphs", preset("cvae", data="digits", shape=(1, 8, 8)))


def test_table_has_a_line_for_each_image():
    rows = list(csv.DictReader(roc.to_csv(strange(0.9, 0.9), "digits", 64).splitlines()))
    assert [(r["data"], r["image"]) for r in rows] == [
        ("digits", "0"),
        ("digits", "9"),
        ("glyphs", "3"),
        ("glyphs", "5"),
    ]
    assert float(rows[1]["likelihood_per_pixel"]) == 0.5 and float(rows[2]["regret"]) == 3.0
