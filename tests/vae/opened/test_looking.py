"""A model that a visitor brings is looked at and opened by a process with limits, which answers in JSON."""

import shutil
import time
from pathlib import Path

import foreign
import numpy as np
import pytest
import torch

from vae import data, runs
from vae.data import sandbox
from vae.opened import brought_model, missing
from vae.runs.load import load_model

ABOUT = {"title": "Mine", "owner": "somebody"}


def brought(path: Path, root: Path) -> brought_model.IncomingModel:
    """Return a model's files as the page takes them."""
    files = [path] if path.is_file() else [file for file in path.iterdir() if file.suffix not in (".npz", "")]
    return brought_model.bring([(f.name, f.read_bytes()) for f in files if f.name != "fixture.json"], root)


def done(work):
    """Return a piece of work that has ended."""
    while not work.done:
        time.sleep(0.02)
    return work


def test_an_opened_model_gives_its_librarys_numbers(data_folder):
    """Weights beside the graph, and data in a file that is kept as own data first."""
    fixture = foreign.load("onnx-external-data")
    x = fixture.reference["x"].reshape(-1, 28, 28)
    file = data_folder / "mine.npz"
    np.savez(file, images=np.round(np.repeat(x, 4, 0) * 255).astype(np.uint8))
    made = brought(fixture.path, data_folder)
    asked = {"file": str(file), "chosen": {}}
    looked = done(made.look(asked, {}, {}))
    assert not looked.error and looked.value["latents"] == 2 and len(looked.value["redrawn"]) == 5
    seen = []
    opened = done(made.open("mine", asked, ABOUT, {"input": "unit"}, {}, seen.append))
    assert not opened.error and all(size > 0 for size in seen)
    run = runs.Run(runs.user_runs() / opened.value)
    assert run.title == "Mine" and missing.of(run.meta) == () and data.describe("mine").shape == (1, 28, 28)
    model = load_model(run)
    with torch.no_grad():
        q, p = model.encode(fixture.tensor("x").reshape(-1, 1, 28, 28)), model.decode(fixture.tensor("z"))
    assert foreign.distance(q.mean, fixture.reference["mu"]) < 1e-5
    assert foreign.distance(q.stddev.log() * 2, fixture.second) < 1e-5
    assert foreign.distance(p.mean, 1 / (1 + np.exp(-fixture.reference["decoded"].astype(np.float64)))) < 1e-5
    made.forget()
    assert not made.folder.exists()


def test_errors_and_choices_come_back_as_they_are(data_folder, tmp_path):
    refused = done(brought(foreign.load("torchscript").path, data_folder).look({}, {}, {}))
    assert "own machine" in refused.error and "--allow-code" in refused.error
    asked = brought(_perceptrons(tmp_path / "weights.pt"), data_folder)
    choice = done(asked.look({}, {}, {})).value["choice"]
    assert choice["option"] == "final" and "sigmoid" in choice["candidates"]
    looked = done(asked.look({}, {}, {"final": "sigmoid", "activation": "relu"}))
    assert not looked.error and looked.value["latents"] == 2


def _perceptrons(path: Path) -> Path:
    sizes = {"encoder.0": (8, 6), "fc_mu": (2, 8), "fc_logvar": (2, 8), "decoder.0": (8, 2), "decoder.2": (6, 8)}
    weights = {f"{name}.weight": torch.zeros(shape) for name, shape in sizes.items()}
    torch.save(weights | {f"{name}.bias": torch.zeros(shape[0]) for name, shape in sizes.items()}, path)
    return path


@pytest.mark.parametrize("half", ["encoder", "decoder"])
def test_half_a_model_is_opened_too(half, data_folder, tmp_path):
    shutil.copy(foreign.load("onnx-pair-legacy").path / f"{half}.onnx", tmp_path)
    made = brought(tmp_path / f"{half}.onnx", data_folder)
    opened = done(made.open("half", {}, ABOUT, {}, {}, lambda more: None))
    assert not opened.error
    other = "decoder" if half == "encoder" else "encoder"
    assert missing.of(runs.Run(runs.user_runs() / opened.value).meta) == (other, "data")


def test_what_breaks_the_limits_is_a_sentence(data_folder, monkeypatch):
    monkeypatch.setattr(brought_model, "LOOKING", sandbox.Limits(seconds=0.2))
    looked = done(brought(foreign.load("onnx-pair-legacy").path, data_folder).look({}, {}, {}))
    assert "took more than 0.2 seconds" in looked.error


def test_codes_alone_are_opened_as_a_map(data_folder, tmp_path):
    codes = np.random.default_rng(0).normal(size=(30, 2))
    np.savez(tmp_path / "mine.npz", mean=codes, labels=np.arange(30) % 3)
    made = brought(tmp_path / "mine.npz", data_folder)
    looked = done(made.look({}, {}, {}))
    assert not looked.error and looked.value["missing"] == ["model"] and looked.value["latents"] == 2
    opened = done(made.open("mine", {}, ABOUT, {}, {}, lambda more: None))
    run = runs.Run(runs.user_runs() / opened.value)
    np.testing.assert_allclose(run.codes.means, codes, rtol=1e-6)
    assert run.title == "Mine" and run.meta["owner"] == "somebody" and missing.of(run.meta) == ("model",)
    np.savez(tmp_path / "images.npz", images=np.zeros((4, 9, 9), np.uint8))
    refused = done(brought(tmp_path / "images.npz", data_folder).look({}, {}, {}))
    assert "holds no array of codes" in refused.error
