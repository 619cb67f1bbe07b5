"""`vae check` and `vae open`: a model of another library and data become a run, a verdict, two reports and a status."""

import json
import shutil

import foreign as fixtures
import numpy as np
import pytest
import torch

from vae import cli, data, runs
from vae.data import own
from vae.opened import checking, missing
from vae.runs.load import load_model

MODEL = "pythae-vae-digits"
PASSED, FAILED, COULD_NOT = 0, 1, 2


@pytest.fixture(scope="module")
def checked(tmp_path_factory):
    """The folder of both reports, and the data folder, of one check that passes."""
    import os

    root = tmp_path_factory.mktemp("data")
    before = os.environ.get("LATENT_DATA")
    os.environ["LATENT_DATA"] = str(root)
    try:
        status = cli.main(
            ["check", str(fixtures.load(MODEL).path), "--data", "digits", "--name", "vae", "--out", str(root / "out")]
        )
    finally:
        os.environ.pop("LATENT_DATA") if before is None else os.environ.update(LATENT_DATA=before)
    assert status == PASSED
    return root


def test_check_writes_a_report_for_machines(checked):
    content = json.loads((checked / "out" / "report.json").read_text())
    assert content["schema_version"] == 1 and content["success"] is True
    by_name = {one["name"]: one for one in content["results"]}
    assert set(by_name) == set(checking.MEASURES)
    elbo = by_name["elbo"]
    assert elbo["higher_is_better"] is True and elbo["verdict"] == "passed" and elbo["n"] == 360
    assert elbo["standard_error"] > 0 and elbo["sentence"].startswith("ELBO")
    assert content["detected"]["second"] == {
        "value": "log variance", "margin": content["detected"]["second"]["margin"], "confirmed_by": "the file",
        "asked": False,
    }  # fmt: skip
    assert content["versions"]["torch"] == torch.__version__
    assert str(checked) not in json.dumps(content)


def test_report_page_needs_nothing_else(checked):
    page = (checked / "out" / "report.html").read_text()
    assert "default-src 'none'" in page
    assert "<title>vae: passed</title>" in page and str(checked) not in page
    for title in ("Diagnosis", "Numbers", "How it was read", "Where it comes from"):
        assert f"<h2>{title}</h2>" in page
    assert "log σ²" in page and "times closer to the originals" in page


def test_opened_run_gives_its_librarys_numbers(checked):
    """Codes and images of the run folder equal what pythae computed, and the map's codes are of the data."""
    fixture = fixtures.load(MODEL)
    run = runs.Run(checked / "runs" / "vae")
    model = load_model(run)
    with torch.no_grad():
        q = model.encode(fixture.tensor("x"))
        assert fixtures.distance(q.mean, fixture.reference["mu"]) < 1e-5
        assert fixtures.distance(q.stddev.log() * 2, fixture.second) < 1e-5
        assert fixtures.distance(model.decode(fixture.tensor("z")).mean, fixture.reference["decoded"]) < 1e-5
        digits = data.load("digits", "test")
        x = torch.from_numpy(digits.images.astype(np.float32) / digits.levels)
        assert fixtures.distance(model.encode(x).mean, run.codes.means) < 1e-5
    assert run.meta["opened"]["kind"] == "pythae" and run.spec.data == "digits"
    assert "log σ²" in run.card and missing.of(run.meta) == ()


def test_threshold_decides_the_exit_status(checked, monkeypatch, tmp_path, capsys):
    """A number beyond its threshold fails, by an option or a TOML file; nothing else of the check changes."""
    monkeypatch.setenv("LATENT_DATA", str(checked))
    words = ["check", str(fixtures.load(MODEL).path), "--data", "digits", "--name", "vae", "--out", str(tmp_path)]
    (tmp_path / "limits.toml").write_text("[thresholds]\nelbo = { min = -10 }\nholes = { max = 0.9 }\n")
    assert cli.main([*words, "--thresholds", str(tmp_path / "limits.toml")]) == FAILED
    content = json.loads((tmp_path / "report.json").read_text())
    assert content["success"] is False and "below its threshold -10" in content["headline"]
    verdicts = {one["name"]: one["verdict"] for one in content["results"]}
    assert verdicts["elbo"] == "failed" and verdicts["holes"] == "passed"
    assert "failed: " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["nothing-there.onnx", "--data", "digits"], "nothing at"),
        (["{model}"], "--data"),
        (["{model}", "--data", "no-such-data"], "no-such-data"),
        (["{model}", "--data", "sprites"], "64"),
        (["{model}", "--data", "digits", "--second", "width"], "Choose one of"),
        (["{model}", "--data", "digits", "--max", "beauty=1"], "beauty"),
        (["{model}", "--data", "digits", "--ignore", "beauty"], "beauty"),
        (["{pickled}", "--data", "digits"], "--allow-code"),
    ],
)
def test_what_cannot_be_checked_says_why(words, says, data_folder, capsys):
    places = {"{model}": fixtures.load(MODEL).path, "{pickled}": fixtures.load("pythae-vae-custom-pickles").path}
    assert cli.main(["check", *(str(places.get(word, word)) for word in words)]) == COULD_NOT
    assert says in capsys.readouterr().err
    assert not (data_folder / "runs").exists() or not list((data_folder / "runs").iterdir())


def test_what_is_not_clear_names_the_option_that_settles_it(data_folder, capsys):
    """Two ranges fit this model as well; the line to type is in the message, and then there is a verdict."""
    words = ["check", str(fixtures.load("sklearn-mlp-onnx").path), "--data", "digits", "--out", str(data_folder)]
    assert cli.main(words) == COULD_NOT
    said = capsys.readouterr().err
    assert "not clear" in said and "--input unit" in said and "symmetric" in said
    assert cli.main([*words, "--input", "unit"]) in (PASSED, FAILED)
    content = json.loads((data_folder / "report.json").read_text())
    assert content["detected"]["input"] == {
        "value": "unit",
        "margin": None,
        "confirmed_by": "you",
        "asked": False,
    }
    assert (data_folder / "report.html").is_file()
    assert cli.main([*words, "--accept"]) in (PASSED, FAILED)
    detected = json.loads((data_folder / "report.json").read_text())["detected"]["input"]
    assert detected["asked"] and detected["confirmed_by"] != "you" and detected["margin"] < 1.3


def test_own_file_is_kept_once_and_the_run_is_replaced(data_folder, tmp_path, capsys):
    digits = data.load("digits", "train", n=400)
    np.savez(tmp_path / "mine.npz", images=digits.images, labels=digits.labels)
    words = ["open", str(fixtures.load("sklearn-pca-onnx").path), "--data", str(tmp_path / "mine.npz"), "--no-app"]
    for _ in range(2):
        assert cli.main(words) == 0
    assert [source.about.name for source in own.every(data_folder)] == ["mine"]
    (run,) = [runs.Run(path) for path in (data_folder / "runs").iterdir()]
    assert run.spec.data == "mine" and not run.spec.probabilistic and missing.of(run.meta) == ("prior",)
    assert len(run.codes) == 320 and run.codes.labels is not None
    assert "The model takes" in capsys.readouterr().out


def test_trained_runs_are_never_replaced(data_folder, tmp_path, capsys):
    shutil.copytree(runs.shipped() / "digits-vae-2d", data_folder / "runs" / "mine")
    words = ["open", str(fixtures.load(MODEL).path), "--data", "digits", "--name", "mine", "--no-app"]
    assert cli.main(words) == COULD_NOT
    assert "was trained here" in capsys.readouterr().err


def test_half_a_model_opens_and_says_what_is_missing(data_folder, tmp_path):
    """A decoder alone shows draws from the prior, each decoded by it; an encoder alone shows codes."""
    fixture = fixtures.load("onnx-pair-legacy")
    for role in ("encoder", "decoder"):
        (tmp_path / role).mkdir()
        shutil.copy(fixture.path / f"{role}.onnx", tmp_path / role / f"{role}-alone.onnx")
        assert cli.main(["open", str(tmp_path / role / f"{role}-alone.onnx"), "--no-app"]) == 0
    lone = runs.Run(data_folder / "runs" / "decoder-alone")
    assert missing.of(lone.meta) == ("encoder", "data")
    assert "draws from N(0, I)" in missing.sentences(lone.meta, "Explore")[0]
    assert abs(lone.codes.means.mean()) < 0.1 and abs(lone.codes.means.std() - 1) < 0.1
    with torch.no_grad():
        made = load_model(lone).decode(fixture.tensor("z")).mean
    assert fixtures.distance(torch.logit(made.double(), 1e-12), fixture.reference["decoded"]) < 1e-3
    coded = runs.Run(data_folder / "runs" / "encoder-alone")
    assert missing.of(coded.meta) == ("decoder", "data")


def test_codes_alone_open_as_a_map_and_are_not_checked(data_folder, tmp_path, capsys):
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "codes.npz", mean=rng.normal(size=(40, 3)), labels=np.arange(40) % 2)
    assert cli.main(["open", str(tmp_path / "codes.npz"), "--no-app"]) == 0
    run = runs.Run(data_folder / "runs" / "codes")
    assert run.codes.means.shape == (40, 3) and run.codes.labels.max() == 1 and missing.of(run.meta) == ("model",)
    assert "nothing is decoded" in missing.sentences(run.meta, "Explore")[0]
    assert cli.main(["open", str(tmp_path / "codes.npz"), "--no-app"]) == 0  # opened again, it is replaced
    assert cli.main(["check", str(tmp_path / "codes.npz"), "--data", "digits", "--name", "other"]) == COULD_NOT
    assert "codes without a model" in capsys.readouterr().err
    assert [path.name for path in (data_folder / "runs").iterdir()] == ["codes"]
