"""The map of a notebook as a Python object: its codes, what can be set, and what is said of what does not fit."""

import json
import sys
import zlib

import foreign
import numpy as np
import pytest
import torch
import traitlets
from fake_runs import SMALL, complete, make_run

import vae
from vae import data
from vae.opened.errors import OpenError
from vae.runs import RunError


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return complete(make_run(tmp_path_factory.mktemp("runs"), "mine", latent=3, **SMALL))


def header(view):
    return json.loads(view.content[4 : 4 + int.from_bytes(view.content[:4], "little")])


def pictures(view):
    """Return the images [N, 8, 8] that a view holds."""
    head = header(view)
    offset, size = head["sections"]["images"]
    start = 4 + int.from_bytes(view.content[:4], "little") + offset
    return np.frombuffer(zlib.decompress(view.content[start : start + size]), np.uint8).reshape(-1, 8, 8)


def test_codes_are_the_runs_own_or_those_of_given_examples(run):
    own = vae.explore(run)
    np.testing.assert_array_equal(own.codes, run.codes.means)
    assert header(own)["half"] == [] and header(own)["map"]["latent"] == 3
    model = vae.load(run)
    found = data.load("digits", "test")
    x = found.images[:40]
    mine = vae.explore(model, x, found.labels[:40], plane="pca")
    np.testing.assert_allclose(mine.codes, model.encode(x).mean, atol=1e-6)
    shown = header(mine)
    assert {"images", "labels", "weights"} <= set(shown["sections"])
    assert shown["map"]["plane"]["titles"][0].startswith("PC 1")
    assert pictures(mine).max() == 255 and pictures(mine).shape[0] == 40
    by_name = vae.explore(model, "digits")
    assert len(by_name.codes) == len(found) and header(by_name)["map"]["classes"][3] == [3, "3"]
    floats = vae.explore(model, x / np.float32(255))
    assert floats.codes.shape == (40, 3) and "images" in header(floats)["sections"]
    assert "images" not in header(vae.explore(model, x.astype(np.float32)))["sections"]  # 0 to 16 are no shares


def test_point_and_selection_can_be_set_and_are_checked(run):
    view = vae.explore(run)
    seen = []
    view.observe(lambda change: seen.append(change["new"]), "z")
    assert view.z is None and view.selection.size == 0
    view.z = [1, 2.5, -3]
    view.selection = [7, 3, 3]
    assert view.z == [1.0, 2.5, -3.0] == seen[0]
    np.testing.assert_array_equal(view.selection, [3, 7])
    view.selection = None
    assert view.selection.size == 0 and view.chosen is None
    for wrong in ([1.0], [1, 2, float("nan")]):
        with pytest.raises(traitlets.TraitError, match="3 finite numbers"):
            view.z = wrong
    for wrong in ([-1], [len(run.codes)]):
        with pytest.raises(ValueError, match="codes 0 to 499"):
            view.selection = wrong


def test_what_does_not_fit_is_named(run, monkeypatch):
    with pytest.raises(data.DataError, match="give one for each"):
        vae.explore(run, np.zeros((4, 1, 8, 8)), [1, 2])
    with pytest.raises(data.DataError, match="takes x of shape"):
        vae.explore(run, np.zeros((4, 9, 9)))
    with pytest.raises(RunError, match="two different dimensions"):
        vae.explore(run, plane="4,5")
    monkeypatch.setitem(sys.modules, "anywidget", None)
    monkeypatch.delitem(sys.modules, "vae.page.widget", raising=False)
    with pytest.raises(RunError, match=r"pip install 'latent-space-explorer\[notebook\]'"):
        vae.explore(run)


@pytest.fixture
def own(data_folder):
    """Some digits as arrays, and a data folder of the test's own."""
    found = data.load("digits", "train", n=200)
    return found.images, found.labels


@pytest.mark.parametrize("name", ["onnx-single-legacy", "pythae-ae-digits", "torch-export-pt2", "pth-examples-vae"])
def test_models_of_other_libraries_are_opened_with_data(name, data_folder):
    """Any file is opened as by `vae open`: its own codes of the given images are on the map, which decodes."""
    fixture = foreign.load(name)
    x = fixture.reference["x"].reshape(16, 1, *[8 if "digits" in name else 28] * 2)
    images = np.round(255 * np.repeat(x, 5, 0)).astype(np.uint8)
    view = vae.explore(
        fixture.path, images, allow_code=name in foreign.CODE, input="unit",
        output="logits" if "logits" in fixture.facts["decoder"] else "unit", likelihood="bernoulli",
    )  # fmt: skip
    assert view.codes.shape == (64, int(np.prod(fixture.facts["latent"]))) and "weights" in header(view)["sections"]
    nearest = np.abs(view.codes[:, None] - fixture.reference["mu"][None]).max(2).min(1)
    assert nearest.max() < 0.05 * np.abs(fixture.reference["mu"]).max()
    assert "images" in header(view)["sections"]


class Linear:
    """What a person writes in a notebook: two calls and a shape."""

    shape = (1, 8, 8)

    def __init__(self):
        rng = np.random.default_rng(0)
        self.weight = torch.from_numpy(rng.normal(0, 0.1, (64, 2)).astype(np.float32))

    def encode(self, x):
        return x.flatten(1) @ self.weight

    def decode(self, z):
        return torch.sigmoid(z @ self.weight.T).reshape(-1, 1, 8, 8)


def test_an_object_is_opened_with_data_that_are_kept_once(own):
    model = Linear()
    said = {"input": "unit", "output": "unit", "likelihood": "bernoulli"}
    view = vae.explore(model, *own, **said)
    kept = data.load("data", "test")
    x = torch.from_numpy(kept.images.astype(np.float32) / kept.levels)
    np.testing.assert_allclose(view.codes, model.encode(x), atol=1e-5)
    assert header(view)["map"]["classes"][3] == [3, "3"]
    vae.explore(model, *own, **said)
    assert [source.about.name for source in data.own.every()] == ["data"]


def test_codes_alone_are_a_map_of_their_own_numbers(data_folder):
    rng = np.random.default_rng(0)
    codes, labels = rng.normal(size=(50, 3)), np.arange(50) % 4
    view = vae.explore(codes, labels=labels)
    np.testing.assert_allclose(view.codes, codes, rtol=1e-6)
    assert header(view)["map"]["classes"][3] == [3, "3"] and header(view)["card"]["layers"][0]["kind"] == "affine"
    np.savez(data_folder / "mine.npz", mean=codes, log_variance=np.zeros((50, 3)))
    np.testing.assert_allclose(vae.explore(data_folder / "mine.npz").codes, codes, rtol=1e-6)
    np.testing.assert_allclose(vae.explore("mine").codes, codes, rtol=1e-6)


def test_what_cannot_be_opened_says_what_to_give(own, data_folder):
    with pytest.raises(OpenError, match=r"--allow-code"):
        vae.explore(foreign.load("torchscript").path, *own)
    with pytest.raises(OpenError, match="no encode and decode"):
        vae.explore(object(), *own)
    with pytest.raises(RunError, match="nowhere"):
        vae.explore("nowhere", *own)
