"""Statistics of samples: those of the true model are the data's, a wrong model's differ and are named."""

from dataclasses import replace

import pytest
import torch
from ppca_case import case_of

from vae.diagnosis import cards, sample_statistics
from vae.diagnosis.evidence import Evidence, Statistics, plain, restore
from vae.diagnosis.verdict import Absent, Severity
from vae.spec import preset

VAE = preset("vae", data="digits", shape=(1, 8, 8))
judge = cards.CARDS["statistics"].judge


def test_samples_of_the_true_model_have_the_data_s_statistics():
    found = sample_statistics.statistics(case_of())
    assert found.n == 600 and min(found.p.values()) > 1e-3
    assert restore(Statistics, plain(found)) == found
    for name, below in found.below.items():
        assert (
            list(below) == sorted(below)
            and max(abs(share - level) for share, level in zip(below, sample_statistics.LEVELS, strict=True))
            <= found.distance[name] + 1 / found.n + 1e-3
        )
    assert max(found.redrawn.values()) < 0.1
    assert judge(VAE, Evidence(statistics=found)).severity == Severity.PASSED


def test_data_that_the_prior_does_not_reach_are_told():
    """Examples moved by what the decoder makes of z + 3: drawn again from their codes they fit, from the prior not.

    q pulls codes towards the prior, so that they fit better and not wholly."""
    case = case_of()
    with torch.no_grad():
        z = torch.tensor([[3.0, 3.0]])
        moved = case.test.examples + (case.model.decode(z).mean - case.model.decode(0 * z).mean)
    found = sample_statistics.statistics(replace(case, test=replace(case.test, examples=moved)))
    name = max(found.distance, key=lambda name: found.distance[name])
    assert found.distance[name] > 0.5 and found.p[name] < 1e-6 and found.redrawn[name] < found.distance[name] / 2
    verdict = judge(VAE, Evidence(statistics=found))
    assert verdict.severity == Severity.NOTE and f" {name} (distance" in verdict.sentence


def told(distance: float, p: float, samples: float = 2.0, redrawn: float = 0.01) -> Statistics:
    names = ("brightness", "roughness")
    return Statistics(
        1000,
        dict(zip(names, (0.02, distance), strict=True)),
        dict(zip(names, (0.9, p), strict=True)),
        dict(zip(names, (0.01, redrawn), strict=True)),
        dict.fromkeys(names, (1.0, samples)),
        dict.fromkeys(names, (0.0, 1.0)),
    )


@pytest.mark.parametrize(
    ("distance", "p", "samples", "words"),
    [
        (
            0.05,
            1e-9,
            2.0,
            "have the data's brightness and roughness: the largest difference is in roughness (distance 0.05, p < ",
        ),
        (0.4, 0.2, 2.0, "have the data's brightness and roughness"),
        (0.4, 1e-9, 2.0, "Samples have more roughness (distance 0.40, p < 0.0001) than the data."),
        (0.4, 5e-4, 0.5, "Samples have less roughness (distance 0.40, p = 0.0005) than the data."),
    ],
)
def test_only_differences_that_are_large_and_certain_are_named(distance, p, samples, words):
    verdict = judge(VAE, Evidence(statistics=told(distance, p, samples)))
    assert words in verdict.sentence
    assert (verdict.severity == Severity.NOTE) == ("than the data" in words)


def test_what_the_likelihood_draws_is_no_fault_of_the_prior():
    verdict = judge(VAE, Evidence(statistics=told(0.4, 1e-9, redrawn=0.38)))
    assert verdict.severity == Severity.PASSED
    assert "drawn again from their own codes differ too: that is p(x|z), not the prior." in (verdict.sentence)
    assert judge(VAE, Evidence(statistics=told(0.4, 1e-9, redrawn=0.19))).severity == Severity.NOTE


def test_models_without_samples_say_why():
    assert isinstance(judge(preset("autoencoder", data="digits", shape=(1, 8, 8)), Evidence()), Absent)
    assert judge(VAE, Evidence()) is None
    labelled = case_of()
    labelled = replace(labelled, test=replace(labelled.test, labels=torch.zeros(600).long()))
    assert sample_statistics.statistics(labelled) is None
