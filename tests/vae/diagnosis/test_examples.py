"""The five models that are ill on purpose each get their own diagnosis, the shipped ones none, from what is kept with
them; and what is kept is what comes out when it is measured again, number for number, by vae.evaluation."""

import json

import pytest
import torch

from vae import runs
from vae.answers import diagnose, loaded
from vae.data import load
from vae.data.batches import prepare
from vae.diagnosis import cards, examples, kept, measure, report
from vae.diagnosis.evidence import PARTS, QUICK, Evidence, plain
from vae.diagnosis.verdict import Severity, Verdict
from vae.evaluation import baseline, calibration, decomposition, exact, scores, width
from vae.evaluation.estimate import Estimate
from vae.evaluation.information import subset
from vae.runs import Run, RunError
from vae.runs.load import held_out, load_model

ILL = [runs.examples()]
HEALTHY = ("digits-vae-2d", "mnist-vae-2d", "mnist-autoencoder-2d", "sprites-beta-vae-10d")
CHEAP = ("bound", "decoder", "likelihood", "width", "overfitting", "reconstruction", "surgery")


def evidence(run):
    """What is kept beside a shipped run."""
    found = {name: getattr(report.quickly(run), name) for name in QUICK}
    for part in PARTS:
        if part not in QUICK:
            assert (run.path / kept.FOLDER / f"{part}.json").is_file(), (run.name, part)
            known = kept.read(run.path, part)
            assert known is not None, f"{run.name}: what is kept of its {part} is of other weights"
            found[part] = None if known is kept.ABSENT else known
    return Evidence(**found)


@pytest.mark.parametrize("name", examples.EXAMPLES)
def test_an_example_gets_its_own_diagnosis(name):
    run = runs.find(name, ILL)
    findings = cards.judge(run.spec, evidence(run))
    assert cards.main(findings).name == examples.EXAMPLES[name].diagnosis
    assert all(f is not None for f in findings.values())


def test_no_two_examples_have_the_same_diagnosis():
    assert len({e.diagnosis for e in examples.EXAMPLES.values()}) == len(examples.EXAMPLES) == 5


@pytest.mark.parametrize("name", HEALTHY)
def test_a_shipped_model_is_healthy(name):
    run = runs.find(name, [runs.shipped()])
    findings = cards.judge(run.spec, evidence(run))
    assert cards.main(findings) is None
    if name in ("digits-vae-2d", "mnist-vae-2d"):
        assert all(isinstance(f, Verdict) and f.severity == Severity.PASSED for f in findings.values())


def test_the_beta_vae_is_told_its_beta():
    run = runs.find("sprites-beta-vae-10d", [runs.shipped()])
    found = evidence(run)
    assert abs(found.width.slope.value - run.spec.objective["beta"]["stop"]) < 3 * found.width.slope.se
    assert cards.judge(run.spec, found)["posterior"].severity == Severity.NOTE


@pytest.mark.parametrize("name", examples.EXAMPLES)
def test_an_example_is_of_the_spec_that_makes_it_and_says_how(name):
    run = runs.find(name, ILL)
    assert run.spec == examples.spec(name)
    assert run.metrics["command"] == f"python -m vae.diagnosis.examples {name}"
    assert run.metrics["command"] in run.card
    assert run.title == examples.EXAMPLES[name].title
    assert sum(f.stat().st_size for f in run.path.rglob("*") if f.is_file()) < 250_000
    assert not (run.path / "state.pt").exists()


@pytest.mark.parametrize("name", examples.EXAMPLES)
def test_what_is_kept_comes_out_again(name):
    torch.set_num_threads(1)
    run = runs.find(name, ILL)
    case = measure.Case(run, load_model(run), loaded.encoded_examples(run))
    for part in CHEAP:
        close(plain(measure.MEASURES[part](case)), plain(kept.read(run.path, part)), (name, part))


def close(a, b, where):
    if isinstance(a, list):
        assert len(a) == len(b), where
        for x, y in zip(a, b, strict=True):
            close(x, y, where)
    elif isinstance(a, dict):
        for key in a:
            close(a[key], b[key], (*where, key))
    elif isinstance(a, float):
        assert a == pytest.approx(b, rel=1e-3, abs=1e-4), where
    else:
        assert a == b, where


def test_the_numbers_are_those_of_vae_evaluation():
    run = runs.find("digits-vae-2d", [runs.shipped()])
    model, known = load_model(run), evidence(run)
    _, batches = held_out(run)
    found = scores.scores(model, batches)
    for name in ("elbo", "distortion", "rate"):
        value = Estimate.of(getattr(found, name))
        assert getattr(known.bound, name) == pytest.approx((value.value, value.se, value.n), rel=1e-5)
    train = prepare(load("digits", "train"), run.spec)
    without = baseline.without_latents(run.spec, train.take(slice(None), torch.Generator().manual_seed(measure.SEED)))
    base = Estimate.of(baseline.log_prob(without, measure.pixels(batches, len(batches))))
    assert known.bound.baseline == pytest.approx((base.value, base.se, base.n), rel=1e-5)
    parts = decomposition(
        model.encode(subset(batches, len(batches), measure.SEED)),
        model.prior(),
        1,
        torch.Generator().manual_seed(measure.SEED),
    )
    for name in ("mutual_information", "total_correlation", "dimension_kl"):
        value = getattr(parts, name)
        assert getattr(known.surgery, name) == pytest.approx((value.value, value.se, value.n), rel=1e-3, abs=1e-4)
    truth = Estimate.of(exact(model, subset(batches, known.gap.truth.n, measure.SEED)).log_px)
    assert known.gap.truth == pytest.approx((truth.value, truth.se, truth.n), rel=1e-4)
    chance = calibration.probabilities(model, batches, len(batches), measure.SEED)
    assert known.likelihood.error == pytest.approx(chance.gap, rel=1e-3)
    wide = width.width(model, batches, len(batches), seed=measure.SEED)
    assert known.width.slope.value == pytest.approx(wide.slope.value, rel=1e-3)


def copied(name, tmp_path, monkeypatch):
    """A run of one's own with a shipped one's files, without what is kept of it."""
    monkeypatch.setenv("LATENT_DATA", str(tmp_path))
    found = runs.find(name, [runs.shipped(), runs.examples()])
    path = runs.user_runs() / "mine"
    path.mkdir(parents=True)
    for file in ("spec.json", "model.safetensors", "codes.npz", "history.jsonl"):
        (path / file).write_bytes((found.path / file).read_bytes())
    return Run(path)


def test_evidence_is_kept_until_the_weights_change(tmp_path, monkeypatch):
    """Evidence is kept beside the run and stale with its weights."""
    run = copied("unhealthy-sigma", tmp_path, monkeypatch)
    assert kept.read(run.path, "likelihood") is None
    content = diagnose.diagnosis(run.path, "likelihood")
    file = run.path / "diagnosis" / "likelihood.json"
    assert json.loads(file.read_text())["evidence"] == content
    assert plain(kept.read(run.path, "likelihood")) == content
    kept.write(run.path, "surgery", None)
    assert kept.read(run.path, "surgery") is kept.ABSENT
    assert diagnose.diagnosis(run.path, "surgery") is None
    other = runs.find("unhealthy-collapsed", ILL)
    (run.path / "model.safetensors").write_bytes((other.path / "model.safetensors").read_bytes())
    assert kept.read(run.path, "likelihood") is None
    file.write_text('{"of": "half a fi')
    assert kept.read(run.path, "likelihood") is None


def test_evidence_of_a_shipped_run_is_kept_in_the_data_folder(tmp_path, monkeypatch):
    run = copied("unhealthy-sigma", tmp_path, monkeypatch)
    monkeypatch.setattr(runs.folders, "shipped", runs.user_runs)
    diagnose.diagnosis(run.path, "likelihood")
    assert not (run.path / "diagnosis").exists()
    assert (tmp_path / "diagnoses" / kept.digest(run.path) / "likelihood.json").is_file()
    assert kept.read(run.path, "likelihood") is not None


def test_without_the_data_the_holes_are_those_of_the_saved_codes(tmp_path, monkeypatch):
    run = copied("mnist-vae-2d", tmp_path, monkeypatch)
    found = diagnose.diagnosis(run.path, "holes")
    assert found["split"] == "test" and found["codes"] == len(run.codes)
    assert kept.read(run.path, "holes") is None
    from vae.data import DataError

    with pytest.raises(DataError):
        diagnose.diagnosis(run.path, "bound")
    with pytest.raises(RunError):
        diagnose.diagnosis(tmp_path / "none", "bound")
