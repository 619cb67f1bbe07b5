"""A model is read by a process with limits, and comes back as numbers and shapes alone."""

import json
from pathlib import Path

import foreign
import numpy as np
import pytest

from vae.opened import opening, sandbox
from vae.opened.errors import ChoiceNeededError, OpenError


@pytest.mark.parametrize("name", ["onnx-external-data", "diffusers-autoencoderkl"])
def test_a_model_comes_back_as_it_was_read(name, tmp_path: Path):
    fixture = foreign.load(name)
    made, expected = sandbox.read(fixture.path, tmp_path), opening.read(fixture.path)
    assert {**made.__dict__, "encoder": 0, "decoder": 0} == {**expected.__dict__, "encoder": 0, "decoder": 0}
    for role in ("encoder", "decoder"):
        found, wanted = getattr(made, role), getattr(expected, role)
        assert json.dumps(found.layers) == json.dumps(wanted.layers)
        assert all(np.array_equal(found.weights[key], value) for key, value in wanted.weights.items())
    assert foreign.distance(made.decode(fixture.tensor("z")), fixture.reference["decoded"]) < 1e-5


def test_errors_and_choices_come_back_as_they_are(tmp_path: Path):
    (tmp_path / "one").mkdir()
    with pytest.raises(OpenError, match="own machine"):
        sandbox.read(foreign.load("torchscript").path, tmp_path / "one")
    (tmp_path / "two").mkdir()
    with pytest.raises(ChoiceNeededError, match="final") as caught:
        sandbox.read(_perceptrons(tmp_path / "weights.pt"), tmp_path / "two")
    assert caught.value.option == "final" and "sigmoid" in caught.value.candidates


def _perceptrons(path: Path) -> Path:
    import torch

    sizes = {"encoder.0": (8, 6), "fc_mu": (2, 8), "fc_logvar": (2, 8), "decoder.0": (8, 2), "decoder.2": (6, 8)}
    weights = {f"{name}.weight": torch.zeros(shape) for name, shape in sizes.items()}
    torch.save(weights | {f"{name}.bias": torch.zeros(shape[0]) for name, shape in sizes.items()}, path)
    return path


def test_what_is_handed_over_is_checked(tmp_path: Path):
    made = opening.read(foreign.load("onnx-pair-legacy").path)
    sandbox.kept(made, tmp_path)
    facts = json.loads((tmp_path / sandbox.FACTS).read_text())
    facts["decoder"]["layers"][0]["out"] = 10**9
    (tmp_path / sandbox.FACTS).write_text(json.dumps(facts))
    with pytest.raises(OpenError):
        sandbox.restored(tmp_path)


@pytest.mark.parametrize("half", ["encoder", "decoder"])
def test_half_a_model_is_run_once_too(half, tmp_path: Path):
    (tmp_path / f"{half}.onnx").write_bytes((foreign.load("onnx-pair-legacy").path / f"{half}.onnx").read_bytes())
    made = opening.read(tmp_path / f"{half}.onnx")
    sandbox.tried(made)
    sandbox.kept(made, tmp_path)
    back = sandbox.restored(tmp_path)
    assert (back.encoder is None) == (half == "decoder") and (back.decoder is None) == (half == "encoder")
    assert back.d == 2 and f"{half} alone" in back.notes[0]
