"""What a model's own images say: measured on pPCA, whose posterior and whose data are known, and judged."""

from dataclasses import replace

import pytest
import torch
from ppca_case import case_of

from vae.data.batches import Batches
from vae.diagnosis import cards, simulate
from vae.diagnosis.evidence import (
    Bound,
    Evidence,
    Gap,
    Memorised,
    Number,
    SampleQuality,
    Simulated,
    Tails,
    plain,
    restore,
)
from vae.diagnosis.verdict import Absent, Severity
from vae.evaluation.features import classifier
from vae.spec import preset

VAE = preset("vae", data="digits", shape=(1, 8, 8))


@pytest.mark.parametrize("labels", [False, True])
def test_samples_of_the_true_model_equal_data(labels):
    found = simulate.samples(case_of(labels=labels))
    assert found.space == ("features" if labels else "codes")
    ours = (found.precision, found.recall, found.density, found.coverage)
    for number, best in zip(ours, found.ceiling, strict=True):
        assert abs(number.value - best.value) < 5 * (number.se**2 + best.se**2) ** 0.5 + 0.02
    apart = found.kernel.value - found.kernel_ceiling.value
    assert abs(apart) < 4 * (found.kernel.se**2 + found.kernel_ceiling.se**2) ** 0.5
    assert sorted(found.classes) == (["above", "below"] if labels else [])
    assert sum(ours.n for ours, _ in found.classes.values()) == (found.coverage.n if labels else 0)
    assert restore(SampleQuality, plain(found)) == found


@pytest.mark.parametrize("labels", [False, True])
def test_true_model_has_no_memory_of_its_training_examples(labels):
    found = simulate.memorised(case_of(labels=labels))
    assert found.n == 300 and found.copier == 0.75
    for share in (found.samples, found.decoded, found.data):
        assert abs(share.value - 0.5) < 4 * share.se
    verdict = cards.CARDS["memorised"].judge(VAE, Evidence(memorised=found))
    assert verdict.severity == Severity.PASSED and "for a model that only copies 75%" in verdict.sentence
    assert restore(Memorised, plain(found)) == found


def test_model_that_copies_is_told(monkeypatch):
    """Its samples are its training examples: the share is that of a copier, and the verdict says so."""
    case = case_of(labels=True)
    copies = case.train.examples[torch.arange(2000) % 600]
    monkeypatch.setattr(simulate, "drawn", lambda *_: (copies, copies))
    found = simulate.memorised(case)
    assert abs(found.samples.value - found.copier) < 4 * found.samples.se
    verdict = cards.CARDS["memorised"].judge(VAE, Evidence(memorised=found))
    assert verdict.severity == Severity.NOTE and verdict.name == "copies" and verdict.remedies


def test_space_that_knows_the_training_examples_makes_no_copier():
    """Shares above a half are no memory of the model's while held-out data have them too."""
    share = Number(0.6, 0.01, 1000)
    found = Memorised("codes", 1000, 2000, share, share, share)
    assert cards.CARDS["memorised"].judge(VAE, Evidence(memorised=found)).severity == Severity.PASSED


def test_few_examples_are_not_compared():
    case = case_of()
    few = replace(case, test=case.test.part(torch.arange(9)))
    few.__dict__.update(train=case.train, known=case.known)
    assert simulate.memorised(few) is None


def test_true_posterior_ranks_flat_and_has_light_tails():
    found, tails = simulate.simulated(case_of()), simulate.tails(case_of())
    assert all(abs(e.value - 1) < 4 * e.se for e in found.spread)
    assert all(abs(e.value) < 4 * e.se for e in found.shift)
    assert sum(found.histogram[0]) == found.n and tails.heavy.value < 0.05
    assert cards.CARDS["simulated"].judge(VAE, Evidence(simulated=found)).severity == Severity.PASSED
    assert restore(Simulated, plain(found)) == found


def test_narrow_q_is_told_by_ranks_and_tails():
    found, tails = simulate.simulated(case_of(0.3)), simulate.tails(case_of(0.3))
    verdict = cards.CARDS["simulated"].judge(VAE, Evidence(simulated=found))
    assert verdict.severity == Severity.NOTE and "too narrow in 2 of 2" in verdict.sentence
    assert tails.heavy.value > 0.5


def quality(precision: float, coverage: float) -> SampleQuality:
    of = [Number(v, 0.01, 1000) for v in (precision, 0.9, 0.8, coverage)]
    best = [Number(v, 0.01, 1000) for v in (0.95, 0.95, 1.0, 0.97)]
    kernel = Number(0.2, 0.01, 20), Number(0.001, 0.01, 20)
    classes = {"zero": (best[0], best[1]), "one": (of[3], best[3])}
    return SampleQuality("features", 5, *of, tuple(best), *kernel, classes)


@pytest.mark.parametrize(
    ("precision", "coverage", "words"),
    [(0.9, 0.9, "cover the data"), (0.9, 0.3, "miss a part"), (0.2, 0.9, "like no image"), (0.2, 0.3, "and are often")],
)
def test_samples_are_held_against_what_data_do(precision, coverage, words):
    verdict = cards.CARDS["samples"].judge(VAE, Evidence(samples=quality(precision, coverage)))
    assert words in verdict.sentence and "Kernel distance 0.200 ± 0.010" in verdict.sentence
    assert ("“one”, 30%" in verdict.sentence) == (coverage == 0.3)
    assert (verdict.severity == Severity.PASSED) == (words == "cover the data")


def test_class_that_samples_miss_is_named():
    """The whole is covered and one class is not; a class of too few examples says nothing."""
    whole = quality(0.9, 0.9)
    best = Number(0.95, 0.01, 100)
    missed = {"six": (Number(0.2, 0.05, 30), best), "few": (Number(0.0, 0.0, 3), best), "one": (best, best)}
    verdict = cards.CARDS["samples"].judge(VAE, Evidence(samples=replace(whole, classes=missed)))
    assert verdict.severity == Severity.NOTE and "“six”, 20% (data against data 95%)" in verdict.sentence
    del missed["six"]
    verdict = cards.CARDS["samples"].judge(VAE, Evidence(samples=replace(whole, classes=missed)))
    assert verdict.severity == Severity.PASSED and "Least" not in verdict.sentence


def test_models_without_one_prior_say_why():
    autoencoder = preset("autoencoder", data="digits", shape=(1, 8, 8))
    for name in ("simulated", "samples", "memorised"):
        assert isinstance(cards.CARDS[name].judge(autoencoder, Evidence()), Absent)
        assert cards.CARDS[name].judge(VAE, Evidence()) is None
    case = replace(case_of(), test=Batches(torch.zeros(9, 7), 1, False, torch.zeros(9).long()))
    assert simulate.simulated(case) is simulate.samples(case) is simulate.memorised(case) is None


def test_heavy_tails_are_said_beside_the_gap():
    gap = cards.CARDS["gap"].judge
    number = Number(-20.0, 0.1, 200)
    whole = Evidence(
        bound=Bound(number, number, number, number, Number(10.0, 0.1, 200)),
        gap=Gap(number, number, 100, 60.0, number, Number(0.5, 0.01, 200), (0.4, 0.6)),
    )
    heavy = replace(whole, tails=Tails(Number(0.8, 0.03, 200), 1000))
    light = replace(whole, tails=Tails(Number(0.1, 0.03, 200), 1000))
    assert "80% ± 3% of the images" in gap(VAE, heavy).sentence and "Pareto" not in gap(VAE, light).sentence


def test_classifier_tells_classes_apart_by_its_features():
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(3, (300,), generator=generator)
    x = torch.randn(300, 1, 4, 4, generator=generator)
    x[:, 0, 0, 0] += 6 * labels
    made = classifier(x, labels)(x)
    means = torch.stack([made[labels == k].mean(0) for k in range(3)])
    nearest = torch.cdist(made, means).argmin(1)
    assert made.shape == (300, 64) and (nearest == labels).float().mean() > 0.98
    with pytest.raises(ValueError, match="two classes"):
        classifier(x, torch.zeros(300).long())
