"""Each verdict on evidence made for it: who is ill, how much, of what, what the sentence says, what the remedy sets."""

from dataclasses import replace

import numpy as np
import pytest
from evidence_made import AE, DEAD, DEAF, GREY, HEALTHY, VAE, N, n
from fake_runs import make_run

from vae import runs
from vae.diagnosis import cards, limits, quick
from vae.diagnosis.evidence import (
    PARTS,
    Decoder,
    Evidence,
    Likelihood,
    Number,
    Overfitting,
    Training,
    Width,
    plain,
    restore,
)
from vae.diagnosis.verdict import Absent, Severity, Verdict
from vae.runs import Codes as Saved
from vae.spec import check, preset


def found(name, spec=VAE, **parts):
    return cards.CARDS[name].judge(spec, replace(HEALTHY, **parts))


def ill(name, diagnosis, spec=VAE, **parts):
    """The card is ill, its diagnosis is the main one, and each remedy is a spec that can be trained and differs."""
    verdict = found(name, spec, **parts)
    assert isinstance(verdict, Verdict)
    assert verdict.severity == Severity.PROBLEM
    assert verdict.name == diagnosis
    assert verdict.name in cards.CAUSES and verdict.name in cards.TITLES
    assert verdict.why
    mends(verdict, spec)
    return verdict


def mends(verdict, spec):
    for remedy in verdict.remedies:
        changed = remedy.applied(spec)
        assert check.problems(vars(changed)) == []
        assert changed != spec, remedy


def test_a_healthy_model_has_only_healthy_cards_and_no_diagnosis():
    findings = cards.judge(VAE, HEALTHY)
    assert list(findings) == list(cards.CARDS)
    assert {f.severity for f in findings.values()} == {Severity.PASSED}
    assert cards.main(findings) is None


def test_without_its_evidence_a_card_says_nothing_yet():
    for name, card in cards.CARDS.items():
        for part in card.needs:
            if name == "collapse" and part in ("training", "likelihood"):
                continue  # it can say what it knows without
            assert card.judge(VAE, replace(HEALTHY, **{part: None})) is None, (name, part)
    assert cards.main(cards.judge(VAE, Evidence())) is None


def test_evidence_goes_to_json_and_back():
    for name, kind in PARTS.items():
        part = getattr(HEALTHY, name)
        assert restore(kind, plain(part)) == part


def test_worse_than_no_latents():
    verdict = ill("bound", "worthless", bound=replace(HEALTHY.bound, gain=n(-3.0)))
    assert "−20.00 ± 0.01 nats" in verdict.sentence
    assert "3.00 ± 0.01 nats worse" in verdict.sentence
    ill("bound", "worthless", bound=replace(HEALTHY.bound, gain=n(0.02)))
    assert found("bound", bound=replace(HEALTHY.bound, gain=n(0.04))).severity == Severity.PASSED


def test_collapse_of_all_dimensions_names_its_cause_and_mends_it():
    verdict = ill("collapse", "collapsed", codes=DEAD, decoder=DEAF)
    assert "ignores z" in verdict.sentence
    assert {r.label for r in verdict.remedies} == {"Warm β up", "Free bits"}
    strong = preset("beta-vae", data="digits", shape=(1, 8, 8))
    verdict = ill("collapse", "collapsed", spec=strong, codes=DEAD, decoder=DEAF)
    assert "β = 4" in verdict.sentence
    assert verdict.remedies[0].changes["objective"]["beta"] == 1
    noise = Likelihood("sigma", n(1.0), n(0.25), 50.0, None, ((1.0, 0.25, 5.0),))
    verdict = ill("collapse", "collapsed", spec=GREY, codes=DEAD, decoder=DEAF, likelihood=noise)
    assert "4.0 times the residuals" in verdict.sentence
    assert verdict.remedies[0].changes["likelihood"]["sigma"] == "shared"
    silent = ill("collapse", "collapsed", codes=DEAD, decoder=Decoder((n(0.2), n(0.0))))
    assert "encoder sends no information" in silent.sentence
    ill("rates", "dead", codes=DEAD)


def test_a_decoder_that_ignores_an_encoder_that_speaks():
    verdict = ill("collapse", "collapsed", decoder=DEAF)
    assert "moves 1% of the pixels' variance" in verdict.sentence


def test_one_dead_dimension_is_a_note():
    codes = replace(HEALTHY.codes, rates=(n(1.5), n(0.005)))
    verdict = found("rates", codes=codes)
    assert (verdict.severity, verdict.name) == (Severity.NOTE, "dead-dimensions")
    assert "1 of 2 dimensions carries 1.50 nats" in verdict.sentence.replace("1.51", "1.50")
    assert "z₂ is inactive" in verdict.sentence


def test_a_sigma_of_q_at_its_bound():
    ill("collapse", "saturated", codes=replace(HEALTHY.codes, saturated=(0.0, 0.8)))


def test_annealing_that_was_not_finished():
    schedule = {"schedule": "linear", "start": 0.0, "stop": 1.0, "steps": 1000}
    spec = preset("vae", data="digits", shape=(1, 8, 8), objective={"kind": "elbo", "beta": schedule})
    verdict = ill("collapse", "unfinished", spec=spec, training=Training(20, 20, 0, ("beta", 0.4, 1.0)))
    assert "0.40" in verdict.sentence and "1.00" in verdict.sentence
    assert verdict.remedies[0].changes["objective"]["beta"]["steps"] == 200  # half of the 400 steps there were
    stopped = found("collapse", training=Training(3, 20, 0, None))
    assert (stopped.severity, stopped.name) == (Severity.NOTE, "stopped")


class History:
    def __init__(self, spec, last):
        self.spec, self.history = spec, [{"step": 1, "epoch": 0}, {"step": last, "epoch": 9, "skipped": 2}]


def test_the_record_tells_whether_annealing_was_finished():
    schedule = {"schedule": "linear", "start": 0.0, "stop": 4.0, "steps": 1000}
    spec = preset("vae", data="digits", shape=(1, 8, 8), epochs=10, objective={"kind": "elbo", "beta": schedule})
    assert quick.training(History(spec, 250)) == Training(10, 10, 2, ("beta", 1.0, 4.0))
    assert quick.training(History(spec, 1000)) == Training(10, 10, 2, None)
    terms = ({"kind": "sparsity", "weight": {**schedule}},)
    assert quick.training(History(replace(AE, terms=terms), 500)).unfinished == ("sparsity weight", 2.0, 4.0)


def width(slope, gain, c=2.0):
    return Width((0.5, 1.0, c), (n(-0.5), Number(0.0, 0.0, N), n(gain)), n(slope))


def test_over_and_under_regularised_by_the_slope_and_its_price():
    verdict = ill("posterior", "over-regularised", width=width(4.2, 1.0))
    assert "4.20 ± 0.01" in verdict.sentence and "1.00 ± 0.01 nats higher" in verdict.sentence
    strong = preset("beta-vae", data="digits", shape=(1, 8, 8))
    remedy = ill("posterior", "over-regularised", spec=strong, width=width(4.2, 1.0)).remedies[0]
    assert remedy.changes["objective"] == {"kind": "elbo", "beta": 1.0}
    cheap = found("posterior", width=width(4.2, 0.1))  # one per cent of what the latents buy
    assert (cheap.severity, cheap.name) == (Severity.NOTE, "over-regularised")
    loose = preset("vae", data="digits", shape=(1, 8, 8), objective={"kind": "elbo", "beta": 0.0})
    ill("posterior", "under-regularised", spec=loose, width=width(0.1, 1.0))
    half = found("posterior", spec=loose, width=width(0.5, 1.0))  # beta = 0.5 costs no ELBO
    assert (half.severity, half.name) == (Severity.NOTE, "under-regularised")
    unsure = Width((0.5, 1.0), (n(-1.0), n(0.0, 0.0)), n(3.0, 0.6))
    assert found("posterior", width=unsure).severity == Severity.PASSED  # within three standard errors of OVER


def test_a_width_that_was_given_is_no_fault():
    spec = preset("wae", data="digits", shape=(1, 8, 8))
    assert found("posterior", spec=spec, width=width(0.1, 1.0)).severity == Severity.PASSED
    assert found("posterior", width=replace(HEALTHY.width, slope=None)).severity == Severity.PASSED


def sigma(predicted, residual, cost):
    return Likelihood("sigma", n(predicted, 1e-4), n(residual, 1e-4), cost, None, ((predicted, residual, 5.0),))


def test_sigma_of_the_likelihood():
    small = ill("likelihood", "sigma", spec=GREY, likelihood=sigma(0.05, 0.2, 300.0))
    assert "4.0 times too small" in small.sentence and "300.0 nats" in small.sentence
    assert small.remedies[0].changes["likelihood"] == {"kind": "normal", "sigma": "shared"}
    assert small.remedies[1].changes["likelihood"]["sigma"] == 0.2
    assert "too large" in ill("likelihood", "sigma", spec=GREY, likelihood=sigma(0.8, 0.2, 50.0)).sentence
    assert found("likelihood", spec=GREY, likelihood=sigma(0.2, 0.25, 1.5)).severity == Severity.NOTE
    assert found("likelihood", spec=GREY, likelihood=sigma(0.2, 0.25, 0.9)).severity == Severity.PASSED
    assert found("likelihood", spec=GREY, likelihood=sigma(0.2, 0.21, 9.0)).severity == Severity.PASSED
    other = preset("laplace-vae", data="digits", shape=(1, 8, 8))
    assert found("likelihood", spec=other, likelihood=sigma(0.2, 0.3, None)).severity == Severity.NOTE
    assert found("likelihood", spec=other, likelihood=sigma(0.2, 0.5, None)).severity == Severity.PROBLEM


def test_pixel_probabilities():
    off = replace(HEALTHY.likelihood, error=0.08)
    verdict = ill("likelihood", "probabilities", spec=replace(VAE, keep="last"), likelihood=off)
    assert "8.0 percentage points" in verdict.sentence
    assert found("likelihood", likelihood=replace(off, error=0.03)).severity == Severity.NOTE


def test_holes():
    many = replace(HEALTHY.holes, share=n(0.5))
    verdict = ill("holes", "holes", holes=many)
    assert "50.0% ± 1.0%" in verdict.sentence
    assert {r.label for r in verdict.remedies} == {"Mixture prior", "VampPrior"}
    wae = preset("wae", data="digits", shape=(1, 8, 8), objective={"kind": "mmd", "weight": 0.0, "beta": 0.0})
    remedy = ill("holes", "holes", spec=wae, holes=many).remedies[0]
    assert remedy.changes["objective"] == {"kind": "mmd", "weight": 100.0, "beta": 0.0}
    assert found("holes", holes=replace(many, share=n(0.31))).severity == Severity.NOTE
    # by distance, what counts is how much more often the prior's draws lie apart than the codes themselves
    apart = replace(many, kind="distance", strays=0.4)
    assert found("holes", holes=apart).severity == Severity.PASSED
    assert found("holes", holes=replace(apart, strays=0.05)).severity == Severity.PROBLEM


def test_an_autoencoders_holes_are_a_note_that_offers_a_vae():
    verdict = found("holes", spec=AE, holes=replace(HEALTHY.holes, kind="distance", share=n(0.6), strays=0.02))
    assert verdict.severity == Severity.NOTE
    mends(verdict, AE)
    assert verdict.remedies[0].applied(AE).probabilistic


def test_a_prior_that_does_not_fit():
    wide = replace(HEALTHY.surgery, dimension_kl=n(3.0))
    verdict = ill("surgery", "prior", surgery=wide)
    assert "3.10 ± 0.01 nats are KL(q(z) ‖ p(z))" in verdict.sentence
    assert found("surgery", surgery=replace(wide, dimension_kl=n(1.2))).severity == Severity.NOTE
    assert "log N = 6.90" in found("surgery", surgery=replace(HEALTHY.surgery, capped=True)).sentence


def test_a_loose_bound():
    verdict = ill("gap", "loose", gap=replace(HEALTHY.gap, gap=n(6.0)))
    assert "6.00 ± 0.01 nats below log p(x): 60% of the improvement by the latents" in verdict.sentence
    low = found("gap", gap=replace(HEALTHY.gap, truth=None, ess=3.0))
    assert "L₁₀₀ (itself a lower bound)" in low.sentence and "effective sample size is only 3.0 of 100" in low.sentence


def test_overfitting_needs_three_standard_errors_and_a_price():
    much = Overfitting(n(-16.0), n(-20.0), Number(4.0, 0.5, N))
    verdict = ill("overfitting", "overfitted", overfitting=much)
    assert "on new images it differs by 4.00 ± 0.50 nats: 40% of the improvement by the latents" in verdict.sentence
    assert found("overfitting", overfitting=replace(much, difference=Number(4.0, 1.5, N))).severity == Severity.PASSED
    assert found("overfitting", overfitting=replace(much, difference=Number(1.5, 0.1, N))).severity == Severity.NOTE
    few = ill("overfitting", "overfitted", spec=replace(VAE, size=100, keep="last"), overfitting=much)
    assert [r.label for r in few.remedies[:2]] == ["Keep the best weights", "All the data"]


def test_fit_worse_than_pca_and_greedy_class_are_found():
    """Worse than PCA, or for a codebook than k-means, and a class that takes more than its share."""
    ill("reconstruction", "classical", reconstruction=replace(HEALTHY.reconstruction, saved=n(-1.0)))
    codes = preset("vq-vae", data="digits", shape=(1, 8, 8))
    worse = ill("reconstruction", "classical", codes, reconstruction=replace(HEALTHY.reconstruction, saved=n(-1.0)))
    assert worse.sentence.startswith("k-means with 64 points leaves a squared error of 6.00")
    close = replace(HEALTHY.reconstruction, error=n(3.39, 0.07), classical=n(3.38, 0.07), saved=n(-0.01, 0.001))
    assert found("reconstruction", reconstruction=close).severity == Severity.PASSED  # shrunk by its prior, as pPCA is
    hard = replace(HEALTHY.reconstruction, classes={"0": n(10.0), "8": n(30.0)})
    verdict = found("reconstruction", reconstruction=hard)
    assert (verdict.severity, verdict.name) == (Severity.NOTE, "class")
    assert "class 8: 30.00 ± 0.01 nats, 1.73 times the mean" in verdict.sentence
    mends(verdict, VAE)


def test_an_autoencoder_lacks_ten_cards_and_each_says_why():
    nothing = dict.fromkeys(
        ("gap", "surgery", "width", "tails", "simulated", "samples", "memorised", "statistics", "strange")
    )
    known = replace(HEALTHY, codes=replace(HEALTHY.codes, rates=None), **nothing)
    findings = cards.judge(AE, known)
    absent = {name for name, f in findings.items() if isinstance(f, Absent)}
    assert absent == {
        "bound",
        "rates",
        "posterior",
        "surgery",
        "gap",
        "simulated",
        "samples",
        "memorised",
        "statistics",
        "strange",
    }
    assert all("autoencoder" in f.reason.lower() for f in findings.values() if isinstance(f, Absent))
    assert all(isinstance(f, Verdict) for name, f in findings.items() if name not in absent)


def test_the_main_diagnosis_is_the_cause_not_its_symptoms():
    noise = Likelihood("sigma", n(1.0), n(0.25), 50.0, None, ((1.0, 0.25, 5.0),))
    worse = replace(HEALTHY, codes=DEAD, decoder=DEAF, likelihood=noise, bound=replace(HEALTHY.bound, gain=n(-50.0)))
    findings = cards.judge(GREY, worse)
    assert {f.name for f in findings.values() if f.severity == Severity.PROBLEM} >= {"collapsed", "sigma", "worthless"}
    assert cards.main(findings).name == "collapsed"
    without = replace(worse, codes=HEALTHY.codes, decoder=HEALTHY.decoder)
    assert cards.main(cards.judge(GREY, without)).name == "sigma"


def test_a_fault_is_held_against_at_least_one_nat():
    nothing = replace(HEALTHY, bound=replace(HEALTHY.bound, gain=n(0.05)))
    verdict = cards.CARDS["posterior"].judge(VAE, replace(nothing, width=width(4.2, 0.01)))
    assert verdict.severity == Severity.NOTE  # 0.01 nats of 1, not of 0.05
    assert limits.LEAST_SCALE == 1.0


def test_quick_evidence_equals_closed_forms():
    rng = np.random.default_rng(0)
    means, scales = rng.normal(size=(500, 3)).astype(np.float32), rng.uniform(0.1, 1, (500, 3)).astype(np.float32)
    scales[:400, 2] = np.exp(-9.5)
    codes = quick.codes(Saved(means, scales, None, (), "test"))
    m, s = means.astype(np.float64), scales.astype(np.float64)
    rate = 0.5 * (m**2 + s**2 - 1) - np.log(s)
    for j in range(3):
        assert codes.rates[j].value == pytest.approx(rate[:, j].mean(), rel=1e-9)
        assert codes.rates[j].se == pytest.approx(rate[:, j].std(ddof=1) / 500**0.5, rel=1e-6)
        assert codes.variance[j].value == pytest.approx(m[:, j].var(ddof=1), rel=1e-9)
        assert codes.sigma[j] ** 2 == pytest.approx(m[:, j].var() + (s[:, j] ** 2).mean(), rel=1e-9)
    assert codes.saturated == (0.0, 0.0, 0.8)
    assert quick.codes(Saved(means, None, None, (), "test")).rates is None


def test_the_card_shows_the_runs_own_elbo(tmp_path):
    """The chip above the card has it from the metrics: one quantity is one number on a screen."""
    run = make_run(tmp_path, "mine", data="digits", shape=(1, 8, 8), encoder={"kind": "mlp", "widths": [8]})
    (run.path / "metrics.json").unlink()
    assert quick.with_metrics(run, HEALTHY) == HEALTHY  # not measured

    def metrics(n, **changes):
        numbers = {"elbo": (-21.25, 0.3), "distortion": (18.25, 0.3), "rate": (3.0, 0.1)}
        entries = {name: {"value": v, "se": se, "n": n, "units": "nats"} for name, (v, se) in numbers.items()}
        runs.write_json(run.path / "metrics.json", entries | changes)
        return quick.with_metrics(runs.Run(run.path), HEALTHY)

    whole = metrics(N)
    assert whole.bound.elbo == Number(-21.25, 0.3, N) and whole.bound.gain == HEALTHY.bound.gain
    assert "ELBO −21.25 ± 0.30 nats" in cards.judge(VAE, whole)["bound"].sentence
    assert metrics(N - 1) == HEALTHY  # of fewer examples than the card's own
    assert metrics(N, elbo={"value": None, "se": None, "n": N}) == HEALTHY
    assert metrics(N, distortion=3) == HEALTHY
