"""Exported models, opened again by other programs: the same numbers, any batch, and no path of this machine."""

import json
import os
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from fake_runs import SMALL, complete, make_run

from vae import runs
from vae.answers import formats
from vae.cli import main
from vae.runs.load import load_model

PRESETS = ["vae", "autoencoder", "sigma-vae", "full-covariance-vae", "cvae"]
BATCH = 5


@pytest.fixture(scope="module", params=PRESETS)
def run(request, tmp_path_factory):
    return complete(make_run(tmp_path_factory.mktemp("runs"), "mine", request.param, latent=3, **SMALL))


def reference(run):
    """Return x, z, labels (None for a model without), and the model's mean, log variance (or None) and decoded mean."""
    generator = torch.Generator().manual_seed(1)
    x = torch.rand(BATCH, *run.spec.shape, generator=generator)
    z = torch.randn(BATCH, run.spec.latent, generator=generator)
    labels = torch.arange(BATCH) if run.spec.labels else None
    model = load_model(run).given(labels)
    with torch.no_grad():
        q = model.encode(x)
        second = 2 * q.stddev.log() if run.spec.probabilistic else None
        return x, z, labels, q.mean, second, model.decode(z).mean


def places():
    """Return the bytes of folders of this machine that a file must not name."""
    here = Path(__file__).resolve()
    found = {sys.prefix, sys.base_prefix, str(here.parents[3]), os.path.expanduser("~"), str(Path.cwd())}
    return [place.encode() for place in found if len(place) > 1] + [b"site-packages", b'.py"']


def check_places(made):
    for name, content in made.items():
        for place in places():
            assert place not in content, (name, place)


def test_onnx_gives_the_same_numbers_in_onnxruntime(run, tmp_path):
    made = formats.files(run.path, "onnx")
    check_places(made)
    x, z, labels, mean, second, decoded = reference(run)
    told = {} if labels is None else {"labels": labels.numpy()}
    encoder, decoder = (onnxruntime.InferenceSession(made[f"{name}.onnx"]) for name in ("encoder", "decoder"))
    found = encoder.run(None, {"x": x.numpy(), **told})
    assert [output.name for output in encoder.get_outputs()] == ["mean", "log_variance"][: len(found)]
    np.testing.assert_allclose(found[0], mean, atol=1e-5)
    assert (second is None) == (len(found) == 1)
    if second is not None:
        np.testing.assert_allclose(found[1], second, atol=1e-5)
    np.testing.assert_allclose(decoder.run(None, {"z": z.numpy(), **told})[0], decoded, atol=1e-5)
    one = decoder.run(None, {"z": z.numpy()[:1], **{name: values[:1] for name, values in told.items()}})[0]
    np.testing.assert_allclose(one, decoded[:1], atol=1e-5)
    assert json.loads(made["about.json"])["spec"]["latent"] == 3


def test_exported_programs_give_the_same_numbers(run, tmp_path):
    made = formats.files(run.path, "pt2")
    check_places(made)
    x, z, labels, mean, second, decoded = reference(run)
    told = () if labels is None else (labels,)
    for name, content in made.items():
        (tmp_path / name).write_bytes(content)
    encoder, decoder = (torch.export.load(tmp_path / f"{name}.pt2").module() for name in ("encoder", "decoder"))
    with torch.no_grad():
        found = encoder(x, *told)
        torch.testing.assert_close(found[0], mean, atol=1e-6, rtol=0)
        if second is not None:
            torch.testing.assert_close(found[1], second, atol=1e-6, rtol=0)
        torch.testing.assert_close(decoder(z, *told), decoded, atol=1e-6, rtol=0)


def test_weights_and_spec_are_a_run_again(run, tmp_path):
    folder = tmp_path / "again"
    folder.mkdir()
    made = formats.files(run.path, "safetensors")
    check_places(made)
    for name, content in made.items():
        (folder / name).write_bytes(content)
    for one, other in zip(reference(run), reference(runs.Run(folder)), strict=True):
        assert (one is None and other is None) or torch.equal(one, other)


def test_command_writes_into_a_folder_of_the_name(data_folder, capsys, monkeypatch):
    monkeypatch.chdir(data_folder)
    assert main(["export", "digits-vae-2d", "--safetensors"]) == 0
    assert sorted(p.name for p in (data_folder / "digits-vae-2d-safetensors").iterdir()) == [
        "model.safetensors",
        "spec.json",
    ]
    assert main(["export", "digits-vae-2d"]) == 2
    assert "--tensorboard, --onnx, --pt2, --safetensors" in capsys.readouterr().err


def test_what_is_missing_is_named_with_its_line(monkeypatch, tmp_path):
    monkeypatch.setattr(formats, "find_spec", lambda name: None)
    with pytest.raises(runs.RunError, match=r"pip install 'latent-space-explorer\[onnx\]'"):
        formats.files(make_run(tmp_path, "mine", **SMALL).path, "onnx")
